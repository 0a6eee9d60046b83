"""Where twins are looked for: where they lie side by side, if it can be, and in one place."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dialect.willow import bulk

from twinhold.registry import ids, locations
from twinhold.store import open_store, relationships, twin_queries, twins
from twinhold.store.dialect import POSTGRESQL, SQLITE
from twinhold.store.postgres import PostgresStore
from twinhold.store.shape import NOTHING
from twinhold.store.sqlite import SqliteStore
from twinhold.store.statement import Statement

OWNER = "00000000-0000-4000-8000-000000000001"
LEVEL = "BLD-000-L00"
TWINS = 3_000
ANALYZE = Statement("ANALYZE twins, relationships")
STATEMENTS = [
    twin_queries.BY_ID,
    twin_queries.BY_WALK,
    twin_queries.BY_LOCATION,
    twin_queries.COUNT_BY_LOCATION,
    relationships.neighbours(("incoming", "outgoing"), named=True, modelled=True),
]
GIVEN = {
    "owner": OWNER,
    "location": ids.named_twin_uuid(OWNER, LEVEL),
    "ways": json.dumps(locations.WAYS),
    "twins": json.dumps([(ids.named_twin_uuid(OWNER, LEVEL), LEVEL)]),
    "names": json.dumps(["isPartOf"]),
    **dict.fromkeys(("models", "related"), json.dumps(["Room"])),
    **dict.fromkeys(("width", "walked", "most", "count"), 100),
    "after": "",
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The address of an empty database."""
    return new_database()


def test_postgresql_finds_twins_by_their_ids(database: str, tmp_path: Path) -> None:
    """Never by their UUIDs: those of twins that belong together are far from each other."""

    async def indexes(store: PostgresStore, statement: Statement) -> set[str]:
        shaped = statement.where("TRUE").shaped(NOTHING)
        async with store._pool.acquire() as connection:
            plan = await connection.fetchval(
                "EXPLAIN (FORMAT JSON) " + shaped.spelled(POSTGRESQL), *shaped.bind(GIVEN)
            )
        used = nodes(json.loads(plan)[0]["Plan"])
        return {node["Index Name"] for node in used if node.get("Relation Name") == "twins"}

    async def check() -> None:
        store = await open_store(tmp_path, database)
        assert isinstance(store, PostgresStore)
        try:
            await store.write(bulk.insert, OWNER, list(bulk.things(["Sensor"], TWINS)))
            await store.write(lambda transaction: transaction.run(ANALYZE, {}))
            for statement in STATEMENTS:
                found = await indexes(store, statement)
                assert "twins_by_id" in found, statement.text
                # A location itself is known by its UUID.
                assert found <= {"twins_by_id", "twins_of_owner"}, statement.text
        finally:
            await store.close()

    asyncio.run(check())


def test_sqlite_finds_own_twins_in_the_table(tmp_path: Path) -> None:
    """Without a look into an index before, which is another place of a large file."""

    async def check() -> None:
        store = await open_store(tmp_path, None)
        assert isinstance(store, SqliteStore)
        text = twins.SELECT_OWN.shaped(NOTHING).spelled(SQLITE)
        (step,) = store._reader.execute(f"EXPLAIN QUERY PLAN {text}", (OWNER, OWNER))
        assert "SEARCH twins USING PRIMARY KEY" in step[3]
        await store.close()

    asyncio.run(check())
