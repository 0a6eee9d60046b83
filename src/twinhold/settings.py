"""What the operator can set: every option is a flag and an environment variable.

A flag wins over its variable, a variable over the default.
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

DEFAULT_PORT = 8000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server runs.

    Attributes:
        data: the data directory; holds the SQLite file and the first credentials.
        database: a PostgreSQL address; None means SQLite in the data directory.
        workers: processes that serve; more than one only on PostgreSQL.
        blobs: where files are kept, s3://bucket/prefix or a folder; None: in the data directory.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    data: Path = Path("twinhold-data")
    database: str | None = None
    workers: int = 1
    blobs: str | None = None


DEFAULTS = Settings()


class SettingsError(Exception):
    """A setting that cannot be; the text is for the operator."""


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """The options that say where the registry is kept."""
    _option(parser, "--data", Path, DEFAULTS.data, "data directory")
    _option(parser, "--database", str, None, "PostgreSQL address (postgresql://...); else SQLite")


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """The options of a server."""
    _option(parser, "--host", str, DEFAULTS.host, "address to listen on")
    _option(parser, "--port", int, DEFAULTS.port, "port to listen on; 0 takes a free one")
    add_store_options(parser)
    _option(parser, "--workers", int, DEFAULTS.workers, "processes that serve (PostgreSQL only)")
    add_blobs_option(parser)


def add_blobs_option(parser: argparse.ArgumentParser) -> None:
    """The option that says where files are kept."""
    _option(
        parser,
        "--blobs",
        str,
        None,
        "s3://bucket/prefix or folder for files; else in the data directory",
    )


def _option(
    parser: argparse.ArgumentParser, flag: str, type_: type, default: object, summary: str
) -> None:
    variable = f"TWINHOLD_{flag[2:].upper()}"
    shown = "" if default is None else f"; default {default}"
    parser.add_argument(
        flag,
        type=type_,
        default=argparse.SUPPRESS,
        metavar=flag[2:].upper(),
        help=f"{summary} [{variable}{shown}]",
    )


def read(flags: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a command line and its environment.

    Raises:
        SettingsError: a value is malformed or does not go with another.
    """
    chosen: dict[str, object] = {}
    for name, type_ in (
        ("host", str),
        ("port", int),
        ("data", Path),
        ("database", str),
        ("workers", int),
        ("blobs", str),
    ):
        text = environment.get(f"TWINHOLD_{name.upper()}")
        if name in flags:
            chosen[name] = getattr(flags, name)
        elif text:
            chosen[name] = _converted(name, type_, text)
    settings = Settings(**chosen)  # type: ignore[arg-type]
    _check(settings)
    return settings


def _converted(name: str, type_: type, text: str) -> object:
    try:
        return type_(text)
    except ValueError:
        raise SettingsError(
            f"TWINHOLD_{name.upper()} must be a {type_.__name__}, not {text!r}."
        ) from None


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65_535:
        raise SettingsError(f"The port must be 0 to 65535, not {settings.port}.")
    if settings.workers < 1:
        raise SettingsError(f"There must be at least 1 worker, not {settings.workers}.")
    if settings.workers > 1 and not settings.database:
        raise SettingsError(
            "Several workers need PostgreSQL: add --database postgresql://..., or use 1 worker."
        )
    scheme = (settings.database or "postgresql").partition(":")[0]
    if scheme not in {"postgresql", "postgres"}:
        raise SettingsError(f"The database must be a postgresql:// address, not {scheme}:...")
