"""Connections to PostgreSQL: a pool of them, or one; and what it means when they fail."""

import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any

import asyncpg

from twinhold.store.errors import StoreUnavailableError
from twinhold.store.postgres.address import CONNECT_SECONDS, check, connect, public, reason

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises when the database cannot answer; anything else is a defect of ours."""

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What says that the server behind a connection is gone, or takes no writes any more. Then no other
connection to it is used again: each would have to find that out for itself, which may take long.
"""

_STATEMENT_SECONDS = 30.0
_VIEW: Mapping[str, Any] = {"isolation": "repeatable_read", "readonly": True}
_POOL_SIZE = 16
_PLANS = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""Statements join from few rows to many, by an index. PostgreSQL guesses how many values a JSON
array has, guesses too many, and would read whole tables instead (a location filter: 120 ms, not 8).
"""


@contextlib.asynccontextmanager
async def acquired(pool: Any) -> AsyncGenerator[Any, None]:
    """A connection of the pool.

    Raises:
        StoreUnavailableError: there is none, or it does not answer.
    """
    try:
        async with pool.acquire(timeout=CONNECT_SECONDS) as connection:
            yield connection
    except _GONE as error:
        await pool.expire_connections()
        raise _unavailable(error) from error
    except AWAY as error:
        raise _unavailable(error) from error


async def new_pool(url: str) -> Any:
    """Open a pool.

    Raises:
        StoreUnavailableError: the database does not answer; the text names it without the password.
    """
    with _telling(url):
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=_POOL_SIZE,
            connect=connect,
            command_timeout=_STATEMENT_SECONDS,
            server_settings=_PLANS,
            init=prepare,
            reset=_leave,
        )


@contextlib.asynccontextmanager
async def only_connection(url: str, *, writes: bool = False) -> AsyncGenerator[Any, None]:
    """One connection, which waits as long as it takes, in a transaction.

    Without writes that is an unchanging view of the database.

    Raises:
        StoreUnavailableError: the database does not answer, or holds no registry.
    """
    with _telling(url):
        connection = await connect(url)
    try:
        await prepare(connection)
        async with connection.transaction(**({} if writes else _VIEW)):
            yield connection
    except asyncpg.UndefinedTableError as error:
        raise StoreUnavailableError(f"{public(url)} holds no registry: {error}") from error
    except AWAY as error:
        raise _unavailable(error) from error
    finally:
        connection.terminate()  # nothing is under way that has to be ended well


async def prepare(connection: Any) -> None:
    """UUIDs travel as text: the domain's UUIDs are strings."""
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )


async def _leave(_: Any) -> None:
    """Give a connection back as it is, without the statement by which asyncpg resets it.

    Nothing that we do outlives a transaction, and an open one is ended all the same.
    """


@contextlib.contextmanager
def _telling(url: str) -> Generator[None, None, None]:
    """Tell of a failure to connect without repeating any part of a password."""
    check(url)
    try:
        yield
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        raise StoreUnavailableError(f"{public(url)} does not answer: {reason(error)}") from error


def _unavailable(error: BaseException) -> StoreUnavailableError:
    return StoreUnavailableError(f"The PostgreSQL store does not answer: {error!r}")
