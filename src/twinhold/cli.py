"""The command `twinhold`."""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence

from twinhold import __version__, settings
from twinhold.blobs import BlobsError
from twinhold.commands import accounts, client, exchange, maintenance, models
from twinhold.commands.backup import BackupError
from twinhold.commands.options import FAILED, Commands, Formatter
from twinhold.registry.errors import RegistryError
from twinhold.settings import SettingsError
from twinhold.store import StoreError

_TOLD = (
    BackupError,
    BlobsError,
    RegistryError,
    SettingsError,
    StoreError,
    client.ServerError,
)
"""What is told in a sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answer its exit code."""
    flags = _parser().parse_args(arguments)
    try:
        code: int | None = flags.run(flags)
    except _TOLD as error:
        sys.stderr.write(f"twinhold: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        return 128 + 2
    return code or 0


def help_of(commands: Sequence[str]) -> list[str]:
    """The help of a command, as lines of at most 100 columns; for the reference."""
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        _parser().parse_args([*commands, "--help"])
    return shown.getvalue().rstrip().split("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinhold",
        formatter_class=Formatter,
        description="A self-hosted digital twin registry. Start with: twinhold serve",
        epilog="Every option can also be set by the environment variable shown with it.",
    )
    parser.add_argument("--version", action="version", version=f"twinhold {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    for group in (accounts, models, exchange, maintenance):
        group.add_to(commands)
    return parser


def _add_serve(commands: Commands) -> None:
    serve = commands.add_parser(
        "serve",
        formatter_class=Formatter,
        help="start the registry",
        description="Start the registry; the first start makes an account and prints how to enter.",
    )
    settings.add_server_options(serve)
    serve.set_defaults(run=_serve)


def _serve(flags: argparse.Namespace) -> None:
    # The server's imports are the slowest part of the command: the others start without them.
    from twinhold import server  # noqa: PLC0415

    server.serve(settings.read(flags))
