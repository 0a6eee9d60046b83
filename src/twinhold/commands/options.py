"""What the commands have in common: options, and the registry that they name."""

import argparse
import contextlib
from functools import partial
from pathlib import Path
from typing import TypeAlias

from twinhold import settings
from twinhold.commands.reach import Reached, reaching
from twinhold.registry import ids

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
Formatter = partial(argparse.HelpFormatter, width=100)

FAILED = 1
"""The exit code of a command that did not do all that it was asked."""

THROUGH = "Goes through the server that runs on the data directory, or opens the directory itself."


def group(commands: Commands, name: str, summary: str) -> Commands:
    """A command that only has commands below it."""
    parser = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    return parser.add_subparsers(title="commands", required=True, metavar="COMMAND")


def add_registry_options(parser: argparse.ArgumentParser) -> None:
    """Where the registry is, for a command that goes through its server if one runs."""
    settings.add_store_options(parser)
    parser.add_argument("--url", help="the server to ask [TWINHOLD_URL; default the one in --data]")
    parser.add_argument(
        "--secret", help="the operator's secret [TWINHOLD_SECRET; default likewise]"
    )


def add_account_options(parser: argparse.ArgumentParser) -> None:
    """Where the registry is, and which account is meant."""
    add_registry_options(parser)
    parser.add_argument(
        "--account",
        metavar="UUID",
        help="the account, when no server is asked [default the operator's]",
    )


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Where the registry and its files are, for a command that works on the store itself."""
    settings.add_store_options(parser)
    settings.add_blobs_option(parser)


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Files and folders that a command reads."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or folder")


def reached(flags: argparse.Namespace) -> contextlib.AbstractContextManager[Reached]:
    """The registry that the options name, as the account that they name, if any."""
    account = getattr(flags, "account", None)
    if account is not None:
        account = ids.parse_uuid(account, "account")
    return reaching(settings.read(flags), flags.url, flags.secret, account)


def counted(count: int, noun: str) -> str:
    """A number and what it counts, in words for a person."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
