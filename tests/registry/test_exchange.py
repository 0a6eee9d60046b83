"""What is exported comes in again as it was, whatever it is: both engines, random twins."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.material import component, interface

from twinhold.registry import exports, ids, imports
from twinhold.registry.calls import OwnCalls
from twinhold.registry.exports import Section
from twinhold.registry.loaded_models import LoadedModels
from twinhold.registry.model_imports import ModelImport
from twinhold.registry.principal import NOBODY, Call, Statement
from twinhold.store import Store, open_store

Options = Callable[[], list[str]]
Run = Callable[[Callable[[Store], Awaitable[None]]], None]

THING = "dtmi:test:Thing;1"


def prop(name: str, schema: Any) -> dict[str, Any]:
    """A content that is a property."""
    return {"@type": "Property", "name": name, "schema": schema}


MODELS = [
    interface(
        "Thing",
        contents=[
            prop("text", "string"),
            prop("number", "double"),
            prop("count", "long"),
            prop("truth", "boolean"),
            prop("list", {"@type": "Array", "elementSchema": "string"}),
            prop(
                "map",
                {
                    "@type": "Map",
                    "mapKey": {"name": "key", "schema": "string"},
                    "mapValue": {"name": "value", "schema": "double"},
                },
            ),
            component("part", "Part"),
            component("other", "Part"),
            {
                "@type": "Relationship",
                "name": "has",
                "properties": [prop("text", "string"), prop("number", "double")],
            },
        ],
    ),
    interface("Part", contents=[prop("text", "string"), prop("number", "double")]),
]

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=6
)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the members."""
    return st.fixed_dictionaries({}, optional=members)


PARTS = some(text=TEXTS, number=NUMBERS).map(lambda members: members | {"$metadata": {}})
CONTENTS = some(
    text=TEXTS,
    number=NUMBERS,
    count=st.integers(-(2**63), 2**63 - 1),
    truth=st.booleans(),
    list=st.lists(TEXTS, max_size=3),
    map=st.dictionaries(
        st.text("abc_1", min_size=1, max_size=3).filter(lambda key: key[0].isalpha()), NUMBERS
    ),
    part=PARTS,
    other=PARTS,
)
EDGES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), NAMES, some(text=TEXTS, number=NUMBERS)),
    max_size=6,
)


@pytest.fixture(scope="module")
def run(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a test on a store of the engine."""
    database = next(iter(options()[1:]), None)
    data = tmp_path_factory.mktemp("exchange")

    def runner(test: Callable[[Store], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with opened(data, database) as store:
                await test(store)

        asyncio.run(whole())

    return runner


@asynccontextmanager
async def opened(data: Path, database: str | None) -> AsyncIterator[Store]:
    """An open store."""
    store = await open_store(data, database)
    try:
        yield store
    finally:
        await store.close()


async def calls_of(store: Store, account: str) -> OwnCalls:
    """Calls of one who may do everything in an account."""
    generation = await store.read(lambda transaction: transaction.generation())
    actor = msgspec.structs.replace(
        NOBODY,
        account=account,
        has_role=True,
        statement=Statement(),
        generation=generation,
        models=LoadedModels(),
    )
    return OwnCalls(store, Call(actor, time.time_ns() // 1000))


async def bring(store: Store, account: str, content: dict[Section, list[str]]) -> None:
    """Import lines of which none is bad."""
    lines = {section: imports.lines_of("\n".join(content[section]).encode()) for section in content}
    models = await ModelImport(lines["models"]).run(await calls_of(store, account))
    assert models.problems == []
    calls = await calls_of(store, account)
    for section in get_args(imports.Section):
        outcome = await imports.store_lines(calls, section, lines[section])
        assert outcome.problems == []


async def take(store: Store, account: str, count: int) -> dict[Section, list[str]]:
    """All that an account has, in pages of so many lines."""
    calls, found = await calls_of(store, account), {}
    for section in get_args(Section):
        lines, cursor, more = [], None, True
        while more:
            page = await calls.search(exports.page, section, cursor, count)
            lines += page.lines
            assert page.left_out == 0
            cursor, more = page.cursor, page.cursor is not None
        found[section] = lines
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    twins=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=5),
    edges=EDGES,
    count=st.integers(1, 4),
)
def test_a_round_trip_changes_nothing(
    run: Run, twins: dict[str, Any], edges: list[Any], count: int
) -> None:
    names = list(twins)
    related = {}
    for source, target, name, properties in edges:
        ends = names[source % len(names)], names[target % len(names)]
        if ends[0] != ends[1]:
            members = {"$relationshipId": name, "$sourceId": ends[0], "$targetId": ends[1]}
            related[ends[0], name] = members | {"$relationshipName": "has"} | properties
    metadata = {"$metadata": {"$model": THING}}
    content: dict[Section, list[str]] = {
        "models": [json.dumps(model, indent=None) for model in MODELS],
        "twins": [json.dumps({"$dtId": name} | metadata | twins[name]) for name in names],
        "relationships": [json.dumps(line) for line in related.values()],
    }

    async def test(store: Store) -> None:
        first, second = ids.new_uuid(), ids.new_uuid()
        await bring(store, first, content)
        exported = await take(store, first, count)
        decoded = {json.loads(line)["$dtId"]: json.loads(line) for line in exported["twins"]}
        assert decoded == {name: {"$dtId": name} | metadata | twins[name] for name in names}
        assert list(decoded) == sorted(names)
        lines = [json.loads(line) for line in exported["relationships"]]
        assert lines == [related[key] for key in sorted(related)]
        await bring(store, second, exported)
        assert await take(store, second, 1000) == exported

    run(test)


MANY = 600
"""Twins of one model, most of which are read after it is known to come often."""


def many(text: str) -> list[dict[str, Any]]:
    """Twins that hold a text and all kinds of values."""
    part = {"$metadata": {"$lastUpdateTime": "2024-08-30T03:49:30.4062816Z"}, "text": None}
    metadata = {"$metadata": {"$model": THING}}
    held = {"text": text, "number": 2.5, "count": -(2**63), "truth": None, "part": part}
    return [{"$dtId": f"t{number}"} | metadata | held for number in range(MANY)]


def models_and(twins: list[str]) -> dict[Section, list[str]]:
    """Lines of the models and of twins."""
    return {
        "models": [json.dumps(model) for model in MODELS],
        "twins": twins,
        "relationships": [],
    }


def test_lines_with_and_without_blanks_are_kept_alike(run: Run) -> None:
    """Those without are checked while they are decoded, once their model has come often."""
    twins = many("Käse \\ \0")
    spaced = [json.dumps(twin) for twin in twins]
    compact = [json.dumps(twin, separators=(",", ":"), ensure_ascii=False) for twin in twins]

    async def test(store: Store) -> None:
        first, second = ids.new_uuid(), ids.new_uuid()
        await bring(store, first, models_and(spaced))
        await bring(store, second, models_and(compact))
        exported = await take(store, first, 1000)
        assert len(exported["twins"]) == MANY
        assert await take(store, second, 1000) == exported

    run(test)


def test_of_imports_at_the_same_time_the_later_one_counts(run: Run) -> None:
    """Also where its twins were not there yet when it looked for them."""
    ended: list[str] = []

    async def put(calls: OwnCalls, text: str, prepared: imports.Prepared) -> None:
        outcome = await imports.store(calls, prepared)
        assert (outcome.stored, outcome.problems) == (MANY, [])
        ended.append(text)

    async def test(store: Store) -> None:
        account = ids.new_uuid()
        await bring(store, account, models_and([]))
        ready = []
        for text in ("a", "b", "c"):
            calls = await calls_of(store, account)
            lines = imports.numbered([json.dumps(twin).encode() for twin in many(text)])
            ready.append((calls, text, await imports.prepare(calls, "twins", lines)))
        await asyncio.gather(*(put(*each) for each in ready))
        exported = (await take(store, account, 1000))["twins"]
        assert {json.loads(line)["text"] for line in exported} == {ended[-1]}
        assert len(exported) == MANY

    run(test)
