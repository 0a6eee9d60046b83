"""Looking for twins of a model: pages in the order of their ids, and how many there are.

A page looks at the next twins, first at as many as it needs, then at more and more of them, until
it is full, none are left or the time is up. Where the filters say so an index chooses whom to look
at: those of some models, or those in a location. When few twins are kept and the account is not
too large, all that remain are gone through at once. What the engine finds is checked wherever it
cannot know better: what the caller may see, and what SQL does not say exactly.
"""

import time
from typing import NamedTuple

import msgspec

from twinhold.registry import ids, twin_sieves, twin_views
from twinhold.registry.principal import Call
from twinhold.registry.twin_filters import Filters
from twinhold.registry.twin_sieves import Sieve
from twinhold.registry.twin_views import Shown, View
from twinhold.store import Transaction
from twinhold.store import twin_queries as stored
from twinhold.store.shape import Shape
from twinhold.store.statement import Statement
from twinhold.store.twin_queries import FACTS_START, Bounds
from twinhold.store.twins import Facts

BUDGET_SECONDS = 0.5
WIDEST = 4_000
FEW_REACHED = 500
MOST_REACHED = 10_000
MOST_SWEPT = 200_000
MOST_WALKED = 10_000
WALKED_FOR_EACH = 10
HIGHEST_ID = "\U0010ffff" * 129
"""Behind every id."""

_GROWTH = 6
_CHECKED_AT_ONCE = 500
_FEW_MODELS = 100
_STEP_OF_EACH_MODEL = 2
_STEPS_BEFORE_SWEEP = 2


class Query(msgspec.Struct, frozen=True):
    """A page to read.

    Attributes:
        after: the id that it goes on behind; empty to begin.
        count: the most twins on it.
    """

    filters: Filters
    view: View
    after: str
    count: int


class Page(NamedTuple):
    """Some twins, and the id of the last one looked at when more may follow."""

    twins: list[Shown]
    last: str | None


async def find_page(transaction: Transaction, call: Call, query: Query) -> Page:
    """The next twins that the filters keep and that the caller may see.

    Raises:
        PermissionDeniedError: it looks at relationships, which the caller may not see.
    """
    sieve = await twin_sieves.prepare(transaction, call, query.filters)
    if sieve is None:
        return Page([], None)
    search = _Search(transaction, sieve, query.view.twin, query.after)
    found = await search.until(query.count, time.monotonic() + BUDGET_SECONDS)
    return Page(await twin_views.show(transaction, call, found, query.view), search.after)


async def count(transaction: Transaction, call: Call, filters: Filters) -> int:
    """How many twins the filters keep, of those that the caller may see.

    Raises:
        PermissionDeniedError: it looks at relationships, which the caller may not see.
    """
    sieve = await twin_sieves.prepare(transaction, call, filters)
    if sieve is None:
        return 0
    return await (_count if sieve.is_exact else _count_kept)(transaction, sieve)


def is_short(call: Call, query: Query) -> bool:
    """Whether a page is read soon enough not to hold anybody up."""
    return query.filters == Filters() and call.actor.twin_rule is None


async def _count(transaction: Transaction, sieve: Sieve) -> int:
    """How many twins fulfil a condition that says all."""
    statement, of_models = stored.COUNT, False
    if sieve.location is not None:
        statement, of_models = stored.COUNT_BY_LOCATION, sieve.models is not None
    elif sieve.models is not None:
        statement = stored.COUNT_BY_MODEL
    condition = sieve.condition(of_models=of_models)
    row = await transaction.one(statement.where(condition), sieve.parameters)
    return 0 if row is None else int(row[0])


async def _count_kept(transaction: Transaction, sieve: Sieve) -> int:
    """How many twins are kept, of those that fulfil a condition which does not say all."""
    statement = stored.SOME.where(sieve.condition(of_models=sieve.models is not None))
    after, found = ids.LOWEST, 0
    while True:
        parameters = sieve.parameters | {"after": after, "count": WIDEST}
        rows = await transaction.all(statement, parameters)
        twins = list(map(Facts._make, rows))
        found += len(await sieve.kept(transaction, twins, located=False))
        if len(twins) < WIDEST:
            return found
        after = twins[-1].uuid
        await transaction.breathe()


class _Search:
    """Where a search stands: `after` is the id that it goes on behind, None at its end."""

    def __init__(self, transaction: Transaction, sieve: Sieve, shape: Shape, after: str) -> None:
        self.after: str | None = after
        self._transaction = transaction
        self._sieve = sieve
        self._shape = shape
        self._steps = 0
        # A large location is not looked through before each of its pages: its twins are many, so
        # that the next ones are often among them.
        self._reaches = iter((0 if after else FEW_REACHED, MOST_REACHED) if sieve.location else ())
        self._reach = 0
        self._walks = sieve.models is not None and len(sieve.models) > _FEW_MODELS
        self._too_many_remain: bool | None = None

    async def until(self, count: int, deadline: float) -> list[Facts]:
        """Look until so many twins are found, none are left, or the time is up."""
        found: list[Facts] = []
        width = count + 1
        while self.after is not None and len(found) < count:
            # One more than asked for tells whether any remain.
            found += await self.step(width, count + 1 - len(found))
            if not (self._walks and self._steps < _STEP_OF_EACH_MODEL):
                width = min(width * _GROWTH, WIDEST)
            await self._transaction.breathe()
            if time.monotonic() > deadline:
                break
        if len(found) > count:
            self.after = found[count - 1].id
        return found[:count]

    async def step(self, width: int, wanted: int) -> list[Facts]:
        """Look at the next so many twins; at fewer when there are as many candidates as wanted."""
        self._steps += 1
        most = max(wanted, 1 if self._sieve.is_exact else _CHECKED_AT_ONCE)
        if reach := self._reach or next(self._reaches, 0):
            bounds, found = await self._look(self._inside(), reach, most)
            if bounds.reached < reach:
                self._reach = reach
                self._go_on(bounds, found, reach, most)
                return await self._sieve.kept(self._transaction, found, located=True)
        if self._steps > _STEPS_BEFORE_SWEEP and await self._can_sweep():
            found = await self._sweep(most)
        else:
            bounds, found = await self._look(self._next(), width, most)
            self._go_on(bounds, found, width, most)
        return await self._sieve.kept(self._transaction, found, located=False)

    async def _can_sweep(self) -> bool:
        """Whether so few twins remain that all of them can be gone through."""
        if self._too_many_remain is None:
            parameters = self._sieve.parameters | {"after": self.after, "most": MOST_SWEPT}
            row = await self._transaction.one(stored.REMAINING, parameters)
            self._too_many_remain = row is not None and row[0] == MOST_SWEPT
        return not self._too_many_remain

    async def _sweep(self, most: int) -> list[Facts]:
        """Look at all twins that remain."""
        of_models = self._sieve.models is not None
        statement = stored.SWEEP.where(self._sieve.condition(of_models=of_models))
        parameters = self._sieve.parameters | {"after": self.after, "count": most}
        rows = await self._transaction.all(statement.shaped(self._shape), parameters)
        found = [Facts._make(row) for row in rows]
        self.after = found[-1].id if len(found) == most else None
        return found

    def _next(self) -> Statement:
        """The statement that looks at the next twins, or at the next of the models asked for.

        Of many models there often are enough among the next twins: to walk these costs no more than
        to look for each model, which is done once, where they were not enough.
        """
        models = self._sieve.models
        if models is None:
            statement = stored.BY_ID
        elif self._walks and self._steps != _STEP_OF_EACH_MODEL:
            statement = stored.BY_WALK
        else:
            statement = stored.BY_MODEL
        return statement.where(self._sieve.condition(of_models=False))

    def _inside(self) -> Statement:
        """The statement that looks at the twins in the location."""
        of_models = self._sieve.models is not None
        return stored.BY_LOCATION.where(self._sieve.condition(of_models=of_models))

    async def _look(
        self, statement: Statement, width: int, most: int
    ) -> tuple[Bounds, list[Facts]]:
        parameters = {
            **self._sieve.parameters,
            "after": self.after,
            "highest": HIGHEST_ID,
            "width": width,
            "walked": min(WALKED_FOR_EACH * len(self._sieve.models or ()), MOST_WALKED),
            "most": width,
            "count": most,
        }
        rows = await self._transaction.all(statement.shaped(self._shape), parameters)
        found = [Facts._make(row[FACTS_START:]) for row in rows if row[FACTS_START] is not None]
        found.sort(key=lambda twin: twin.id or "")
        return Bounds._make(rows[0][:FACTS_START]), found

    def _go_on(self, bounds: Bounds, found: list[Facts], width: int, most: int) -> None:
        """Move behind the last twin looked at."""
        if len(found) == most:
            self.after = found[-1].id
        else:
            self.after = bounds.until if bounds.looked == width else None
