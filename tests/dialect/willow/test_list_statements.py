"""What looking for twins costs among a hundred thousand of them: statements, and how they look.

Times depend on the machine, so they are printed (`pytest -s`) and held to a generous bound only;
what is asserted is how many statements reach the engine, and that these go by an index.
"""

import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
from tests.contract.test_statements import Sent, call, count_statements
from tests.dialect.willow import bulk
from tests.dialect.willow.queries import models
from tests.harness import in_registry
from tests.material import PREFIX, ontology

from twinhold.api.kit.app import App
from twinhold.api.willow import DIALECT
from twinhold.registry import Registry, accounts, model_uploads
from twinhold.registry.calls import OwnCalls
from twinhold.registry.principal import Call

COUNT = 100_000
PAGES = 10
SLOW_SECONDS = 5.0
"""Far above what any page takes, on any machine: a page that goes through all twins one by one."""


def related(direction: str, name: str, **model: Any) -> dict[str, Any]:
    return {
        "relationshipFilter": {
            "relationshipDirection": direction,
            "relationshipNames": [name],
            "relatedModelFilter": model,
        }
    }


def located(id_: str) -> dict[str, Any]:
    return {"locationFilter": {"locationId": id_}}


def holding(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"propertyFilter": {"field": field, "operator": operator, "value": value}}


ROOM, LEVEL, BUILDING = "BLD-003-L05-R05", "BLD-003-L05", "BLD-003"
NOTHING_LEFT = {"dateFilter": {"lastUpdatedAfter": "2100-01-01T00:00:00Z"}}
BOTH = {"include": {"outgoingRelationships": True, "incomingRelationships": True}}
PAGE_CASES: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"pageSize": 1000}, 1),
    ({"modelFilter": models("Capability")}, 2),
    ({"modelFilter": models("Asset")}, 2),
    ({"modelFilter": models("Space")}, 1),
    ({"modelFilter": models("Chiller")}, 2),
    ({"modelFilter": models("Space", "Chiller"), **BOTH}, 4),
    (located(ROOM), 2),
    (located(LEVEL), 5),
    (located(BUILDING), 6),
    (located("PF-1"), 4),
    (located(LEVEL) | {"modelFilter": models("Capability")}, 5),
    (related("Outgoing", "isPartOf"), 3),
    (related("Outgoing", "isFedBy", **models("AirHandlingUnit", exact=True)), 5),
    (related("Outgoing", "servedBy"), 5),
    (related("Incoming", "isCapabilityOf") | {"modelFilter": models("Asset")}, 4),
    ({"dateFilter": {"lastUpdatedAfter": "2020-01-01T00:00:00Z"}}, 1),
    (NOTHING_LEFT, 5),
    (holding("levelNumber", ">", 10), 3),
    (holding("code", "=", f"VAV-{ROOM}-1"), 5),
    (holding("name", "contains", "no such name"), 5),
]
"""Filters, and the most statements that a page of them takes."""

GRAPH = {
    "alias": "Level",
    "id": LEVEL,
    "relationships": [
        {
            "alias": "Rooms",
            "direction": "Incoming",
            "relationshipNames": ["isPartOf"],
            "relationship": {
                "alias": "Assets",
                "direction": "Incoming",
                "relationshipNames": ["locatedIn"],
                "relationship": {
                    "alias": "Points",
                    "direction": "Incoming",
                    "modelNames": [f"{PREFIX}Capability;1"],
                },
            },
        }
    ],
}


def test_of_a_hundred_thousand_twins(
    engine: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    async def check(registry: Registry) -> None:
        secret = await filled(registry)
        failures: list[BaseException] = []
        app = App(registry, (DIALECT,), (), lambda _, error: failures.append(error))
        sent, statements = count_statements(registry), set[str]()

        async def ask(path: str, body: Any) -> Any:
            statements.update(sent)
            sent.clear()
            return await call(app, secret, "POST", f"/api/v3/twins{path}", body)

        await ask("", {})
        for filters, most in PAGE_CASES:
            await check_pages(ask, sent, filters, most)
        assert await ask("/count", {}) == await ask("/count", located("PF-1"))
        assert len(sent) <= 2 + (engine == "postgresql"), sent
        found = await ask("/graph", GRAPH)
        assert [len(twins) for twins in found.values()] == [1, 25, 75, 375]
        # Capability is in memory already.
        assert len(sent) == 4, sent
        assert not failures
        if engine == "sqlite":
            require_indexes(tmp_path, statements | set(sent))

    in_registry(tmp_path, None if engine == "sqlite" else new_database(), check)


async def filled(registry: Registry) -> str:
    """The secret of an account with the ontology and the twins."""
    made = await registry.store.write(
        accounts.create, "Test", accounts.draft(), bulk.NOW, operator=True
    )
    actor = await registry.authenticator.principal(made.secret, time.time_ns() // 1000)
    documents = ontology().read_bytes()
    await model_uploads.upload(OwnCalls(registry.store, Call(actor, bulk.NOW)), documents)
    estate = list(bulk.things(bulk.descendants(json.loads(documents), "Capability"), COUNT))
    assert len(estate) >= COUNT
    await registry.store.write(bulk.insert, actor.account, estate)
    return made.secret


async def check_pages(
    ask: Callable[..., Any], sent: Sent, filters: dict[str, Any], most: int
) -> None:
    """Read some pages; the first may look up models once more."""
    token, times, ids = None, [], []
    for number in range(PAGES):
        begun = time.perf_counter()
        page = await ask("", filters | {"continuationToken": token})
        times.append(time.perf_counter() - begun)
        assert len(sent) <= most + (2 if number == 0 else 0), (filters, sent)
        ids += [twin["id"] for twin in page["content"]]
        token = page["continuationToken"]
        if token is None:
            break
    assert ids == sorted(set(ids))
    assert max(times) < SLOW_SECONDS, (filters, times)
    middle, worst = statistics.median(times) * 1000, max(times) * 1000
    sys.stdout.write(f"{middle:7.1f} ms, at most {worst:7.1f}, {len(ids):4} twins: {filters}\n")


def require_indexes(data: Path, statements: set[str]) -> None:
    """No statement reads a whole table of SQLite."""
    connection = apsw.Connection(str(data / "twinhold.db"), flags=apsw.SQLITE_OPEN_READONLY)
    for statement in statements:
        unknown = [None] * len(set(re.findall(r"\?\d+", statement)))
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", unknown).fetchall()
        tables = re.compile(r"SCAN (twins|searched_twins|relationships|r|t|i|o)\b")
        assert not [step for *_, step in plan if tables.match(str(step))], (statement, plan)
    connection.close()
