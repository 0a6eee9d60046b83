"""The engine for several workers and machines: PostgreSQL 15 and later, through asyncpg.

A lost database answers `StoreUnavailableError` at once and is found again by the next request: the
pool opens a new connection for it. Transactions that PostgreSQL itself asks to repeat (deadlock,
serialization) are repeated a few times.
"""

from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import asyncpg

from twinhold.store.dialect import POSTGRESQL
from twinhold.store.engine import Parameters, Row, UseCase
from twinhold.store.errors import StoreUnavailableError
from twinhold.store.statement import Statement

P = ParamSpec("P")
T = TypeVar("T")

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises when the database cannot answer; anything else is a defect of ours."""

_REPEAT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 4
_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_POOL_SIZE = 16


class PostgresTransaction:
    """Statements on one connection of the pool."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """See `Transaction.one`."""
        record = await self._connection.fetchrow(
            statement.spelled(POSTGRESQL), *statement.bind(parameters)
        )
        return None if record is None else tuple(record)

    async def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Transaction.all`."""
        records = await self._connection.fetch(
            statement.spelled(POSTGRESQL), *statement.bind(parameters)
        )
        return [tuple(record) for record in records]

    async def run(self, statement: Statement, parameters: Parameters) -> None:
        """See `Transaction.run`."""
        await self._connection.execute(statement.spelled(POSTGRESQL), *statement.bind(parameters))


class PostgresStore:
    """A registry in a PostgreSQL database; see `Store` for what its methods promise."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        try:
            async with self._pool.acquire(timeout=_CONNECT_SECONDS) as connection:
                return await use_case(PostgresTransaction(connection), *args, **kwargs)
        except _AWAY as error:
            raise _unavailable(error) from error

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        try:
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await self._write(use_case, *args, **kwargs)
                except _REPEAT:
                    continue
            return await self._write(use_case, *args, **kwargs)
        except _AWAY as error:
            raise _unavailable(error) from error

    async def _write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._pool.acquire(timeout=_CONNECT_SECONDS) as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                result = await use_case(PostgresTransaction(connection), *args, **kwargs)
            except BaseException:
                await _roll_back(transaction)
                raise
            await self._commit(transaction)
            return result

    async def _commit(self, transaction: Any) -> None:
        """The one place where a write becomes durable."""
        await transaction.commit()

    async def close(self) -> None:
        """Wait for the statements under way and let the connections go."""
        await self._pool.close()


async def connect(url: str) -> PostgresStore:
    """Open the pool.

    Raises:
        StoreUnavailableError: the database does not answer; the text names it without the password.
    """
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=_POOL_SIZE,
            timeout=_CONNECT_SECONDS,
            command_timeout=_STATEMENT_SECONDS,
            init=_prepare,
        )
    except (*_AWAY, asyncpg.PostgresError, ValueError) as error:
        raise StoreUnavailableError(f"{_public(url)} does not answer: {error}") from error
    return PostgresStore(pool)


async def _prepare(connection: Any) -> None:
    """UUIDs travel as text: the domain's UUIDs are strings."""
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )


async def _roll_back(transaction: Any) -> None:
    """Undo; a connection that is gone has undone it already."""
    try:
        await transaction.rollback()
    except _AWAY:
        return


def _public(url: str) -> str:
    """The database's address without user and password."""
    parts = urlsplit(url)
    place = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return f"postgresql://{place}{parts.path}"


def _unavailable(error: BaseException) -> StoreUnavailableError:
    return StoreUnavailableError(f"The PostgreSQL store does not answer: {error!r}")
