"""The engine for several workers and machines: PostgreSQL 15 and later, through asyncpg.

A lost database answers `StoreUnavailableError` at once and is found again by the next request: the
pool opens a new connection for it, to the server that takes writes then. Transactions that
PostgreSQL itself asks to repeat (deadlock, serialization) are repeated a few times.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import asyncpg

from twinhold.store.database_address import CONNECT_SECONDS, check, public, reason
from twinhold.store.database_address import connect as connect_to
from twinhold.store.dialect import POSTGRESQL
from twinhold.store.engine import EngineName, Parameters, Row, UseCase
from twinhold.store.errors import AccessChangedError, StoreUnavailableError
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

_Work = Callable[["PostgresTransaction"], Coroutine[Any, Any, T]]

_REPEAT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 4
_STATEMENT_SECONDS = 30.0
_POOL_SIZE = 16
_PLANS = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""Statements join from few rows to many, by an index. PostgreSQL guesses how many values a JSON
array has, guesses too many, and would read whole tables instead (a location filter: 120 ms, not 8).
"""


class PostgresTransaction:
    """Statements on one connection of the pool."""

    def __init__(self, connection: Any, required: int | None = None) -> None:
        """Begin; a required generation is checked with the first statement."""
        self._connection = connection
        self._required = required

    @property
    def engine(self) -> EngineName:
        """See `Transaction.engine`."""
        return "postgresql"

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """See `Transaction.one`."""
        rows = await self.all(statement, parameters)
        return rows[0] if rows else None

    async def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Transaction.all`."""
        if not statement.carries_generation:
            await self.require()
        records = await self._connection.fetch(
            statement.spelled(POSTGRESQL), *statement.bind(parameters)
        )
        rows = [tuple(record) for record in records]
        await self.require(rows[0][-1] if rows else None)
        return rows

    async def run(self, statement: Statement, parameters: Parameters) -> None:
        """See `Transaction.run`."""
        await self.require()
        await self._connection.execute(statement.spelled(POSTGRESQL), *statement.bind(parameters))

    async def breathe(self) -> None:
        """See `Transaction.breathe`."""
        await asyncio.sleep(0)

    async def generation(self) -> int:
        """See `Transaction.generation`."""
        number: int = await self._connection.fetchval("SELECT generation FROM access_generation")
        return number

    async def change_access(self) -> None:
        """See `Transaction.change_access`; whoever changes access waits here for those before."""
        before = await self._connection.fetchval(
            "UPDATE access_generation SET generation = generation + 1 RETURNING generation - 1"
        )
        await self.require(before)

    async def require(self, current: int | None = None) -> None:
        """Refuse an earlier generation than the required one; once a transaction.

        Raises:
            AccessChangedError: access has changed.
        """
        if self._required is None:
            return
        if (await self.generation() if current is None else current) != self._required:
            raise AccessChangedError("Access has changed.")
        self._required = None


class PostgresStore:
    """A registry in a PostgreSQL database; see `Store` for what its methods promise."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        return await self._read(None, lambda transaction: use_case(transaction, *args, **kwargs))

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        return await self._write(None, lambda transaction: use_case(transaction, *args, **kwargs))

    async def read_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.read_at`."""
        return await self._read(
            generation, lambda transaction: use_case(transaction, *args, **kwargs)
        )

    async def write_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.write_at`."""
        return await self._write(
            generation, lambda transaction: use_case(transaction, *args, **kwargs)
        )

    async def search_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.search_at`: PostgreSQL searches elsewhere anyway."""
        return await self.read_at(generation, use_case, *args, **kwargs)

    async def _read(self, generation: int | None, work: _Work[T]) -> T:
        try:
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                running = PostgresTransaction(connection, generation)
                result = await work(running)
                await running.require()
                return result
        except _AWAY as error:
            raise _unavailable(error) from error

    async def _write(self, generation: int | None, work: _Work[T]) -> T:
        """Run a write, again when PostgreSQL asks to repeat it."""
        try:
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await self._write_once(generation, work)
                except _REPEAT:
                    continue
            return await self._write_once(generation, work)
        except asyncpg.ReadOnlySQLTransactionError as error:
            await self._pool.expire_connections()  # this server takes no writes any more
            raise _unavailable(error) from error
        except _AWAY as error:
            raise _unavailable(error) from error

    async def _write_once(self, generation: int | None, work: _Work[T]) -> T:
        async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                running = PostgresTransaction(connection, generation)
                result = await work(running)
                await running.require()
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
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._pool.close()
        except _AWAY:  # the database went first
            self._pool.terminate()


async def connect(url: str) -> PostgresStore:
    """Open the pool.

    Raises:
        StoreUnavailableError: the database does not answer; the text names it without the password.
    """
    check(url)
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=_POOL_SIZE,
            connect=connect_to,
            command_timeout=_STATEMENT_SECONDS,
            server_settings=_PLANS,
            init=_prepare,
        )
    except (*_AWAY, asyncpg.PostgresError, ValueError) as error:
        raise StoreUnavailableError(f"{public(url)} does not answer: {reason(error)}") from error
    return PostgresStore(pool)


@contextlib.asynccontextmanager
async def reading(url: str) -> AsyncGenerator[PostgresTransaction, None]:
    """One unchanging view of the database, on a connection that waits as long as it takes.

    Raises:
        StoreUnavailableError: the database does not answer, or holds no registry.
    """
    check(url)
    try:
        connection = await connect_to(url)
    except (*_AWAY, asyncpg.PostgresError, ValueError) as error:
        raise StoreUnavailableError(f"{public(url)} does not answer: {reason(error)}") from error
    try:
        await _prepare(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresTransaction(connection)
    except asyncpg.UndefinedTableError as error:
        raise StoreUnavailableError(f"{public(url)} holds no registry: {error}") from error
    except _AWAY as error:
        raise _unavailable(error) from error
    finally:
        connection.terminate()  # nothing is under way that has to be ended well


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


def _unavailable(error: BaseException) -> StoreUnavailableError:
    return StoreUnavailableError(f"The PostgreSQL store does not answer: {error!r}")
