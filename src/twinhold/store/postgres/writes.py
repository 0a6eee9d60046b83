"""Writes on PostgreSQL: each in a transaction of its own, or those of several twins in one.

Writes that wait together travel together, as a group with one commit. Nobody in a group is alone
with the transaction, so it is only for use cases that keep to one twin; of each twin one write is
under way at a time, in the order in which they came. A group waits for nobody: a member whose twin
is held by another transaction leaves it, as does one that asks what cannot be asked together, and
is made alone. A member that fails before it has changed anything has its error, and the others go
on; when one fails later the whole group is undone, and each of its members is made alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import asyncpg

from twinhold.store.errors import StoreUnavailableError
from twinhold.store.postgres import groups
from twinhold.store.postgres.connections import AWAY, acquired
from twinhold.store.postgres.groups import Member
from twinhold.store.postgres.lanes import Lanes, answer, refuse, refuse_all
from twinhold.store.postgres.transaction import OnConnection, PostgresTransaction, Work

_REPEAT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 4
_LANES = 2
_MOST_TOGETHER = 256


class Write(NamedTuple):
    """A use case that keeps to one twin, and who waits for its commit."""

    twin: str
    generation: int | None
    work: Work
    answer: asyncio.Future[Any]


class Writes(Lanes[Write]):
    """Makes writes durable."""

    def __init__(self, pool: Any) -> None:
        super().__init__(_LANES)
        self._pool = pool
        self._twins: set[str] = set()  # of the writes under way

    async def alone(self, generation: int | None, work: Work) -> Any:
        """Make a write in a transaction of its own, again when PostgreSQL asks to repeat it."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(*_REPEAT):
                return await self._once(generation, work)
        return await self._once(generation, work)

    async def together(self, twin: str, generation: int | None, work: Work) -> Any:
        """Make a write that keeps to one twin, with those that wait at the same time."""
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.add(Write(twin, generation, work, waiting))
        return await waiting

    def split(self, waiting: list[Write]) -> tuple[list[Write], list[Write]]:
        """See `Lanes.split`: of each twin the first that came goes, when none is under way."""
        going: list[Write] = []
        staying: list[Write] = []
        for write in waiting:
            if write.twin in self._twins or len(going) == _MOST_TOGETHER:
                staying.append(write)
            else:
                self._twins.add(write.twin)
                going.append(write)
        return going, staying

    async def serve(self, going: list[Write]) -> None:
        """See `Lanes.serve`."""
        try:
            members = await self._as_group(going)
        except StoreUnavailableError as error:
            refuse_all([write.answer for write in going], error)
            self._twins.difference_update(write.twin for write in going)
        except Exception:  # noqa: BLE001 - it is undone: what it was shows itself where it belongs
            for write in going:
                self.begin(self._serve_alone(write))
        else:
            for write, member in zip(going, members, strict=True):
                if member.left:
                    self.begin(self._serve_alone(write))
                    continue
                self._twins.discard(write.twin)
                if member.error is None:
                    answer(write.answer, member.result)
                else:
                    refuse(write.answer, member.error)

    async def _as_group(self, going: list[Write]) -> list[Member]:
        async with self._transaction() as connection:
            members = [Member(write.work, write.generation) for write in going]
            await groups.run(connection, members)
        return members

    async def _serve_alone(self, write: Write) -> None:
        try:
            answer(write.answer, await self.alone(write.generation, write.work))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            refuse(write.answer, error)
        finally:
            self._twins.discard(write.twin)
            self.wake()

    async def _once(self, generation: int | None, work: Work) -> Any:
        async with self._transaction() as connection:
            return await PostgresTransaction(OnConnection(connection), generation).whole(work)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Any, None]:
        """A connection with a transaction, which ends with the block."""
        async with acquired(self._pool) as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            except BaseException:
                await _roll_back(transaction)
                raise
            await self._commit(transaction)

    async def _commit(self, transaction: Any) -> None:
        """The one place where a write becomes durable."""
        await transaction.commit()


async def _roll_back(transaction: Any) -> None:
    """Undo; a connection that is gone has undone it already."""
    with contextlib.suppress(*AWAY):
        await transaction.rollback()
