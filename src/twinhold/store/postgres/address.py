"""The address of PostgreSQL: one server, or several of which one takes writes at a time.

    postgresql://user:password@first:5432,second:5432/name

All servers of an address are asked at once whenever a connection is opened, and the one that takes
writes is taken. A server that says nothing, because its machine is gone, delays nobody; what was
under way there fails when the system has waited for a sign of life for some seconds (on Linux).
"""

import asyncio
import socket
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from twinhold.store.errors import StoreUnavailableError

CONNECT_SECONDS = 5.0

_REFUSALS = (
    OSError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises when it cannot connect."""


def check(url: str) -> None:
    """Refuse an address that cannot be read, without repeating any part of it.

    A password with one of `/ # ? [` that was not percent-encoded ends up in the host or the port,
    and the errors of the parsers quote those.

    Raises:
        StoreUnavailableError: it cannot be read.
    """
    try:
        _ = [urlsplit(one).port for one in _each(url)]
    except ValueError:
        raise StoreUnavailableError(
            "The database address cannot be read: it must be "
            "postgresql://user:password@host:port/name, with / # ? [ ] @ : % in the password "
            "percent-encoded."
        ) from None


def public(url: str) -> str:
    """The address without user and password."""
    return f"postgresql://{','.join(map(_place, _each(url)))}{urlsplit(url).path}"


async def connect(url: str, **options: Any) -> Any:
    """A connection to the server of the address, or to the one of several that takes writes.

    Raises:
        OSError: none of several can be connected to and takes writes; tells why for each.
        asyncpg.PostgresError: the one server refuses; and what else asyncpg raises.
    """
    connection = await _connect(url, options)
    _do_not_wait_for_long(connection)
    return connection


async def _connect(url: str, options: dict[str, Any]) -> Any:
    addresses = _each(url)
    if len(addresses) == 1:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS, **options)
    options |= {"timeout": CONNECT_SECONDS, "target_session_attrs": "read-write"}
    attempts = [asyncio.ensure_future(asyncpg.connect(each, **options)) for each in addresses]
    chosen = None
    try:
        chosen = await _first(attempts)
    finally:
        _let_go(attempts, chosen)
    if chosen is None:
        told = zip(addresses, attempts, strict=True)
        raise ConnectionError(
            "; ".join(f"{_place(each)}: {reason(attempt.exception())}" for each, attempt in told)
        )
    return chosen


def reason(error: BaseException | None) -> str:
    """What an error says; some of them say nothing."""
    if isinstance(error, TimeoutError):
        return f"nothing came back within {CONNECT_SECONDS:.0f} seconds"
    return str(error) or type(error).__name__


def _do_not_wait_for_long(connection: Any) -> None:
    """Have the system give a connection up whose other end does not confirm what it is sent."""
    made = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg has no option
    if sys.platform == "linux" and made.family != socket.AF_UNIX:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(CONNECT_SECONDS * 1000))


async def _first(attempts: Iterable[asyncio.Future[Any]]) -> Any:
    """The first connection of all that are attempted; None when no attempt succeeds."""
    for attempt in asyncio.as_completed(attempts):
        try:
            return await attempt
        except _REFUSALS:
            continue
    return None


def _let_go(attempts: Iterable[asyncio.Future[Any]], chosen: Any) -> None:
    """End every attempt, and every connection but the chosen one."""
    for attempt in attempts:
        if attempt.cancel() or attempt.cancelled() or attempt.exception():
            continue
        if attempt.result() is not chosen:
            attempt.result().terminate()


def _each(url: str) -> list[str]:
    """An address for each server that an address names."""
    parts = urlsplit(url)
    user, at, servers = parts.netloc.rpartition("@")
    return [
        parts._replace(netloc=f"{user}{at}{server}").geturl() if server else url
        for server in servers.split(",")
    ]


def _place(address: str) -> str:
    parts = urlsplit(address)
    return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
