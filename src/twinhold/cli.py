"""The command `twinhold`."""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec

from twinhold import (
    __version__,
    client,
    exchange_commands,
    maintenance_commands,
    model_commands,
    settings,
)
from twinhold.backup import BackupError
from twinhold.blobs import BlobsError
from twinhold.reach import reaching
from twinhold.registry.errors import RegistryError
from twinhold.settings import SettingsError
from twinhold.store import StoreError

_FAILED = 1
_TOLD = (
    BackupError,
    BlobsError,
    RegistryError,
    SettingsError,
    StoreError,
    client.ServerError,
)
"""What is told in a sentence."""
_THROUGH = "Goes through the server that runs on the data directory, or opens the directory itself."
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
_Formatter = partial(argparse.HelpFormatter, width=100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answer its exit code."""
    flags = _parser().parse_args(arguments)
    try:
        code: int | None = flags.run(flags)
    except _TOLD as error:
        sys.stderr.write(f"twinhold: {error}\n")
        return _FAILED
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

    account = _group(commands, "account", "make accounts")
    create = account.add_parser(
        "create",
        formatter_class=_Formatter,
        help="make an account",
        description="Make an account with its role, user and secret, and print them as JSON. "
        + _THROUGH,
    )
    create.add_argument("name", metavar="NAME", help="the account's name")
    _add_registry_options(create)
    create.set_defaults(run=_create_account)

    keys = _group(commands, "keys", "the registry's own keys")
    rotate = keys.add_parser(
        "rotate",
        formatter_class=_Formatter,
        help="sign tokens with a new key",
        description="Sign tokens with a new key from now on; valid tokens stay valid. " + _THROUGH,
    )
    _add_registry_options(rotate)
    rotate.set_defaults(run=_rotate_keys)
    _add_models(_group(commands, "models", "check, load, list and delete models"))
    _add_exchange(commands)
    _add_maintenance(commands)
    return parser


def _add_models(group: Commands) -> None:
    validate = group.add_parser(
        "validate",
        formatter_class=_Formatter,
        help="check model files",
        description="Check DTDL files, and the .json and .jsonld files in folders, as one set. "
        "Prints file:line:column: code: sentence, and needs no registry.",
    )
    _add_paths(validate)
    validate.set_defaults(run=model_commands.validate)

    load = group.add_parser(
        "load",
        formatter_class=_Formatter,
        help="load model files into an account",
        description="Check DTDL files and load them, all or none, in any order; models that the "
        "account has already are left as they are. " + _THROUGH,
    )
    _add_paths(load)
    _add_account_options(load)
    load.set_defaults(run=model_commands.load)

    listing = group.add_parser(
        "list",
        formatter_class=_Formatter,
        help="list the models of an account",
        description="List ids and names of models. " + _THROUGH,
    )
    _add_account_options(listing)
    listing.set_defaults(run=model_commands.list_all)

    delete = group.add_parser(
        "delete",
        formatter_class=_Formatter,
        help="delete a model",
        description="Delete a model that no other model depends on. " + _THROUGH,
    )
    delete.add_argument("dtmi", metavar="DTMI", help="the model's id")
    _add_account_options(delete)
    delete.set_defaults(run=model_commands.delete)


def _add_exchange(commands: Commands) -> None:
    importing = commands.add_parser(
        "import",
        formatter_class=_Formatter,
        help="load models, twins and relationships from a file",
        description="Load models, twins and relationships from a file of JSON lines, as Azure "
        "Digital Twins imports them and twinhold export writes them. Everything is checked against "
        "the models. Models come as one set, all or none, and those that the account has are left "
        "as they are; twins and relationships are made or replaced. Bad lines are reported on "
        "standard error and left out, and the exit code is 1. When it is interrupted, the same "
        "command goes on where it stopped. " + _THROUGH,
    )
    importing.add_argument("file", type=Path, metavar="FILE", help="the file, ending in .ndjson")
    importing.add_argument(
        "--strict",
        action="store_true",
        help="check the whole file first, and store nothing when any line is bad",
    )
    _add_account_options(importing)
    importing.set_defaults(run=exchange_commands.import_file)

    exporting = commands.add_parser(
        "export",
        formatter_class=_Formatter,
        help="write models, twins and relationships to a file",
        description="Write all models, the twins that have a model and are not terminated, and the "
        "relationships between them as JSON lines, in an order that depends on nothing else. "
        + _THROUGH,
    )
    exporting.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="where to write; the standard output when it is - or not given",
    )
    _add_account_options(exporting)
    exporting.set_defaults(run=exchange_commands.export_file)


def _add_maintenance(commands: Commands) -> None:
    backing_up = commands.add_parser(
        "backup",
        formatter_class=_Formatter,
        help="back up the registry to a new folder",
        description="Back up a registry on SQLite, whether a server runs on it or not: the "
        "database as it is at one moment, every file that it refers to, and the operator's "
        "credentials. Nobody waits for it. The exit code is 1 when files are missing in the "
        "registry.",
    )
    backing_up.add_argument(
        "destination", type=Path, metavar="FOLDER", help="the folder, which is made"
    )
    _add_place_options(backing_up)
    backing_up.set_defaults(run=maintenance_commands.back_up)

    restoring = commands.add_parser(
        "restore",
        formatter_class=_Formatter,
        help="restore a backup into a new data directory",
        description="Restore a backup into a data directory that is new or empty. Every file is "
        "compared with its digest on the way, and nothing is there before all of it is.",
    )
    restoring.add_argument("source", type=Path, metavar="FOLDER", help="the backup")
    _add_place_options(restoring)
    restoring.set_defaults(run=maintenance_commands.bring_back)

    doctor = commands.add_parser(
        "doctor",
        formatter_class=_Formatter,
        help="say what is wrong with the registry, if anything",
        description="Examine a registry, whether a server runs on it or not, and print a sentence "
        "for each thing that is wrong. Nothing is changed. The exit code is 1 when anything is "
        "wrong. A backup is examined by --data FOLDER.",
    )
    doctor.add_argument(
        "--read-files",
        action="store_true",
        help="read every file to its end and compare its SHA-256; else only its size is compared",
    )
    _add_place_options(doctor)
    doctor.set_defaults(run=maintenance_commands.examine)


def _add_place_options(parser: argparse.ArgumentParser) -> None:
    settings.add_store_options(parser)
    settings.add_blobs_option(parser)


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or folder")


def _add_account_options(parser: argparse.ArgumentParser) -> None:
    _add_registry_options(parser)
    parser.add_argument(
        "--account",
        metavar="UUID",
        help="the account, when no server is asked [default the operator's]",
    )


def _group(commands: Commands, name: str, summary: str) -> Commands:
    """A command that only has commands below it."""
    group = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    return group.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _add_registry_options(parser: argparse.ArgumentParser) -> None:
    settings.add_store_options(parser)
    parser.add_argument("--url", help="the server to ask [TWINHOLD_URL; default the one in --data]")
    parser.add_argument(
        "--secret", help="the operator's secret [TWINHOLD_SECRET; default likewise]"
    )


def _serve(flags: argparse.Namespace) -> None:
    # The server's imports are the slowest part of the command: the others start without them.
    from twinhold import server  # noqa: PLC0415

    server.serve(settings.read(flags))


def _create_account(flags: argparse.Namespace) -> None:
    with reaching(settings.read(flags), flags.url, flags.secret) as registry:
        made = registry.create_account(flags.name)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")


def _rotate_keys(flags: argparse.Namespace) -> None:
    with reaching(settings.read(flags), flags.url, flags.secret) as registry:
        count = registry.rotate_keys()
    sys.stdout.write(f"Tokens are signed with a new key; {count} keys verify them.\n")
