"""The history of ledger entries (spec section 7.3)."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.dialect.trusted_twin.ledgers import add, history, new_twin, update
from tests.harness import Account, answered, body, error, in_registry

from twinhold.api.trusted_twin.wire import ledgers as wire
from twinhold.api.trusted_twin.wire.twins import TWIN
from twinhold.registry import Registry, accounts, ids, twins
from twinhold.registry.errors import DocumentTooLargeError
from twinhold.registry.ledgers import history as histories
from twinhold.registry.ledgers import reading, writing
from twinhold.registry.ledgers.history import Span
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.principal import Call

DAY = 24 * 3600 * 1_000_000
EVERYTHING = Span(None, 0, 1 << 62, 10_000)


@pytest.fixture
def twin(account: Account) -> str:
    return new_twin(account)


def test_has_each_value_newest_first(account: Account, twin: str) -> None:
    times = [add(account, twin, a={"value": 0, "history": "3M"}, b={"value": 1})["a"]]
    times += [update(account, twin, a={"value": n}, b={"value": n})["a"] for n in (1, 2, 2, [3])]
    found = answered(account.client().get_twin_ledger_entry_history(twin), wire.LedgerHistory)
    records = found.entries["a"]
    assert isinstance(records, dict)
    assert list(records.values()) == [[3], 2, 1, 0]
    changed = sorted({entry["value_changed_ts"] for entry in times}, reverse=True)
    assert [float(moment) for moment in records] == changed
    assert found.entries["b"] == {}


def test_begins_with_the_current_value_and_ends_when_it_is_switched_off(
    account: Account, twin: str
) -> None:
    add(account, twin, a={"value": 1})
    update(account, twin, a={"value": 2})
    update(account, twin, a={"history": "1D"})
    assert list(history(account, twin)["a"].values()) == [2]
    update(account, twin, a={"history": "INF", "value": 3})
    assert list(history(account, twin)["a"].values()) == [3, 2]
    update(account, twin, a={"history": None})
    assert history(account, twin) == {"a": {}}
    update(account, twin, a={"history": "INF"})
    assert list(history(account, twin)["a"].values()) == [3]


def test_goes_with_its_entry(account: Account, twin: str) -> None:
    add(account, twin, a={"value": 1, "history": "INF"})
    body(account.client().delete_twin_ledger_entry(twin))
    add(account, twin, a={"value": 2, "history": "INF"})
    assert list(history(account, twin)["a"].values()) == [2]


def test_is_narrowed(account: Account, twin: str) -> None:
    add(account, twin, a={"value": 0, "history": "INF"}, b={"value": "b", "history": "INF"})
    for n in range(1, 6):
        update(account, twin, a={"value": n})
    moments = list(history(account, twin)["a"])
    assert list(history(account, twin, limit=2)["a"].values()) == [5, 4]
    found = history(account, twin, entries=["a", "x"], le=moments[1], ge=moments[3])
    assert {name: found[name] for name in ("x",)} == {"x": "Entry not accessible."}
    assert list(found["a"].values()) == [4, 3, 2]
    assert set(found) == {"a", "x"}
    assert history(account, twin, ge=float(moments[0]) + 1) == {"a": {}, "b": {}}


@pytest.mark.parametrize(
    "params", [{"limit": 101}, {"limit": 0}, {"le": "x"}, {"ge": -1}, {"ge": "nan"}, {"le": "inf"}]
)
def test_refuses(account: Account, twin: str, params: Any) -> None:
    answer = account.client().get_twin_ledger_entry_history(twin, params=params)
    assert error(answer) == (400, "400592")


def test_of_a_private_or_hidden_entry_is_not_accessible(
    account: Account, server: Any, twin: str
) -> None:
    settings = {"value": 1, "history": "INF"}
    add(account, twin, a=settings | {"visibility": "true"}, b=settings)
    other = server.account().member(twin_rule="true", entry_rule="true")
    found = history(other, twin, account.account, entries="a,b")
    assert list(found["a"].values()) == [1]
    assert found["b"] == "Entry not accessible."
    assert set(history(other, twin, account.account)) == {"a"}
    member = account.member(entry_rule="entry_name == 'b'")
    assert set(history(member, twin)) == {"b"}


class Ledger:
    """One ledger in a registry of its own, written at times of our choice."""

    def __init__(self, registry: Registry, call: Call, twin: str) -> None:
        self._store = registry.store
        self._call = call
        self._which = Which(twin, call.actor.account)

    @classmethod
    async def open(cls, registry: Registry, now: int) -> "Ledger":
        made = await registry.store.write(
            accounts.create, "Test", accounts.draft(), now, operator=True
        )
        call = Call(await registry.authenticator.principal(made.secret, now), now)
        twin = ids.new_twin_uuid(now)
        await registry.store.write(twins.create, call, twin, msgspec.UNSET, TWIN)
        return cls(registry, call, twin)

    def at(self, now: int) -> Call:
        return msgspec.structs.replace(self._call, now=now)

    async def write(self, use_case: Any, now: int, entry: Any) -> None:
        sent = msgspec.json.encode({"entries": {"a": entry}})
        if use_case is writing.add:
            given, terms = await wire.added(sent, self._which.whose)
        else:
            given, terms = await wire.updated(sent)
        await self._store.write(use_case, self.at(now), self._which, given, terms)

    async def values(self, now: int) -> list[Any]:
        found = await self._store.read(histories.get, self.at(now), self._which, EVERYTHING)
        return [msgspec.json.decode(value) for _, value in found["a"] or []]

    async def entry(self, now: int) -> Any:
        found = await self._store.read(reading.get, self.at(now), self._which, reading.EVERYTHING)
        return msgspec.json.decode(found)["a"]


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Callable[[Any], None]:
    database = None if engine == "sqlite" else new_database()
    return lambda check: in_registry(tmp_path, database, check)


@pytest.mark.parametrize(("duration", "days"), [("2D", 2), ("3W", 21), ("1M", 30), ("1Y", 365)])
def test_is_kept_for_its_duration(run: Callable[[Any], None], duration: str, days: int) -> None:
    async def check(registry: Registry) -> None:
        start = time.time_ns() // 1000
        ledger = await Ledger.open(registry, start)
        await ledger.write(writing.add, start, {"value": 0, "history": duration})
        await ledger.write(writing.update, start + DAY, {"value": 1})
        last = start + days * DAY
        assert await ledger.values(last - 1000) == [1, 0]
        assert await ledger.values(last + 1_000_000) == [1]
        assert await ledger.values(last + 100 * DAY) == [1]  # the current value is always in it
        await ledger.write(writing.update, last + 1_000_000, {"value": 2})
        assert await ledger.values(last + 1_000_000) == [2, 1]
        await ledger.write(writing.update, last + 1_000_000, {"history": "INF"})
        assert await ledger.values(last + 1_000_000) == [2, 1]  # what was dropped is gone

    run(check)


def test_has_at_most_1000_records(run: Callable[[Any], None]) -> None:
    async def check(registry: Registry) -> None:
        start = time.time_ns() // 1000
        ledger = await Ledger.open(registry, start)
        await ledger.write(writing.add, start, {"value": -1, "history": "INF"})
        for n in range(1005):
            await ledger.write(writing.update, start, {"value": n})
        assert await ledger.values(start) == list(range(1004, 4, -1))

    run(check)


def test_changes_within_a_millisecond_have_times_of_their_own(run: Callable[[Any], None]) -> None:
    """Whatever the clock does: a later change has a later time."""

    async def check(registry: Registry) -> None:
        start = time.time_ns() // 1000
        ledger = await Ledger.open(registry, start)
        await ledger.write(writing.add, start, {"value": 0, "history": "INF"})
        moments = [(await ledger.entry(start))["value_changed_ts"]]
        for n, now in enumerate((start, start, start - DAY, start), 1):
            await ledger.write(writing.update, now, {"value": n})
            moments.append((await ledger.entry(start))["value_changed_ts"])
        assert moments == sorted(set(moments))
        assert len(await ledger.values(start)) == 5

    run(check)


def test_that_is_too_large_for_one_answer_is_refused(run: Callable[[Any], None]) -> None:
    async def check(registry: Registry) -> None:
        start = time.time_ns() // 1000
        ledger = await Ledger.open(registry, start)
        await ledger.write(writing.add, start, {"value": "", "history": "INF"})
        for n in range(histories.LARGEST_ANSWER // 60_000 + 1):
            await ledger.write(writing.update, start, {"value": f"{n}" + "x" * 60_000})
        with pytest.raises(DocumentTooLargeError):
            await ledger.values(start)

    run(check)
