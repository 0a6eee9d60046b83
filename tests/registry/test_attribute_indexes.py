"""Indexes of attributes: a search through one finds what its rule says, whatever changes."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from twinhold.registry import attribute_indexes, ids, searches, transfers, twins
from twinhold.registry.attribute_indexes import Indexer
from twinhold.registry.principal import NOBODY, Call, Principal, Statement
from twinhold.registry.searches import Search
from twinhold.rules import parse
from twinhold.store import AccessChangedError, Store, accounts, open_store
from twinhold.store.shape import Text, shape

UUID = shape(Text("uuid"))
VALUES: list[Any] = [1, 1.0, 2, -3.5, 10**30, "1", "", "a", "b" * 300, "\0", True, False, None, [1]]
RULES: dict[str, Callable[[Any], bool]] = {
    "TWIN.v == 1": lambda v: v == 1 and v is not True,
    'TWIN.v == "1"': lambda v: v == "1",
    "TWIN.v > 1": lambda v: type(v) in (int, float) and v > 1,
    "TWIN.v <= -3.5": lambda v: type(v) in (int, float) and v <= -3.5,
    'TWIN.v >= "b"': lambda v: isinstance(v, str) and v >= "b",
    f'TWIN.v == "{"b" * 300}"': lambda v: v == "b" * 300,
    f'TWIN.v == "{"b" * 299}"': lambda _: False,
    'TWIN.v == "a" or TWIN.v == 2': lambda v: v in ("a", 2),
    "TWIN.v == true": lambda v: v is True,
    "TWIN.missing == 1": lambda _: False,
}


class World:
    """A store with one account that writes and searches, and what it should find."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.actor = msgspec.structs.replace(NOBODY, account=ids.new_uuid(), statement=Statement())
        self.described: dict[str, Any] = {}
        self.choice = random.Random(5)

    async def call(self) -> Call:
        """A call by the account, with what is indexed now."""
        indexes = await self.store.read(attribute_indexes.of_account, self.actor.account)
        generation = await self.store.read(lambda transaction: transaction.generation())
        actor = msgspec.structs.replace(self.actor, indexes=indexes, generation=generation)
        return Call(actor, time.time_ns() // 1000)

    async def change(self, steps: int) -> None:
        """Create and update twins at random."""
        for _ in range(steps):
            value = self.choice.choice(VALUES)
            text = json.dumps({"v": value, "w": 1})
            update = bool(self.described) and self.choice.random() < 0.5
            fresh = ids.new_twin_uuid(time.time_ns() // 1000)
            uuid = self.choice.choice(sorted(self.described)) if update else fresh
            use_case = twins.update if update else twins.create
            await self.as_now(self.store.write_at, use_case, uuid, text, UUID)
            self.described[uuid] = value

    async def as_now(self, run: Any, use_case: Any, *args: Any) -> Any:
        """Run a use case as the account; again when what is indexed changes under way."""
        while True:
            call = await self.call()
            try:
                return await run(call.actor.generation, use_case, call, *args)
            except AccessChangedError:
                continue

    async def found(self, rule: str, count: int) -> list[str]:
        """Every twin that a filling search finds, by following its cursor."""
        uuids: list[str] = []
        after: str | None = ids.LOWEST
        while after is not None:
            search = Search(after, count, parse(rule), False, True, UUID)
            page = await self.as_now(self.store.search_at, searches.fill, search)
            uuids += filter(None, page.documents.split(","))
            after = page.last
        return uuids

    async def check(self) -> None:
        """Every rule finds what it should."""
        for rule, holds in RULES.items():
            wanted = sorted(uuid for uuid, value in self.described.items() if holds(value))
            for count in (3, 1000):
                assert await self.found(rule, count) == wanted, rule

    async def ready(self, name: str) -> None:
        """Wait for an index."""
        deadline = time.monotonic() + 30
        while name not in (await self.call()).actor.indexes.ready:
            assert time.monotonic() < deadline, f"no index of {name}"
            await asyncio.sleep(0.01)


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Callable[[Any], None]:
    """Runs a coroutine with a world on the engine."""
    database = None if engine == "sqlite" else new_database()

    async def go(body: Any) -> None:
        store = await open_store(tmp_path, database)
        try:
            await body(World(store))
        finally:
            await store.close()

    return lambda body: asyncio.run(go(body))


def test_a_search_finds_the_same_before_while_and_after_an_index_is_built(
    run: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "WINDOW", 7)
    monkeypatch.setattr(searches, "CANDIDATES", 5)
    monkeypatch.setattr(attribute_indexes, "_STEP", 3)

    async def body(world: World) -> None:
        indexer = Indexer(world.store)
        await world.change(60)
        await world.check()
        indexer.request(world.actor.account, "v")
        await world.change(60)
        await world.check()
        await world.ready("v")
        await world.check()
        await world.change(60)
        await world.check()
        await indexer.close()

    run(body)


def test_building_goes_on_after_a_restart(
    run: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribute_indexes, "_STEP", 1)

    async def body(world: World) -> None:
        await world.change(40)
        first = Indexer(world.store)
        first.request(world.actor.account, "v")
        while not (await world.call()).actor.indexes.kept:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0)
        await first.close()
        assert not (await world.call()).actor.indexes.ready
        second = Indexer(world.store)
        await second.resume()
        await world.ready("v")
        await world.check()
        await second.close()

    run(body)


def test_an_account_has_so_many_indexes_and_no_more(run: Callable[[Any], None]) -> None:
    async def body(world: World) -> None:
        indexer = Indexer(world.store)
        names = [f"a{n}" for n in range(attribute_indexes.MOST_INDEXES + 3)]
        for name in names:
            indexer.request(world.actor.account, name)
        await indexer.idle()
        indexes = (await world.call()).actor.indexes
        assert len(indexes.kept) == attribute_indexes.MOST_INDEXES
        assert indexes.kept == indexes.ready < set(names)
        await indexer.close()

    run(body)


def test_a_long_search_says_which_index_it_misses(
    run: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "WINDOW", 5)
    monkeypatch.setattr(searches, "LONG_SEARCH", 20)

    async def body(world: World) -> None:
        await world.change(80)
        call = await world.call()

        async def missed(rule: str, count: int) -> tuple[str, ...]:
            search = Search(ids.LOWEST, count, parse(rule), False, True, UUID)
            page = await world.store.read(searches.fill, call, search)
            return page.wanted_indexes

        assert await missed('TWIN.v == "none"', 100) == ("v",)
        assert await missed("TWIN.w == 1", 3) == ()
        assert await missed("TWIN.v.deep == 1", 100) == ()

    run(body)


def test_a_twin_that_changes_hands_is_found_by_its_new_owner_only(
    run: Callable[[Any], None],
) -> None:
    async def body(world: World) -> None:
        indexer, other = Indexer(world.store), World(world.store)
        for each in (world, other):
            indexer.request(each.actor.account, "v")
            await each.ready("v")
        await world.change(10)
        uuid = min(world.described)
        await world.store.write(_account, other.actor)
        offer = await world.store.write(
            transfers.create, await world.call(), ids.new_uuid(), uuid, other.actor.account
        )
        await world.store.write(transfers.accept, await other.call(), offer.uuid, UUID)
        other.described[uuid] = world.described.pop(uuid)
        await world.check()
        await other.check()
        await indexer.close()

    run(body)


async def _account(transaction: Any, actor: Principal) -> None:
    await transaction.run(
        accounts.INSERT_ACCOUNT,
        {"account": actor.account, "name": "Other", "operator": False, "now": 0},
    )
