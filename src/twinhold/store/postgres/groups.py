"""Use cases that share a transaction on PostgreSQL, side by side from statement to statement.

What they ask in the same step is asked as one, so a group takes as many ways to the database as one
of its members would. A use case is driven by hand: where it awaits a statement it stands still
until all others have come to a statement too.
"""

from collections.abc import Generator
from typing import Any

from twinhold.store.engine import Parameters, Row
from twinhold.store.postgres.transaction import PostgresTransaction, Work, fetch_for_many
from twinhold.store.statement import Statement


class NotTogetherError(Exception):
    """A use case that has changed something cannot go on in its group: all of it must be undone."""


class _Asked:
    """A statement that a use case stands at."""

    __slots__ = ("needs_row", "parameters", "statement")

    def __init__(self, statement: Statement, parameters: Parameters, *, needs_row: bool) -> None:
        self.statement = statement
        self.parameters = parameters
        self.needs_row = needs_row

    @property
    def key(self) -> Any:
        """The parameter by which its rows are told from those of others."""
        return self.parameters[self.statement.key]

    def __await__(self) -> Generator["_Asked", list[Row], list[Row]]:
        return (yield self)


class _InGroup:
    """The way of a statement from a use case to its group."""

    async def fetch(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Way.fetch`."""
        return await _Asked(statement, parameters, needs_row=True)

    async def execute(self, statement: Statement, parameters: Parameters) -> None:
        """See `Way.execute`."""
        await _Asked(statement, parameters, needs_row=False)


class Member:
    """One use case of a group.

    Attributes:
        asked: the statement that it stands at; None when it is over.
        left: whether it has left the group, without a trace.
        result: its result, when it is over and has not left.
        error: what it has raised instead, without a trace.
    """

    def __init__(self, work: Work, generation: int | None) -> None:
        """Begin, up to the first statement."""
        self.asked: _Asked | None = None
        self.left = False
        self.result: Any = None
        self.error: Exception | None = None
        self._has_changed = False
        self._running = PostgresTransaction(_InGroup(), generation).whole(work)
        self._go_on(None)

    def take(self, rows: list[Row]) -> None:
        """Take the answer to its statement and go on to the next.

        Raises:
            NotTogetherError: it cannot, and has changed something.
        """
        asked = self.asked
        self.asked = None
        if asked is None:
            raise RuntimeError("A use case that is over is given an answer.")
        if asked.needs_row and not rows:
            self.leave()
            return
        self._has_changed |= asked.statement.changes
        self._go_on(rows)

    def leave(self) -> None:
        """Leave the group.

        Raises:
            NotTogetherError: it has changed something.
        """
        self._running.close()
        self.asked = None
        self.left = True
        if self._has_changed:
            raise NotTogetherError

    def _go_on(self, rows: list[Row] | None) -> None:
        try:
            asked = self._running.send(rows)
        except StopIteration as end:
            self.result = end.value
        except Exception as error:
            self.error = error
            if self._has_changed:
                raise NotTogetherError from error
        else:
            if isinstance(asked, _Asked) and asked.statement.types is not None:
                self.asked = asked
            else:
                self.leave()


async def run(connection: Any, members: list[Member]) -> None:
    """Bring all members to their end in a transaction that is open.

    Raises:
        NotTogetherError: the transaction must be undone.
    """
    while standing := [member for member in members if member.asked]:
        steps: dict[Statement, list[Member]] = {}
        for member in standing:
            if member.asked:
                steps.setdefault(member.asked.statement, []).append(member)
        for statement, side_by_side in steps.items():
            await _step(connection, statement, side_by_side)


async def _step(connection: Any, statement: Statement, members: list[Member]) -> None:
    """Answer the statement that some members stand at."""
    asked = [member.asked for member in members if member.asked]
    found = await fetch_for_many(connection, statement, [one.parameters for one in asked])
    for member, one in zip(members, asked, strict=True):
        member.take(found.get(one.key, []))
