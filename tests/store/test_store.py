"""What every engine promises: the same tests on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from twinhold.store import (
    AccessChangedError,
    SchemaTooNewError,
    Store,
    StoreUnavailableError,
    Transaction,
    migrations,
    open_store,
)
from twinhold.store.dialect import POSTGRESQL
from twinhold.store.keys import ALONE, INSERT_KEY
from twinhold.store.postgres import connections
from twinhold.store.sqlite import SqliteStore
from twinhold.store.statement import Statement

Body = Callable[[Store], Coroutine[Any, Any, None]]
Run = Callable[[Body], None]

SELECT_KEY = Statement("SELECT key FROM registry_keys WHERE purpose = :purpose")
COUNT = Statement("SELECT count(*) FROM registry_keys")
NEWER = Statement("INSERT INTO schema_version (step) VALUES (:step)")


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Run:
    """Runs a coroutine with an open, empty store on the engine."""
    database = None if engine == "sqlite" else new_database()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = await open_store(tmp_path, database)
        try:
            yield store
        finally:
            await store.close()

    async def go(body: Body) -> None:
        async with opened() as store:
            await body(store)

    return lambda body: asyncio.run(go(body))


async def put(transaction: Transaction, purpose: str, key: bytes = b"k") -> str:
    await transaction.run(INSERT_KEY, {"purpose": purpose, "key": key})
    return purpose


async def put_and_fail(transaction: Transaction, purpose: str) -> None:
    await put(transaction, purpose)
    raise LookupError(purpose)


async def key(transaction: Transaction, purpose: str) -> bytes | None:
    row = await transaction.one(SELECT_KEY, {"purpose": purpose})
    return None if row is None else bytes(row[0])


async def count(transaction: Transaction) -> int:
    row = await transaction.one(COUNT, {})
    assert row is not None
    return int(row[0])


def test_a_write_answers_its_result_and_is_read_back(run: Run) -> None:
    async def body(store: Store) -> None:
        assert await store.write(put, "a", b"\x00\xff") == "a"
        assert await store.read(key, "a") == b"\x00\xff"
        assert await store.read(key, "b") is None

    run(body)


def test_a_write_that_raises_leaves_no_trace(run: Run) -> None:
    async def body(store: Store) -> None:
        with pytest.raises(LookupError, match="a"):
            await store.write(put_and_fail, "a")
        assert await store.read(count) == 0

    run(body)


def test_writes_that_wait_together_fail_alone(run: Run) -> None:
    async def body(store: Store) -> None:
        writes = [store.write(put_and_fail if n % 3 == 0 else put, f"k{n}") for n in range(30)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        for n, outcome in enumerate(outcomes):
            if n % 3:
                assert outcome == f"k{n}"
                assert await store.read(key, f"k{n}") == b"k"
            else:
                assert isinstance(outcome, LookupError)
        assert await store.read(count) == 20

    run(body)


def test_a_use_case_sees_its_own_changes(run: Run) -> None:
    async def change(transaction: Transaction) -> bytes | None:
        await put(transaction, "a", b"1")
        return await key(transaction, "a")

    async def body(store: Store) -> None:
        assert await store.write(change) == b"1"

    run(body)


def test_a_write_survives_the_request_that_left(run: Run) -> None:
    async def body(store: Store) -> None:
        left = asyncio.ensure_future(store.write(put, "left"))
        await asyncio.sleep(0)
        left.cancel()
        await store.write(put, "stayed")
        assert await store.read(key, "stayed") == b"k"

    run(body)


def test_migrations_run_once(run: Run) -> None:
    async def body(store: Store) -> None:
        assert await store.write(migrations.migrate) == 0

    run(body)


def test_a_schema_of_a_later_version_is_refused(run: Run) -> None:
    async def body(store: Store) -> None:
        async def renew(transaction: Transaction) -> None:
            await transaction.run(NEWER, {"step": 9999})

        await store.write(renew)
        with pytest.raises(SchemaTooNewError, match=r"9999.*install"):
            await store.write(migrations.migrate)

    run(body)


def test_a_text_with_every_character_is_a_value_and_never_sql(run: Run) -> None:
    async def body(store: Store) -> None:
        hostile = "'; DROP TABLE twins; -- :name ?1 $1 {document} %s \u2028 🚰"
        await store.write(put, hostile)
        assert await store.read(key, hostile) == b"k"

    run(body)


class TestSqlite:
    """What only the embedded engine promises."""

    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    def test_a_use_case_that_suspends_is_an_error_and_leaves_no_trace(self, run: Run) -> None:
        async def suspend(transaction: Transaction) -> None:
            await put(transaction, "a")
            await asyncio.sleep(0)

        async def body(store: Store) -> None:
            with pytest.raises(RuntimeError, match="suspended"):
                await store.write(suspend)
            assert await store.read(count) == 0

        run(body)

    def test_a_store_that_closes_takes_no_more_writes(self, tmp_path: Path) -> None:
        async def body() -> None:
            store = await open_store(tmp_path, None)
            await store.close()
            with pytest.raises(StoreUnavailableError, match="closing"):
                await store.write(put, "a")

        asyncio.run(body())

    def test_a_folder_that_cannot_be_written_is_a_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "twinhold.db").mkdir()
        with pytest.raises(StoreUnavailableError, match="cannot be opened"):
            asyncio.run(open_store(tmp_path, None))


def test_what_a_lost_commit_showed_counts_as_changed(tmp_path: Path) -> None:
    """Writes of its group may remember what they saw, so they must ask anew."""

    async def change(transaction: Transaction) -> None:
        await put(transaction, "seen")
        await transaction.change_access()

    async def body() -> None:
        store = await open_store(tmp_path, None)
        assert isinstance(store, SqliteStore)
        before = await store.read(lambda transaction: transaction.generation())
        store._writer.set_commit_hook(lambda: True)
        with pytest.raises(StoreUnavailableError):
            await store.write(change)
        store._writer.set_commit_hook(None)
        assert await store.read(key, "seen") is None
        with pytest.raises(AccessChangedError):
            await store.write_at(before, put, "later")
        await store.close()

    asyncio.run(body())


def test_a_migration_may_take_longer_than_a_request(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2.0
    monkeypatch.setattr(connections, "_STATEMENT_SECONDS", limit)

    database = new_database()

    async def check() -> None:
        other = await asyncpg.connect(database)
        async with other.transaction():
            await other.execute(ALONE.spelled(POSTGRESQL))
            opening = asyncio.create_task(open_store(tmp_path, database))
            finished, _ = await asyncio.wait([opening], timeout=limit + 0.5)
            assert not finished
        await (await opening).close()
        await other.close()

    asyncio.run(check())


@pytest.mark.parametrize("state", ["58030", "53100", "57P01"])
def test_a_database_that_says_what_fails_it_does_not_answer(
    new_database: Callable[[], str], tmp_path: Path, state: str
) -> None:
    """An error of its disk, a full one, an administrator who ends it: no defect of ours."""
    fails = Statement(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")

    database = new_database()

    async def fail(transaction: Transaction) -> None:
        await transaction.run(fails, {})

    async def check() -> None:
        store = await open_store(tmp_path, database)
        with pytest.raises(StoreUnavailableError):
            await store.write(fail)
        await store.write(put, "later")
        assert await store.read(key, "later") is not None
        await store.close()

    asyncio.run(check())
