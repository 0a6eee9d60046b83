"""A page of twins is one text: in order, whole, and by a plan that PostgreSQL keeps."""

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from twinhold.store import Store, Transaction, open_store
from twinhold.store.searches import SURE_PAGE, UNDECIDED
from twinhold.store.shape import Text, shape
from twinhold.store.statement import Statement
from twinhold.store.twins import INSERT, PAGE

OWNERS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
LOWEST = "00000000-0000-0000-0000-000000000000"
UUID = shape(Text("uuid"))
INSERT_MANY = Statement(
    """INSERT INTO twins (uuid, owner, creator, created, updated)
    SELECT gen_random_uuid(), CAST(:owner AS uuid), CAST(:owner AS uuid), 0, 0
    FROM generate_series(1, 30000)"""
)
ANALYZE = Statement("ANALYZE")
PLANS = Statement(
    """SELECT sum(custom_plans) FROM pg_prepared_statements
    WHERE statement LIKE '%array_agg(uuid)%' AND statement NOT LIKE '%pg_prepared_statements%'"""
)
FOUND = SURE_PAGE.where("description IS NOT NULL", "description = 'sure'").shaped(UUID)
DESCRIPTIONS = ("sure", "perhaps", None)

Body = Callable[[Store], Coroutine[Any, Any, None]]
Made = list[tuple[str, str, str | None]]


def some(count: int) -> Made:
    """Twins of two owners, in another order than that of their UUIDs."""
    choice = random.Random(5)
    return [
        (
            str(uuid.UUID(int=choice.getrandbits(128))),
            choice.choice(OWNERS),
            choice.choice(DESCRIPTIONS),
        )
        for _ in range(count)
    ]


async def insert(transaction: Transaction, made: Made) -> None:
    for number, (twin, owner, text) in enumerate(made):
        values = {"uuid": twin, "owner": owner, "description": text, "now": number}
        await transaction.one(INSERT.shaped(UUID), values)


def shown(twin: tuple[str, str | None]) -> str | None:
    """What `FOUND` has of a twin."""
    return {"sure": twin[0], "perhaps": UNDECIDED, None: None}[twin[1]]


async def pages(
    transaction: Transaction, statement: Statement, owner: str, count: int
) -> list[list[str]]:
    """The documents of every page."""
    found: list[list[str]] = []
    after: str | None = LOWEST
    while after is not None:
        row = await transaction.one(statement, {"owner": owner, "after": after, "count": count})
        assert row is not None
        after, documents, _ = row
        found.append(documents.split(",") if documents else [])
    return found


def run(body: Body, data: Path, database: str | None) -> None:
    async def go() -> None:
        store = await open_store(data, database)
        try:
            await body(store)
        finally:
            await store.close()

    asyncio.run(go())


@pytest.fixture
def database(engine: str, new_database: Callable[[], str]) -> str | None:
    return None if engine == "sqlite" else new_database()


@pytest.mark.parametrize("size", [0, 1, 300])
def test_pages_hold_every_twin_in_order(database: str | None, tmp_path: Path, size: int) -> None:
    made = sorted(some(size))

    async def check(transaction: Transaction) -> None:
        for owner in OWNERS:
            own = [(twin, text) for twin, by, text in made if by == owner]
            for count in {1, 7, 100, max(len(own), 1), 1000}:
                slices = [own[at : at + count] for at in range(0, len(own) or 1, count)]
                plain = await pages(transaction, PAGE.shaped(UUID), owner, count)
                assert plain == [[twin for twin, _ in each] for each in slices]
                found = await pages(transaction, FOUND, owner, count)
                assert found == [[*filter(None, map(shown, each))] for each in slices]

    async def body(store: Store) -> None:
        await store.write(insert, some(size))
        await store.read(check)

    run(body, tmp_path, database)


def test_postgresql_keeps_the_plan_of_a_page(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    """Of the first five it makes each; then it compares what these cost with one for any values."""

    async def look(transaction: Transaction) -> int:
        for _ in range(20):
            values = {"owner": OWNERS[0], "after": LOWEST, "count": 100}
            await transaction.one(PAGE.shaped(UUID), values)
        plans = await transaction.one(PLANS, {})
        assert plans is not None
        return int(plans[0])

    async def prepare(transaction: Transaction) -> None:
        await transaction.run(INSERT_MANY, {"owner": OWNERS[0]})
        await transaction.run(ANALYZE, {})

    async def body(store: Store) -> None:
        await store.write(prepare)
        assert await store.read(look) == 5

    run(body, tmp_path, new_database())
