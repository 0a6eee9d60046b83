"""References that follow their sources: what a change does itself, and who does the rest."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.harness import in_registry

from twinhold.api.trusted_twin.wire import ledgers as wire
from twinhold.registry import Registry, accounts, ids, twins
from twinhold.registry.ledgers import reading, references, writing
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store.shape import NOTHING

SECONDS = 10.0
Run = Callable[["Callable[[Scene], Awaitable[None]]"], None]


class Scene:
    """A source, and twins whose entry `a` has its value from it, in a chain or side by side."""

    def __init__(self, registry: Registry, call: Call) -> None:
        self.registry = registry
        self.store = registry.store
        self._call = call

    @classmethod
    async def open(cls, registry: Registry) -> "Scene":
        now = time.time_ns() // 1000
        made = await registry.store.write(
            accounts.create, "Test", accounts.draft(), now, operator=True
        )
        return cls(registry, Call(await registry.authenticator.principal(made.secret, now), now))

    async def new(self, source: str | None = None) -> str:
        """A twin whose entry is a value, or is copied from another twin's."""
        twin = ids.new_twin_uuid(self._call.now)
        await self.store.write(twins.create, self._call, twin, None, NOTHING)
        of = f"twin://{source}/{self._call.actor.account}/a"
        await self.change(twin, writing.add, {"ref": {"source": of}} if source else {"value": 0})
        return twin

    async def change(self, twin: str, use_case: Any, entry: Any) -> None:
        sent = msgspec.json.encode({"entries": {"a": entry}})
        account = self._call.actor.account
        given, terms = (
            await wire.added(sent, account) if use_case is writing.add else await wire.updated(sent)
        )
        await self.store.write(use_case, self._call, Which(twin, account), given, terms)

    async def values(self, followers: list[str]) -> list[Any]:
        account = self._call.actor.account
        texts = [
            await self.store.read(
                reading.get_values, self._call, Which(twin, account), frozenset({"a"})
            )
            for twin in followers
        ]
        return [msgspec.json.decode(text)["a"]["value"] for text in texts]

    async def become(self, followers: list[str], value: Any) -> float:
        """Wait until all have a value; answers for how long."""
        began = time.monotonic()
        while (found := await self.values(followers)) != [value] * len(followers):
            assert time.monotonic() < began + SECONDS, found
            await asyncio.sleep(0.01)
        return time.monotonic() - began


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Run:
    """Runs a check on a scene in whose background nothing happens yet."""
    database = None if engine == "sqlite" else new_database()

    def go(check: Callable[[Scene], Awaitable[None]]) -> None:
        async def opened(registry: Registry) -> None:
            await check(await Scene.open(registry))

        in_registry(tmp_path, database, opened)

    return go


async def _followers(scene: Scene) -> tuple[str, list[str]]:
    """A source; of five that follow it, three do so through each other."""
    source = await scene.new()
    chain = [await scene.new(source)]
    chain += [await scene.new(chain[0])]
    chain += [await scene.new(chain[1])]
    return source, [*chain, await scene.new(source), await scene.new(source)]


def test_on_sqlite_all_follow_in_the_transaction_of_the_change(run: Run, engine: str) -> None:
    async def check(scene: Scene) -> None:
        source, followers = await _followers(scene)
        await scene.change(source, writing.update, {"value": 1})
        assert await scene.values(followers) == [1 if engine == "sqlite" else 0] * 5

    run(check)


def test_what_a_change_has_no_time_for_follows_behind_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many refer to an entry, a change of it holds up no writer of SQLite for long."""

    async def check(scene: Scene) -> None:
        source, followers = await _followers(scene)
        monkeypatch.setattr(references, "SETTLING_SECONDS", -1.0)
        await scene.change(source, writing.update, {"value": 1})
        assert await scene.values(followers) == [0] * 5
        await scene.registry.references.start()
        await scene.become(followers, 1)
        await scene.registry.references.close()

    run(check)


@pytest.mark.parametrize("engine", ["postgresql"], scope="session")
def test_on_postgresql_a_change_waits_for_nobody_who_refers_to_it(run: Run) -> None:
    async def check(scene: Scene) -> None:
        source = await scene.new()
        follower = await scene.new(source)
        held, released = asyncio.Event(), asyncio.Event()

        async def hold(transaction: Transaction) -> None:
            await references.hold(transaction, follower)
            held.set()
            await released.wait()

        await scene.registry.references.start()
        holding = asyncio.create_task(scene.store.write(hold))
        await held.wait()
        async with asyncio.timeout(SECONDS):
            await scene.change(source, writing.update, {"value": 1})
        assert await scene.values([source, follower]) == [1, 0]
        released.set()
        await holding
        await scene.become([follower], 1)
        await scene.registry.references.close()

    run(check)


@pytest.mark.parametrize("engine", ["postgresql"], scope="session")
def test_on_postgresql_a_change_reaches_its_references_within_a_second(run: Run) -> None:
    """Also when another process makes it; the quickest of some, for the machine may be busy."""

    async def check(scene: Scene) -> None:
        source, followers = await _followers(scene)
        await scene.registry.references.start()
        took = []
        for value in range(1, 4):
            await scene.change(source, writing.update, {"value": value})  # and nobody wakes it
            took.append(await scene.become(followers, value))
        assert min(took) < 1
        await scene.registry.references.close()

    run(check)
