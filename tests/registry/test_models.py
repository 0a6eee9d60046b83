"""Models in the registry: kept in memory while they are good, shared where they are the same."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.material import PREFIX, component, interface, level_twin, ontology

from twinhold.blobs import open_blobs
from twinhold.registry import Registry, accounts, ids, model_uploads, models, user_secrets
from twinhold.registry.calls import OwnCalls
from twinhold.registry.errors import (
    ModelExistsError,
    ModelInUseError,
    ModelInvalidError,
    ModelNotFoundError,
)
from twinhold.registry.loaded_models import LoadedModels
from twinhold.registry.principal import NOBODY, Call
from twinhold.store import AccessChangedError, Store, open_store
from twinhold.store.accounts import INSERT_USER
from twinhold.store.statement import Statement

Options = Callable[[], list[str]]
Run = Callable[[Callable[[Store], Awaitable[None]]], None]

SPACE = interface("Space", contents=[{"@type": "Property", "name": "area", "schema": "double"}])
LEVEL = interface("Level", extends="dtmi:test:Space;1", contents=[component("roof", "Roof")])
ROOF = interface("Roof", extends="dtmi:test:Part;1")
PART = interface("Part", contents=[{"@type": "Property", "name": "mass", "schema": "double"}])
HOUSE = [SPACE, LEVEL, ROOF, PART]

CONTENTS = Statement("SELECT digest FROM model_contents")
ANCESTORS = Statement("SELECT ancestor, dtmi FROM model_ancestors ORDER BY ancestor, dtmi")
EDGES = Statement("SELECT dtmi, depends_on, kind FROM model_edges ORDER BY dtmi, depends_on")


@pytest.fixture
def run(tmp_path: Path, options: Options) -> Run:
    """Runs a test on a store of its own."""
    database = next(iter(options()[1:]), None)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = await open_store(tmp_path, database)
        try:
            yield store
        finally:
            await store.close()

    def runner(test: Callable[[Store], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with opened() as store:
                await test(store)

        asyncio.run(whole())

    return runner


async def call_of(store: Store, account: str) -> Call:
    """A call as of now, with nothing in memory."""
    generation = await store.read(lambda transaction: transaction.generation())
    actor = msgspec.structs.replace(
        NOBODY, account=account, generation=generation, models=LoadedModels()
    )
    return Call(actor, time.time_ns() // 1000)


async def upload(store: Store, account: str, *documents: Any) -> None:
    """Upload models to an account."""
    calls = OwnCalls(store, await call_of(store, account))
    await model_uploads.upload(calls, json.dumps(documents).encode())


async def count(store: Store, statement: Statement) -> int:
    """How many rows a statement finds."""
    return len(await store.read(lambda transaction: transaction.all(statement, {})))


def test_a_model_comes_with_all_that_values_need(run: Run) -> None:
    async def test(store: Store) -> None:
        account = ids.new_uuid()
        await upload(store, account, *HOUSE)
        call = await call_of(store, account)
        level = await store.read(models.get, call, "dtmi:test:Level;1")
        assert level.validate({"area": 1.5, "roof": {"mass": 2.5}}) == []
        [found] = level.validate({"roof": {"mass": "x"}})
        assert found.pointer == "/roof/mass"

    run(test)


def test_what_is_in_memory_asks_the_store_nothing(run: Run) -> None:
    async def test(store: Store) -> None:
        account = ids.new_uuid()
        await upload(store, account, *HOUSE)
        call = await call_of(store, account)
        level = await store.read(models.get, call, "dtmi:test:Level;1")
        for dtmi in ("Level", "Space", "Roof", "Part"):
            found = await models.get(None, call, f"dtmi:test:{dtmi};1")  # type: ignore[arg-type]
            assert found.dtmi == f"dtmi:test:{dtmi};1"
        assert await models.get(None, call, "dtmi:test:Level;1") is level  # type: ignore[arg-type]

    run(test)


def test_principals_of_a_generation_share_what_is_in_memory(run: Run, tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        registry = await Registry.open(store, frozenset(), await open_blobs(tmp_path, None))
        draft = accounts.draft()
        now = time.time_ns() // 1000
        await store.write(accounts.create, "Test", draft, now, operator=True)
        await upload(store, draft.account, *HOUSE)
        first = await registry.authenticator.principal(draft.secret, now)
        await registry.authenticator.renew()
        second = await registry.authenticator.principal(draft.secret, now)
        assert second.models is not first.models
        user, secret = ids.new_uuid(), user_secrets.new_secret()
        fresh = {"user": user, "account": draft.account, "role": draft.role, "now": now}
        unset = {"description": None, "activity": None}
        row = fresh | unset | {"name": "Other"}
        await store.write(lambda transaction: transaction.run(INSERT_USER, row))
        await store.write(user_secrets.insert, user, secret, None, now)
        other = await registry.authenticator.principal(secret, now)
        assert other.user != second.user
        assert other.models is second.models

    run(test)


def test_a_change_of_models_refuses_calls_from_before(run: Run) -> None:
    async def test(store: Store) -> None:
        account = ids.new_uuid()
        before = await call_of(store, account)
        await upload(store, account, SPACE)
        with pytest.raises(AccessChangedError):
            await store.read_at(before.actor.generation, models.find_all, before, models.Listing())
        middle = await call_of(store, account)
        await store.write(models.delete, middle, "dtmi:test:Space;1")
        with pytest.raises(AccessChangedError):
            await store.read_at(middle.actor.generation, models.get, middle, "dtmi:test:Space;1")
        with pytest.raises(ModelNotFoundError):
            await store.read(models.get, await call_of(store, account), "dtmi:test:Space;1")

    run(test)


def test_an_upload_starts_over_when_models_change_under_way(run: Run) -> None:
    """What it needs is deleted between its reading and its writing."""

    async def test(store: Store) -> None:
        account = ids.new_uuid()
        await upload(store, account, PART)

        class Interrupted(OwnCalls):
            async def write(self, *args: Any, **kwargs: Any) -> Any:
                await store.write(models.delete, await call_of(store, account), "dtmi:test:Part;1")
                return await store.write(args[0], await call_of(store, account), *args[1:])

        calls = Interrupted(store, await call_of(store, account))
        with pytest.raises(AccessChangedError):
            await model_uploads.upload(calls, json.dumps([ROOF]).encode())
        assert await count(store, CONTENTS) == 0

    run(test)


def test_accounts_share_what_is_the_same_and_nothing_else(run: Run) -> None:
    """Roof has the same text in all accounts, but extends another Part in the third."""

    async def test(store: Store) -> None:
        one, two, three = (ids.new_uuid() for _ in range(3))
        await upload(store, one, ROOF, PART)
        await upload(store, two, ROOF, PART)
        assert await count(store, CONTENTS) == 2
        base = interface("Base")
        await upload(store, three, ROOF, {**PART, "extends": "dtmi:test:Base;1"}, base)
        assert await count(store, CONTENTS) == 5
        roofs = [
            await store.read(models.get, await call_of(store, account), "dtmi:test:Roof;1")
            for account in (one, two, three)
        ]
        assert [len(roof.ancestors) for roof in roofs] == [1, 1, 2]
        for account, left in ((one, 5), (two, 3)):
            for name in ("Roof", "Part"):
                await store.write(
                    models.delete, await call_of(store, account), f"dtmi:test:{name};1"
                )
            assert await count(store, CONTENTS) == left

    run(test)


def test_descendants_and_edges_go_with_their_models(run: Run) -> None:
    async def test(store: Store) -> None:
        account, other = ids.new_uuid(), ids.new_uuid()
        attic = interface("Attic", extends="dtmi:test:Level;1")
        await upload(store, account, *HOUSE, attic)
        await upload(store, other, SPACE)
        call = await call_of(store, account)
        found = await store.read(models.descendants, call, "dtmi:test:Space;1")
        assert found == ("dtmi:test:Attic;1", "dtmi:test:Level;1")
        with pytest.raises(ModelInUseError, match="Attic"):
            await store.write(models.delete, call, "dtmi:test:Level;1")
        for name in ("Attic", "Level", "Space", "Roof", "Part"):
            await store.write(models.delete, call, f"dtmi:test:{name};1")
        assert await count(store, ANCESTORS) == await count(store, EDGES) == 0
        assert await count(store, CONTENTS) == 1

    run(test)


def test_all_or_nothing(run: Run) -> None:
    async def test(store: Store) -> None:
        account = ids.new_uuid()
        with pytest.raises(ModelInvalidError):
            await upload(store, account, SPACE, interface("Bad", extends="dtmi:test:Gone;1"))
        await upload(store, account, SPACE)
        with pytest.raises(ModelExistsError):
            await upload(store, account, PART, {**SPACE, "comment": "changed"})
        assert await count(store, CONTENTS) == 1

    run(test)


def test_a_real_ontology_is_read_from_the_store_not_parsed(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The vendor's example twin is checked by a store that never parsed the model."""
    text, twin = ontology().read_bytes(), level_twin()

    async def test(store: Store) -> None:
        account = ids.new_uuid()
        times = [time.process_time()]
        await model_uploads.upload(OwnCalls(store, await call_of(store, account)), text)
        call = await call_of(store, account)
        times.append(time.process_time())
        level = await store.read(models.get, call, f"{PREFIX}Level;1")
        assert level.validate(twin) == []
        times.append(time.process_time())
        level = await store.read(models.get, call, f"{PREFIX}Level;1")
        assert level.validate(twin) == []
        times.append(time.process_time())
        assert [found.code for found in level.validate({"levelNumber": "0"})] == ["value.type"]
        found = await store.read(models.descendants, call, f"{PREFIX}Capability;1")
        assert len(found) == 2510
        upload_s, cold, warm = (late - early for early, late in pairwise(times))
        assert cold < upload_s / 2
        shown = f"upload {upload_s:.2f} s, cold {cold * 1e3:.2f} ms, warm {warm * 1e6:.0f} µs"
        with capsys.disabled():
            sys.stdout.write(f"\n  {shown}\n")

    run(test)
