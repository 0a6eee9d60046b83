"""A transaction on PostgreSQL, whichever way its statements take to the database."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from twinhold.store.dialect import POSTGRESQL
from twinhold.store.engine import EngineName, Parameters, Row
from twinhold.store.errors import AccessChangedError
from twinhold.store.statement import Statement

_GENERATION = Statement("SELECT {generation}")
_CHANGE = Statement(
    "UPDATE access_generation SET generation = generation + 1 RETURNING generation - 1"
)


Work = Callable[["PostgresTransaction"], Coroutine[Any, Any, Any]]
"""A use case that only needs its transaction."""


class Way(Protocol):
    """How the statements of a use case reach the database."""

    async def fetch(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Every row of the answer."""
        ...

    async def execute(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement whose answer nobody reads."""
        ...


class OnConnection:
    """One after the other on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Way.fetch`."""
        records = await self._connection.fetch(
            statement.spelled(POSTGRESQL), *statement.bind(parameters)
        )
        return [tuple(record) for record in records]

    async def execute(self, statement: Statement, parameters: Parameters) -> None:
        """See `Way.execute`."""
        await self._connection.execute(statement.spelled(POSTGRESQL), *statement.bind(parameters))


async def fetch_for_many(
    connection: Any, statement: Statement, asked: Sequence[Parameters]
) -> dict[Any, list[Row]]:
    """The rows of a statement that is asked for many keys at once, by their key."""
    records = await connection.fetch(
        statement.for_many(POSTGRESQL), *statement.bind_for_many(asked)
    )
    found: dict[Any, list[Row]] = {}
    for record in records:
        row = tuple(record)
        found.setdefault(row[0], []).append(row)
    return found


class PostgresTransaction:
    """What a use case sees of PostgreSQL; see `Transaction`."""

    def __init__(self, way: Way, required: int | None = None) -> None:
        """Begin; a required generation is checked with the first statement."""
        self._way = way
        self._required = required

    @property
    def engine(self) -> EngineName:
        """See `Transaction.engine`."""
        return "postgresql"

    async def whole(self, work: Work) -> Any:
        """Run a use case to its end; its generation is checked even where it asked nothing."""
        result = await work(self)
        await self.require()
        return result

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """See `Transaction.one`."""
        rows = await self.all(statement, parameters)
        return rows[0] if rows else None

    async def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Transaction.all`."""
        if not statement.carries_generation:
            await self.require()
        rows = await self._way.fetch(statement, parameters)
        await self.require(rows[0][-1] if rows else None)
        return rows

    async def run(self, statement: Statement, parameters: Parameters) -> None:
        """See `Transaction.run`."""
        await self.require()
        await self._way.execute(statement, parameters)

    async def breathe(self) -> None:
        """See `Transaction.breathe`."""
        await asyncio.sleep(0)

    async def generation(self) -> int:
        """See `Transaction.generation`."""
        return await self._number(_GENERATION)

    async def change_access(self) -> None:
        """See `Transaction.change_access`; whoever changes access waits here for those before."""
        await self.require(await self._number(_CHANGE))

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

    async def _number(self, statement: Statement) -> int:
        rows = await self._way.fetch(statement, {})
        number: int = rows[0][0]
        return number
