"""What reading values costs: the page, never the series; counted in rows and steps, not in time."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from twinhold.store import Store, open_store
from twinhold.store import time_series as stored
from twinhold.store.dialect import POSTGRESQL, SQLITE
from twinhold.store.postgres import PostgresStore
from twinhold.store.shape import Text, shape
from twinhold.store.sqlite import SqliteStore
from twinhold.store.statement import Statement

SHORT, LONG = 200, 3_000
PAGE, MOST = 20, 1 << 20
TWINS = [str(uuid.UUID(int=number)) for number in range(5)]
SHAPE = shape(Text("scalar"))
PARAMETERS = "twins twin uuids externals owner capability since until time number count most"
ANALYZE = Statement("ANALYZE")
ANYTHING = dict.fromkeys(PARAMETERS.split(), "[]")
KEYED = {
    "SEARCH time_series USING PRIMARY KEY (twin=?)",
    "SEARCH time_series USING PRIMARY KEY (twin=? AND source_time=?)",
    "SEARCH time_series USING PRIMARY KEY (twin=? AND source_time>? AND source_time<?)",
    "SEARCH twins USING INDEX sqlite_autoindex_twins_2 (uuid=?)",
    "SEARCH twins USING COVERING INDEX twins_by_external_id (owner=? AND external_id=?)",
    "SEARCH a USING PRIMARY KEY (account=? AND ancestor=? AND dtmi=?)",
}
"""How SQLite may look for rows: by as much of a key as there is."""

Open = Callable[[], AbstractAsyncContextManager[Store]]


@pytest.fixture
def new_store(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Open:
    """Opens a store of its own."""
    database = None if engine == "sqlite" else new_database()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        store = await open_store(tmp_path, database)
        try:
            yield store
        finally:
            await store.close()

    return opened


async def fill(store: Store, length: int) -> None:
    """Give every twin values at the times from 0 on."""
    rows = [(twin, time, str(time), None, "C", None) for twin in TWINS for time in range(length)]
    parameters = {"rows": json.dumps(rows), "now": 0}
    await store.write(lambda transaction: transaction.run(stored.PUT, parameters))
    await store.write(lambda transaction: transaction.run(ANALYZE, {}))


async def cost(store: Store, statement: Statement, parameters: dict[str, Any]) -> int:
    """Rows that PostgreSQL takes from tables, or steps that SQLite's machine makes."""
    shaped = statement.shaped(SHAPE)
    if isinstance(store, SqliteStore):
        steps: list[int] = []
        store._reader.trace_v2(
            apsw.SQLITE_TRACE_PROFILE,
            lambda event: steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]),
        )
        store._reader.execute(shaped.spelled(SQLITE), shaped.bind(parameters)).fetchall()
        store._reader.trace_v2(0)
        return steps[-1]
    assert isinstance(store, PostgresStore)
    async with store._pool.acquire() as connection:
        plan = await connection.fetchval(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + shaped.spelled(POSTGRESQL),
            *shaped.bind(parameters),
        )
    return sum(map(taken, nodes(json.loads(plan)[0]["Plan"])))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def taken(node: dict[str, Any]) -> int:
    """The rows that a node reads from the table of values."""
    if node.get("Relation Name") != "time_series":
        return 0
    read: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    loops: float = node["Actual Loops"]
    return round(read * loops)


def test_a_read_costs_what_it_answers(new_store: Open, engine: str) -> None:
    """A page from the middle of the series, of which most lies ahead, and the latest value."""

    async def measure(store: Store, twins: int) -> list[int]:
        asked = json.dumps([(number, twin, "id") for number, twin in enumerate(TWINS[:twins])])
        given = {"twins": asked, "time": SHORT // 2, "since": SHORT // 2, "until": LONG}
        page = await cost(store, stored.PAGE, given | {"count": PAGE, "number": 2, "most": MOST})
        return [page, await cost(store, stored.LATEST, given)]

    async def check() -> None:
        async with new_store() as store:
            await fill(store, SHORT)
            short = [await measure(store, twins) for twins in (1, len(TWINS))]
            await fill(store, LONG)
            long = [await measure(store, twins) for twins in (1, len(TWINS))]
        for (page, latest), (page_before, latest_before) in zip(long, short, strict=True):
            assert page <= page_before * 1.2
            assert latest <= latest_before * 1.2
        if engine == "postgresql":
            # The bound of each twin, at most a page of each, and the page itself.
            assert [page for page, _ in long] == [3 * PAGE, (2 * len(TWINS) + 1) * PAGE]
            assert [latest for _, latest in long] == [2, 2 * len(TWINS)]

    asyncio.run(check())


def test_sqlite_looks_for_rows_by_their_keys(tmp_path: Path) -> None:
    async def check() -> None:
        store = await open_store(tmp_path, None)
        assert isinstance(store, SqliteStore)
        for statement in (stored.PAGE, stored.LATEST, stored.SELECT_TWINS, stored.DELETE_OF_TWIN):
            shaped = statement.shaped(SHAPE)
            rows = store._reader.execute(
                f"EXPLAIN QUERY PLAN {shaped.spelled(SQLITE)}", shaped.bind(ANYTHING)
            )
            plan = [row[3] for row in rows]
            assert {step for step in plan if step.startswith("SEARCH")} <= KEYED, plan
            assert not [step for step in plan if re.match("SCAN (time|twins|a$)", step)], plan
        await store.close()

    asyncio.run(check())
