"""Looking for twins by a rule: pages of a scan, and searches that go on until enough are found.

A rule is compiled to a condition of the engine that holds at least wherever the rule holds; where
it is not exact, the rule itself has the last word on every twin that comes back. So nothing is ever
wrong, and what the engine can say is fast.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from twinhold.kept import kept
from twinhold.registry import access, ids, variables
from twinhold.registry.index_values import span_of
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.rules import MOST_KEPT, Hidden, Json, Text
from twinhold.store import Transaction
from twinhold.store import searches as stored
from twinhold.store.engine import Row
from twinhold.store.searches import Span
from twinhold.store.shape import Shape
from twinhold.store.statement import Statement
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.rules import Column, Engine, Predicate, Rule

COLUMNS: "Mapping[str, Column]" = {
    "TWIN": Json("description"),
    "LEDGER": Json("own_ledger", inner="value"),
    "twin": Text("uuid_text"),
    "twin_status": Text("status"),
    "twin_owner": Text("owner_text"),
    "twin_creator": Text("creator_text"),
    "owner": Text("owner_text"),
    "creator": Text("creator_text"),
    "twin_id": Text("id"),
    "twin_model": Text("model"),
    "CONTENTS": Json("contents"),
    "twin_created_ts": Hidden(),
    "twin_updated_ts": Hidden(),
    "twin_terminated_ts": Hidden(),
}
"""Where the variables of a twin are stored; all others are the same for a whole search."""

_COLUMNS_WITHOUT_LEDGER: "Mapping[str, Column]" = {**COLUMNS, "LEDGER": Hidden()}

WINDOW = 5_000
CANDIDATES = 500
BUDGET_SECONDS = 0.6
TWINS_A_BREATH = 10
LONG_SEARCH = 20_000
_MOST_SPANS = 32


class Search(msgspec.Struct, frozen=True):
    """What to look for among the twins that the caller's account owns.

    Attributes:
        after: the UUID that the search stands behind.
        count: how many twins are looked at, or with `fill` how many are to be found.
        rule: only twins that match; an error while evaluating skips the twin.
        visible_only: only twins that the caller may see.
        fill: go on until enough are found, nothing remains, or the time is up.
        shape: how each is written.
    """

    after: str
    count: int
    rule: "Rule"
    visible_only: bool
    fill: bool
    shape: Shape


class Page(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        documents: the twins in the shape asked for, with commas between them.
        last: the UUID of the last twin looked at; None when no twin remains.
        wanted_indexes: attributes whose index would have made this search short.
    """

    documents: str
    last: str | None
    wanted_indexes: tuple[str, ...] = ()


async def look(transaction: Transaction, call: Call, search: Search) -> Page:
    """Look at the next `count` twins, in the order of their UUIDs, or at fewer when time is up."""
    sieve = _Sieve(transaction.engine, call, search)
    return await _look_by_sql(transaction, sieve) or await _look_by_rule(transaction, sieve)


async def _look_by_sql(transaction: Transaction, sieve: "_Sieve") -> Page | None:
    """The page as the engine alone has it; None where it is not sure of every twin."""
    statement, search = sieve.sure_statement(), sieve.search
    if statement is None:
        return None
    page = await read_page(
        transaction, statement, sieve.parameters | {"after": search.after, "count": search.count}
    )
    return None if stored.UNDECIDED in page.documents else page


async def read_page(
    transaction: Transaction, statement: Statement, parameters: Mapping[str, Any]
) -> Page:
    """The page that a statement made by `twinhold.store.twins.page` answers."""
    row = await transaction.one(statement, parameters)
    if row is None:
        raise RuntimeError("A statement for a page answered no row.")
    last, documents, _ = row
    return Page(documents or "", last)


async def _look_by_rule(transaction: Transaction, sieve: "_Sieve") -> Page:
    search = sieve.search
    rows = await transaction.all(
        sieve.statement(stored.CHECKED_PAGE),
        sieve.parameters | {"after": search.after, "count": search.count + 1},
    )
    deadline = time.monotonic() + BUDGET_SECONDS
    found: list[str] = []
    candidates = await sieve.completed(transaction, rows[: search.count])
    for number, twin in enumerate(candidates, 1):
        if sieve.keeps(twin):
            found.append(twin.document)
        if number % TWINS_A_BREATH == 0:
            await transaction.breathe()
        if time.monotonic() > deadline:
            return Page(",".join(found), twin.uuid if number < len(rows) else None)
    last = rows[search.count - 1][0] if len(rows) > search.count else None
    return Page(",".join(found), last)


def is_short(call: Call, search: Search) -> bool:
    """Whether a search ends soon enough not to hold anybody up."""
    rules = (search.rule, call.actor.twin_rule if search.visible_only else None)
    return not search.fill and all(rule is None or rule.is_light for rule in rules)


async def fill(transaction: Transaction, call: Call, search: Search) -> Page:
    """Look until `count` twins are found, nothing remains, or the time is up."""
    sieve = _Sieve(transaction.engine, call, search)
    spans = sieve.spans()
    if spans == []:
        return Page("", None)
    wanted = frozenset(span.name for span in spans or ())
    if spans and wanted <= call.actor.indexes.ready:
        by_index, values = stored.found_by(spans)
        return await _Filling(transaction, sieve).from_index(by_index, values)
    return await _Filling(transaction, sieve).from_windows(wanted)


class _Filling:
    """One search that goes on until enough is found."""

    def __init__(self, transaction: Transaction, sieve: "_Sieve") -> None:
        self._transaction = transaction
        self._sieve = sieve
        self._after = sieve.search.after
        self._wanted = sieve.search.count
        self._found: list[str] = []
        self._deadline = time.monotonic() + BUDGET_SECONDS

    async def from_index(self, condition: str, values: Mapping[str, Any]) -> Page:
        """Let an index find the candidates."""
        statement = self._sieve.statement(stored.BY_INDEX, condition)
        await self._take_until(ids.HIGHEST, statement, values)
        return await self._page(frozenset())

    async def from_windows(self, wanted_indexes: frozenset[str]) -> Page:
        """Go through all twins, a window of them a time."""
        statement, windows = self._sieve.statement(stored.IN_WINDOW), 0
        while not self._over():
            row = await self._transaction.one(
                stored.WINDOW_END,
                {"owner": self._sieve.parameters["owner"], "after": self._after, "width": WINDOW},
            )
            until = row[0] if row else ids.HIGHEST
            await self._take_until(until, statement, {"until": until})
            windows += 1
            if row is None:
                break
        return await self._page(wanted_indexes if windows * WINDOW >= LONG_SEARCH else frozenset())

    async def _take_until(self, end: str, statement: Statement, values: Mapping[str, Any]) -> None:
        """Take candidates until none is left, which brings the search to the end, or it is over."""
        while not self._over():
            rows = await self._transaction.all(
                statement,
                {**self._sieve.parameters, **values, "after": self._after, "count": CANDIDATES},
            )
            await self._take(await self._sieve.completed(self._transaction, rows))
            if len(rows) < CANDIDATES and not self._over():
                self._after = end
                return

    async def _take(self, candidates: Iterable[Facts]) -> None:
        for number, twin in enumerate(candidates, 1):
            if number % TWINS_A_BREATH == 0:
                await self._transaction.breathe()
            if self._over():
                return
            self._after = twin.uuid
            if self._sieve.keeps(twin):
                self._found.append(twin.document)

    def _over(self) -> bool:
        return len(self._found) == self._wanted or time.monotonic() > self._deadline

    async def _page(self, wanted_indexes: frozenset[str]) -> Page:
        owned = {"owner": self._sieve.parameters["owner"], "after": self._after, "width": 0}
        remains = await self._transaction.one(stored.WINDOW_END, owned) is not None
        last = self._after if remains else None
        return Page(",".join(self._found), last, tuple(sorted(wanted_indexes)))


class _Sieve:
    """Which twins a search keeps: as a condition of the engine, and what is left to the rule."""

    def __init__(self, engine: "Engine", call: Call, search: Search) -> None:
        self.search = search
        self._call = call
        self._scope = variables.of_call(call, search.rule.variables)
        # The role's own rule, unlike one that the caller brings, looks at the whole ledger.
        self._is_brought = search.rule is not call.actor.twin_rule
        twin_rule = call.actor.twin_rule if search.visible_only else None
        self._checks_access = twin_rule is not None and self._is_brought
        self._reads_ledger = any(
            rule is not None and "LEDGER" in rule.variables for rule in (search.rule, twin_rule)
        )
        predicate = self._predicate(engine)
        self._condition = "TRUE" if predicate is None else predicate.sql
        # What a ledger includes is not in the row.
        self._exact = predicate is not None and predicate.exact and not self._reads_ledger
        self._sure = predicate.sure if predicate and not self._reads_ledger else "FALSE"
        found = predicate.parameters | predicate.sure_parameters if predicate else {}
        self.parameters: dict[str, Any] = {**found, "owner": call.actor.account}

    @cached_property
    def _gather(self) -> "Callable[[Facts], variables.Scope]":
        """What the rule reads of a twin; a page that the engine decides needs none of it."""
        return variables.gatherer(self._call, self.search.rule.variables)

    def _predicate(self, engine: "Engine") -> "Predicate | None":
        """What the engine can say of the rule, and of the role's own where that is another."""
        columns = columns_for(self._call) if self._is_brought else COLUMNS
        rule, twin_rule = self.search.rule, self._call.actor.twin_rule
        if not self._checks_access or twin_rule is None:
            return predicate_of(rule, engine, self._scope, columns)
        scope = variables.of_call(self._call, twin_rule.variables)
        if _reads_twin_only(rule, self._scope, columns) and _reads_twin_only(twin_rule, scope):
            return _predicate_of_both(rule, twin_rule, engine)
        asked = predicate_of(rule, engine, self._scope, columns)
        return _of_both(asked, predicate_of(twin_rule, engine, scope, COLUMNS))

    def statement(self, statement: Statement, further: str | None = None) -> Statement:
        """A statement with the condition, and a further one."""
        condition = self._condition if further is None else f"{further} AND {self._condition}"
        return statement.where(condition).shaped(self.search.shape)

    def sure_statement(self) -> Statement | None:
        """The statement for a page that the engine decides; None where it cannot be sure."""
        if self._sure == "FALSE":
            return None
        perhaps = "FALSE" if self._exact else self._condition
        return stored.SURE_PAGE.where(perhaps, self._sure).shaped(self.search.shape)

    async def completed(self, transaction: Transaction, rows: Iterable[Row]) -> list[Facts]:
        """The twins of some rows, with all that the rules read of them."""
        twins = [Facts._make(row) for row in rows]
        if not self._reads_ledger:
            return twins
        return await gathering.with_ledgers(transaction, self._call, twins)

    def keeps(self, twin: Facts) -> bool:
        """Whether a twin that came back belongs to the answer."""
        if twin.document is None:
            return False
        if self._exact:
            return True
        if not self.search.rule.matches(self._gather(self._as_seen(twin))):
            return False
        return not self._checks_access or access.sees_twin(self._call, twin)

    def _as_seen(self, twin: Facts) -> Facts:
        if not (self._is_brought and self._reads_ledger):
            return twin
        return access.with_seen_ledger(self._call, twin)

    def spans(self) -> list[Span] | None:
        """Where indexes have all candidates; None when no index can help."""
        seeks = self.search.rule.seeks(COLUMNS, self._scope)
        if seeks is None or len(seeks) > _MOST_SPANS:
            return None
        spans = [span for seek in seeks if (span := span_of(seek)) is not None]
        return spans if len(spans) == len(seeks) else None


def columns_for(call: Call) -> "Mapping[str, Column]":
    """`COLUMNS` for the rule of a caller: SQL sees the ledger only when they see all of it."""
    return COLUMNS if call.actor.entry_rule is None else _COLUMNS_WITHOUT_LEDGER


def predicate_of(
    rule: "Rule", engine: "Engine", scope: Mapping[str, object], columns: "Mapping[str, Column]"
) -> "Predicate | None":
    """The condition of a rule on `searched_twins`; None where the engine can say nothing."""
    if _reads_twin_only(rule, scope, columns):
        return _predicate_of_twin(rule, engine)
    return rule.to_sql(columns, engine, scope)


def _reads_twin_only(
    rule: "Rule", scope: Mapping[str, object], columns: "Mapping[str, Column]" = COLUMNS
) -> bool:
    return not scope and columns is COLUMNS and rule.variables <= COLUMNS.keys()


def _of_both(asked: "Predicate | None", allowed: "Predicate | None") -> "Predicate | None":
    if asked is None or allowed is None:
        known = asked or allowed
        return known and known.unsure()
    return asked.with_further(allowed)


@kept(MOST_KEPT, lambda rule, twin_rule, _: len(rule.text) + len(twin_rule.text))
def _predicate_of_both(rule: "Rule", twin_rule: "Rule", engine: "Engine") -> "Predicate | None":
    """The condition of two rules, neither of which reads anything but the twin."""
    return _of_both(_predicate_of_twin(rule, engine), _predicate_of_twin(twin_rule, engine))


@kept(MOST_KEPT, lambda rule, _: len(rule.text))
def _predicate_of_twin(rule: "Rule", engine: "Engine") -> "Predicate | None":
    """The condition of a rule that reads nothing but the twin; it is the same for every call."""
    return rule.to_sql(COLUMNS, engine)
