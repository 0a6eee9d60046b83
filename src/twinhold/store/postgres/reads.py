"""Reads on PostgreSQL: those that wait together and ask the same travel as one statement."""

import asyncio
from typing import Any, NamedTuple

from twinhold.store.engine import Parameters, Row
from twinhold.store.errors import StoreUnavailableError
from twinhold.store.postgres.connections import acquired
from twinhold.store.postgres.lanes import Lanes, answer, refuse, refuse_all
from twinhold.store.postgres.transaction import OnConnection, fetch_for_many
from twinhold.store.statement import Statement

_LANES = 2
_MOST_TOGETHER = 256


class _Read(NamedTuple):
    """A statement on its way, and who waits for its rows."""

    statement: Statement
    parameters: Parameters
    answer: asyncio.Future[list[Row]]

    @property
    def key(self) -> Any:
        """The parameter by which its rows are told from those of others."""
        return self.parameters[self.statement.key]


class Reads(Lanes[_Read]):
    """The way of reads to the database: a connection for each statement, not for each use case."""

    def __init__(self, pool: Any) -> None:
        super().__init__(_LANES)
        self._pool = pool

    async def fetch(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Way.fetch`."""
        if statement.types is None:
            async with acquired(self._pool) as connection:
                return await OnConnection(connection).fetch(statement, parameters)
        waiting: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        self.add(_Read(statement, parameters, waiting))
        return await waiting

    async def execute(self, statement: Statement, parameters: Parameters) -> None:
        """See `Way.execute`."""
        async with acquired(self._pool) as connection:
            await OnConnection(connection).execute(statement, parameters)

    def split(self, waiting: list[_Read]) -> tuple[list[_Read], list[_Read]]:
        """See `Lanes.split`: the same statement goes together."""
        going: list[_Read] = []
        staying: list[_Read] = []
        for read in waiting:
            together = read.statement is waiting[0].statement and len(going) < _MOST_TOGETHER
            (going if together else staying).append(read)
        return going, staying

    async def serve(self, going: list[_Read]) -> None:
        """See `Lanes.serve`: what cannot be answered to one is asked again for each alone."""
        statement = going[0].statement
        try:
            async with acquired(self._pool) as connection:
                found = await fetch_for_many(
                    connection, statement, [read.parameters for read in going]
                )
        except StoreUnavailableError as error:
            refuse_all([read.answer for read in going], error)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            if len(going) == 1:
                refuse(going[0].answer, error)
                return
            for read in going:
                await self.serve([read])
        else:
            for read in going:
                answer(read.answer, found.get(read.key, []))
