"""Requests that wait together: each has its own answer, whatever becomes of the others.

What can be seen from outside holds on both engines; how it comes about only on PostgreSQL.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.contract.test_statements import CountedPool
from tests.process.proxy import between

from twinhold.registry import ids
from twinhold.store import (
    AccessChangedError,
    Store,
    StoreUnavailableError,
    Transaction,
    open_store,
)
from twinhold.store import twins as stored
from twinhold.store.keys import INSERT_KEY
from twinhold.store.postgres import PostgresStore
from twinhold.store.shape import Json, shape

Body = Callable[[Store], Coroutine[Any, Any, None]]
Run = Callable[[Body], None]

OWNER = ids.new_uuid()
SHAPE = shape(Json("coalesce(description, '')"))
SELECT = stored.SELECT.shaped(SHAPE)
HELD = stored.SELECT_FOR_UPDATE.shaped(SHAPE)
UPDATE = stored.UPDATE_DESCRIPTION.shaped(SHAPE)
INSERT = stored.INSERT.shaped(SHAPE)
MANY = 50


@pytest.fixture
def database(engine: str, new_database: Callable[[], str]) -> str | None:
    """The address of an empty database; None on SQLite."""
    return None if engine == "sqlite" else new_database()


@pytest.fixture
def run(database: str | None, tmp_path: Path) -> Run:
    """Runs a coroutine with an open, empty store on the engine."""

    async def go(body: Body) -> None:
        async with opened(tmp_path, database) as store:
            await body(store)

    return lambda body: asyncio.run(go(body))


@asynccontextmanager
async def opened(data: Path, database: str | None) -> AsyncIterator[Store]:
    """A store for the length of a block."""
    store = await open_store(data, database)
    try:
        yield store
    finally:
        await store.close()


async def create(transaction: Transaction, uuid: str, text: str) -> str:
    """A new twin."""
    values = {"uuid": uuid, "owner": OWNER, "now": 1, "description": text}
    row = await transaction.one(INSERT, values)
    assert row is not None
    return str(row[stored.DOCUMENT])


async def get(transaction: Transaction, uuid: str) -> str | None:
    """What a twin is described by; None when there is none."""
    row = await transaction.one(SELECT, {"uuid": uuid})
    return None if row is None else str(stored.Facts._make(row).document)


async def append(transaction: Transaction, uuid: str, text: str) -> str:
    """Describe a twin by what it was described by, and more."""
    row = await transaction.one(HELD, {"uuid": uuid})
    if row is None:
        raise LookupError(uuid)
    text = stored.Facts._make(row).document + text
    changed = await transaction.one(UPDATE, {"uuid": uuid, "now": 2, "description": text})
    assert changed is not None
    return str(changed[stored.DOCUMENT])


async def append_and_fail(transaction: Transaction, uuid: str, text: str) -> None:
    """Like `append`, but for the end."""
    raise LookupError(await append(transaction, uuid, text))


async def append_aside(transaction: Transaction, uuid: str, text: str) -> str:
    """Like `append`, with a statement in between that cannot be asked for many."""
    await transaction.run(INSERT_KEY, {"purpose": uuid, "key": b"k"})
    return await append(transaction, uuid, text)


async def made(store: Store, count: int = MANY) -> list[str]:
    """So many twins, described by their numbers, made at the same time."""
    uuids = [ids.new_twin_uuid(time.time_ns() // 1000) for _ in range(count)]
    answers = [write(store, create, uuid, str(n)) for n, uuid in enumerate(uuids)]
    assert await asyncio.gather(*answers) == [str(n) for n in range(count)]
    return uuids


def write(store: Store, use_case: Any, uuid: str, *args: Any, generation: int = 0) -> Any:
    """The answer to a write that keeps to one twin."""
    return store.write_twin_at(generation, uuid, use_case, uuid, *args)


async def read(store: Store, uuids: list[str]) -> list[str | None]:
    """What some twins are described by, read at the same time."""
    return await asyncio.gather(*(store.read_at(0, get, uuid) for uuid in uuids))


def test_each_has_its_own_answer(run: Run) -> None:
    async def body(store: Store) -> None:
        uuids = await made(store)
        unknown = ids.new_uuid()
        asked = [*reversed(uuids), unknown, *uuids]
        expected = [*map(str, reversed(range(MANY))), None, *map(str, range(MANY))]
        assert await read(store, asked) == expected
        changed = await asyncio.gather(*(write(store, append, uuid, "!") for uuid in uuids))
        assert changed == [f"{n}!" for n in range(MANY)]
        assert await read(store, uuids) == changed

    run(body)


def test_writes_of_one_twin_follow_each_other(run: Run) -> None:
    async def body(store: Store) -> None:
        one, other = await made(store, 2)
        answers = await asyncio.gather(
            *(write(store, append, one, f",{n}") for n in range(20)),
            *(write(store, append, other, f",{n}") for n in range(20)),
        )
        assert answers == [
            f"{twin}" + "".join(f",{n}" for n in range(last + 1))
            for twin in range(2)
            for last in range(20)
        ]

    run(body)


@pytest.mark.parametrize("failing", [append_and_fail, append, create, append_aside])
def test_one_that_fails_fails_alone(run: Run, failing: Any) -> None:
    """After it has changed something, before that, in the engine, and where it is made alone."""

    async def body(store: Store) -> None:
        uuids = await made(store)
        bad = ids.new_uuid() if failing in (append, append_aside) else uuids[7]
        outcomes = await asyncio.gather(
            *(write(store, append, uuid, "!") for uuid in uuids[:7]),
            write(store, failing, bad, "?"),
            *(write(store, append, uuid, "!") for uuid in uuids[8:]),
            return_exceptions=True,
        )
        assert isinstance(outcomes[7], Exception)
        assert not isinstance(outcomes[7], StoreUnavailableError)
        expected = [f"{n}!" for n in range(MANY)]
        expected[7] = "7"
        outcomes[7] = "7"
        assert outcomes == expected
        assert await read(store, uuids) == expected

    run(body)


def test_one_that_asks_something_else_gets_it(run: Run) -> None:
    async def body(store: Store) -> None:
        uuids = await made(store)
        use_cases = [append_aside if n % 5 == 0 else append for n in range(MANY)]
        writes = map(write, [store] * MANY, use_cases, uuids, "!" * MANY)
        assert await asyncio.gather(*writes) == [f"{n}!" for n in range(MANY)]

    run(body)


def test_access_that_has_changed_is_obeyed_by_each(run: Run) -> None:
    async def body(store: Store) -> None:
        uuids = await made(store)
        before = await store.read(lambda transaction: transaction.generation())
        await store.write(lambda transaction: transaction.change_access())
        fresh = [ids.new_uuid() for _ in uuids]
        calls = [
            write(store, append, uuid, "!", generation=before + n % 2)
            for n, uuid in enumerate(uuids)
        ]
        calls += [
            write(store, create, uuid, "", generation=before + n % 2)
            for n, uuid in enumerate(fresh)
        ]
        calls += [store.read_at(before + n % 2, get, uuid) for n, uuid in enumerate(uuids)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for n, outcome in enumerate(outcomes):
            assert isinstance(outcome, AccessChangedError) == (n % 2 == 0), outcome
        seen = await asyncio.gather(*(store.read(get, uuid) for uuid in [*uuids, *fresh]))
        kept = [f"{n}!" if n % 2 else f"{n}" for n in range(MANY)]
        assert seen == [*kept, *("" if n % 2 else None for n in range(MANY))]

    run(body)


def test_a_write_goes_on_when_its_request_leaves(run: Run) -> None:
    async def body(store: Store) -> None:
        uuids = await made(store)
        writes = [asyncio.ensure_future(write(store, append, uuid, "!")) for uuid in uuids]
        await asyncio.sleep(0)
        writes[7].cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        assert await read(store, uuids) == [f"{n}!" for n in range(MANY)]

    run(body)


class TestPostgresql:
    """How they travel."""

    @pytest.fixture
    def engine(self) -> str:
        return "postgresql"

    def test_together_they_are_as_many_statements_as_one_alone(self, run: Run) -> None:
        async def body(store: Store) -> None:
            assert isinstance(store, PostgresStore)
            sent: list[str] = []
            pool = CountedPool(store._pool, sent)
            store._reads._pool = store._writes._pool = pool
            uuids = await made(store)
            assert len(sent) == 1, sent
            await asyncio.gather(*(write(store, append, uuid, "!") for uuid in uuids))
            assert len(sent) == 3, sent
            await read(store, uuids)
            assert len(sent) == 4, sent

        run(body)

    def test_a_twin_that_is_held_holds_up_nobody_else(self, run: Run, database: str) -> None:
        async def body(store: Store) -> None:
            uuids = await made(store)
            holder = await asyncpg.connect(database)
            async with holder.transaction():
                await holder.execute("SELECT FROM twins WHERE uuid = $1 FOR UPDATE", uuids[7])
                writes = [asyncio.ensure_future(write(store, append, uuid, "!")) for uuid in uuids]
                free = [*writes[:7], *writes[8:]]
                await asyncio.gather(*free)
                assert not writes[7].done()
            assert await writes[7] == "7!"
            await holder.close()

        run(body)

    def test_a_lost_database_is_told_to_each(self, database: str, tmp_path: Path) -> None:
        async def body(proxy: Any) -> None:
            async with opened(tmp_path, proxy.url) as store:
                uuids = await made(store)
                for _ in range(2):
                    proxy.tell("cut")
                    calls = [write(store, append, uuid, "!") for uuid in uuids]
                    calls += [store.read_at(0, get, uuid) for uuid in uuids]
                    outcomes = await asyncio.gather(*calls, return_exceptions=True)
                    assert {type(outcome) for outcome in outcomes} == {StoreUnavailableError}
                    assert len(set(map(id, outcomes))) == len(calls)
                    proxy.tell("restore")
                    assert await read(store, uuids) == [str(n) for n in range(MANY)]

        with between(database) as proxy:
            asyncio.run(body(proxy))
