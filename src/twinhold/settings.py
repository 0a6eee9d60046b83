"""What the operator can set: every option is a flag and an environment variable.

A flag wins over its variable, a variable over the default.
"""

import argparse
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import msgspec

from twinhold.registry.validation import Validation

DEFAULT_PORT = 8000
_RATE = re.compile(r"([0-9]{1,9})/([0-9]{1,4})s")
_LONGEST_WINDOW = 3600


class RateLimit(msgspec.Struct, frozen=True):
    """How many requests a client may send in a window of time."""

    requests: int
    seconds: int


WILLOW_RATE = RateLimit(20, 10)
"""The limit of the vendor (spec/willow.md 1.3)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server runs.

    Attributes:
        data: the data directory; holds the SQLite file and the first credentials.
        database: a PostgreSQL address; None means SQLite in the data directory.
        workers: processes that serve; more than one only on PostgreSQL.
        blobs: where files are kept, s3://bucket/prefix or a folder; None: in the data directory.
        connections: that each process holds open at a time.
        patience: seconds for the head of a request, and for each next 4 KiB of its body, to arrive,
            and for a client to take more of an answer.
        keep_alive: seconds that a connection may idle between requests.
        rate_limit: of the Willow API, for each client; None: none.
        validation: how far twins and relationships must follow their models.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    data: Path = Path("twinhold-data")
    database: str | None = None
    workers: int = 1
    blobs: str | None = None
    connections: int = 10_000
    patience: int = 30
    keep_alive: int = 75
    rate_limit: RateLimit | None = None
    validation: Validation = "strict"


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
    _option(
        parser,
        "--validation",
        parse_validation,
        DEFAULTS.validation,
        "twins and relationships that do not follow their models are refused (strict), or kept, "
        "and told of in the log, the metrics and the answer (warn), or not looked for (off)",
    )


def add_blobs_option(parser: argparse.ArgumentParser) -> None:
    """The option that says where files are kept."""
    _option(
        parser,
        "--blobs",
        str,
        None,
        "s3://bucket/prefix or folder for files; else in the data directory",
    )
    _add_limits(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """The options that bound what clients may claim."""
    _option(
        parser,
        "--connections",
        int,
        DEFAULTS.connections,
        "connections of a process; beyond, new ones are answered 503",
    )
    _option(
        parser,
        "--patience",
        int,
        DEFAULTS.patience,
        "seconds for the head of a request, and each next 4 KiB of its body, to arrive (else 408), "
        "and for a client to take more of an answer",
    )
    _option(
        parser,
        "--keep-alive",
        int,
        DEFAULTS.keep_alive,
        "seconds that a connection may idle between requests",
    )
    _option(
        parser,
        "--rate-limit",
        parse_rate_limit,
        None,
        "requests of a client to each of /api/v3/twins/* and /api/v3/time-series/* in a window of "
        "time and in each process, as 20/10s; willow means 20/10s; beyond, 429; else no limit",
    )


def parse_rate_limit(text: str) -> RateLimit:
    """A rate limit as an operator writes it.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if text == "willow":
        return WILLOW_RATE
    match = _RATE.fullmatch(text)
    if match is not None:
        limit = RateLimit(int(match[1]), int(match[2]))
        if limit.requests and 0 < limit.seconds <= _LONGEST_WINDOW:
            return limit
    raise argparse.ArgumentTypeError(
        f"must be willow, or requests/seconds as 20/10s of at most {_LONGEST_WINDOW}s, not {text!r}"
    )


def parse_validation(text: str) -> Validation:
    """How far models must be followed, as an operator writes it.

    Raises:
        argparse.ArgumentTypeError: it is no such word.
    """
    for word in get_args(Validation):
        if text == word:
            return word  # type: ignore[no-any-return]
    raise argparse.ArgumentTypeError(f"must be strict, warn or off, not {text!r}")


def _option(
    parser: argparse.ArgumentParser,
    flag: str,
    type_: Callable[[str], object],
    default: object,
    summary: str,
) -> None:
    variable = _variable(flag[2:])
    shown = "" if default is None else f"; default {default}"
    parser.add_argument(
        flag,
        type=type_,
        default=argparse.SUPPRESS,
        metavar=_shouted(flag[2:]),
        help=f"{summary} [{variable}{shown}]",
    )


def read(flags: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a command line and its environment.

    Raises:
        SettingsError: a value is malformed or does not go with another.
    """
    chosen: dict[str, object] = {}
    options: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("host", str),
        ("port", int),
        ("data", Path),
        ("database", str),
        ("workers", int),
        ("blobs", str),
        ("connections", int),
        ("patience", int),
        ("keep_alive", int),
        ("rate_limit", parse_rate_limit),
        ("validation", parse_validation),
    )
    for name, type_ in options:
        text = environment.get(_variable(name))
        if name in flags:
            chosen[name] = getattr(flags, name)
        elif text:
            chosen[name] = _converted(name, type_, text)
    settings = Settings(**chosen)  # type: ignore[arg-type]
    _check(settings)
    return settings


def _shouted(name: str) -> str:
    return name.upper().replace("-", "_")


def _variable(name: str) -> str:
    """The environment variable of an option."""
    return f"TWINHOLD_{_shouted(name)}"


def _converted(name: str, type_: Callable[[str], object], text: str) -> object:
    try:
        return type_(text)
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{_variable(name)} {error}.") from None
    except ValueError:
        raise SettingsError(f"{_variable(name)} must be a number, not {text!r}.") from None


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65_535:
        raise SettingsError(f"The port must be 0 to 65535, not {settings.port}.")
    if settings.workers < 1:
        raise SettingsError(f"There must be at least 1 worker, not {settings.workers}.")
    if settings.workers > 1 and not settings.database:
        raise SettingsError(
            "Several workers need PostgreSQL: add --database postgresql://..., or use 1 worker."
        )
    for name, value in (
        ("--connections", settings.connections),
        ("--patience", settings.patience),
        ("--keep-alive", settings.keep_alive),
    ):
        if value < 1:
            raise SettingsError(f"{name} must be at least 1, not {value}.")
    scheme = (settings.database or "postgresql").partition(":")[0]
    if scheme not in {"postgresql", "postgres"}:
        raise SettingsError(f"The database must be a postgresql:// address, not {scheme}:...")
