"""The store on PostgreSQL 15 and later, and how it is opened.

The way to the database is what costs here, so requests that wait together travel together: reads
in `reads`, writes in `writes`.

A lost database answers `StoreUnavailableError` at once and is found again by the next request: the
pool opens a new connection for it, to the server that takes writes then. Transactions that
PostgreSQL itself asks to repeat (deadlock, serialization) are repeated a few times.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, ParamSpec, TypeVar

from twinhold.store.engine import UseCase
from twinhold.store.postgres.address import CONNECT_SECONDS
from twinhold.store.postgres.connections import AWAY, new_pool, only_connection
from twinhold.store.postgres.reads import Reads
from twinhold.store.postgres.transaction import OnConnection, PostgresTransaction
from twinhold.store.postgres.writes import Writes

P = ParamSpec("P")
T = TypeVar("T")


class PostgresStore:
    """A registry in a PostgreSQL database; see `Store` for what its methods promise."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._reads = Reads(pool)
        self._writes = Writes(pool)

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        return await use_case(PostgresTransaction(self._reads), *args, **kwargs)

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        written: T = await self._writes.alone(
            None, lambda transaction: use_case(transaction, *args, **kwargs)
        )
        return written

    async def read_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.read_at`."""
        transaction = PostgresTransaction(self._reads, generation)
        result = await use_case(transaction, *args, **kwargs)
        await transaction.require()
        return result

    async def write_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.write_at`."""
        written: T = await self._writes.alone(
            generation, lambda transaction: use_case(transaction, *args, **kwargs)
        )
        return written

    async def write_twin_at(
        self,
        generation: int,
        twin: str,
        use_case: UseCase[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """See `Store.write_twin_at`."""
        written: T = await self._writes.together(
            twin, generation, lambda transaction: use_case(transaction, *args, **kwargs)
        )
        return written

    async def search_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.search_at`: PostgreSQL searches elsewhere anyway."""
        return await self.read_at(generation, use_case, *args, **kwargs)

    async def close(self) -> None:
        """Wait for the statements under way and let the connections go."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._pool.close()
        except AWAY:  # the database went first
            self._pool.terminate()


async def connect(url: str) -> PostgresStore:
    """Open a pool of connections.

    Raises:
        StoreUnavailableError: the database does not answer; the text names it without the password.
    """
    return PostgresStore(await new_pool(url))


@contextlib.asynccontextmanager
async def reading(url: str) -> AsyncGenerator[PostgresTransaction, None]:
    """One unchanging view of the database, on a connection that waits as long as it takes.

    Raises:
        StoreUnavailableError: the database does not answer, or holds no registry.
    """
    async with only_connection(url) as connection:
        yield PostgresTransaction(OnConnection(connection))


async def write_alone(url: str, use_case: UseCase[[], Any]) -> None:
    """Run a write on a connection of its own, which waits as long as it takes.

    Raises:
        StoreUnavailableError: the database does not answer.
    """
    async with only_connection(url, writes=True) as connection:
        await use_case(PostgresTransaction(OnConnection(connection)))
