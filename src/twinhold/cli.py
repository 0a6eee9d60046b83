"""The command `twinhold`."""

import argparse
import asyncio
import contextlib
import io
import os
import sys
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from twinhold import __version__, client, credentials, first_start, settings
from twinhold.credentials import Credentials
from twinhold.registry import accounts
from twinhold.registry.errors import RegistryError
from twinhold.settings import Settings, SettingsError
from twinhold.store import StoreError, StoreInUseError, open_store
from twinhold.store.open import DirectoryLock

_FAILED = 1
_Formatter = partial(argparse.HelpFormatter, width=100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answer its exit code."""
    flags = _parser().parse_args(arguments)
    try:
        flags.run(flags)
    except (SettingsError, StoreError, RegistryError, client.ServerError) as error:
        sys.stderr.write(f"twinhold: {error}\n")
        return _FAILED
    except KeyboardInterrupt:
        return 128 + 2
    return 0


def help_of(commands: Sequence[str]) -> list[str]:
    """The help of a command, as lines of at most 100 columns; for the reference."""
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        _parser().parse_args([*commands, "--help"])
    return shown.getvalue().rstrip().split("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinhold",
        formatter_class=_Formatter,
        description="A self-hosted digital twin registry. Start with: twinhold serve",
        epilog="Every option can also be set by the environment variable shown with it.",
    )
    parser.add_argument("--version", action="version", version=f"twinhold {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        formatter_class=_Formatter,
        help="start the registry",
        description="Start the registry; the first start makes an account and prints how to enter.",
    )
    settings.add_server_options(serve)
    serve.set_defaults(run=_serve)

    account = commands.add_parser("account", help="make accounts", description="Make accounts.")
    actions = account.add_subparsers(title="commands", required=True, metavar="COMMAND")
    create = actions.add_parser(
        "create",
        formatter_class=_Formatter,
        help="make an account",
        description="Make an account with its role, user and secret, and print them as JSON. "
        "Goes through the server that runs on the data directory, or opens the directory itself.",
    )
    create.add_argument("name", metavar="NAME", help="the account's name")
    settings.add_store_options(create)
    create.add_argument("--url", help="the server to ask [TWINHOLD_URL; default the one in --data]")
    create.add_argument(
        "--secret", help="the operator's secret [TWINHOLD_SECRET; default likewise]"
    )
    create.set_defaults(run=_create_account)
    return parser


def _serve(flags: argparse.Namespace) -> None:
    # The server's imports are the slowest part of the command: the others start without them.
    from twinhold import server  # noqa: PLC0415

    server.serve(settings.read(flags))


def _create_account(flags: argparse.Namespace) -> None:
    chosen = settings.read(flags)
    url = flags.url or os.environ.get("TWINHOLD_URL")
    if url:
        made = _ask(chosen, url, flags.secret, flags.name)
    else:
        made = _create_in_directory(chosen, flags)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")


def _create_in_directory(chosen: Settings, flags: argparse.Namespace) -> Credentials:
    """Through the server that holds the directory, or without one directly."""
    try:
        lock = None if chosen.database else DirectoryLock(chosen.data)
    except StoreInUseError:
        known = credentials.read(chosen.data)
        if known is None:
            raise
        return _ask(chosen, known.url, flags.secret, flags.name)
    try:
        where = "the database" if chosen.database else str(chosen.data)
        sys.stderr.write(f"Opening {where} directly: no server runs on it.\n")
        return asyncio.run(_create_directly(chosen, flags.name))
    finally:
        if lock is not None:
            lock.release()


def _ask(chosen: Settings, url: str, secret: str | None, name: str) -> Credentials:
    known = credentials.read(chosen.data)
    secret = secret or os.environ.get("TWINHOLD_SECRET") or (known.secret if known else None)
    if not secret:
        raise SettingsError("No secret: give --secret, or --data with a credentials.json.")
    sys.stderr.write(f"Asking the server at {url}.\n")
    made = client.create_account(url, secret, name)
    return msgspec.convert(made | {"url": url}, Credentials)


async def _create_directly(chosen: Settings, name: str) -> Credentials:
    now = time.time_ns() // 1000
    url = f"http://{chosen.host}:{chosen.port}"
    store = await open_store(chosen.data, chosen.database)
    try:
        await first_start.ensure_account(store, chosen.data, url, now)
        made = await store.write(accounts.create, name, accounts.draft(), now, operator=False)
    finally:
        await store.close()
    return Credentials(url, made.account, made.user, made.role, made.secret)
