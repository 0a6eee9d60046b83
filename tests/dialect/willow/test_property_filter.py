"""Property filters: what each operator means, and that both engines agree with a plain reading."""

import asyncio
import json
import operator
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialect.willow import bulk
from tests.dialect.willow.buildings import put
from tests.dialect.willow.queries import ask, ids, models
from tests.harness import Account, problem

from twinhold import server as composition
from twinhold.api.willow import bodies, filters
from twinhold.api.willow.wire import queries as wire
from twinhold.api.willow.wire.relationships import RELATIONSHIP
from twinhold.api.willow.wire.twins import TWIN
from twinhold.blobs import open_blobs
from twinhold.registry import Registry, accounts, instants, twin_queries
from twinhold.registry.calls import OwnCalls
from twinhold.registry.principal import Call
from twinhold.registry.twin_queries import Query
from twinhold.registry.twin_views import View
from twinhold.store import open_store

Find = Callable[[dict[str, Any]], list[str]]

TEXTS = ["", "Floor", "FLOOR 1", "floor", "fl", "Straße", "STRASSE", "\u212aelvin", "kelvin", "İ",
         "nul\0", "\0", 'quo"te', "back\\slash", "%_", "\U0001f3e2 tower", "5", "true"]  # fmt: skip
NUMBERS = [0, -0.0, 1, 1.0, 5, -5, 0.1, 0.30000000000000004, 2**53 + 1, 2**63, -(2**63), 10**30,
           1e308, 5e-324, 1e22]  # fmt: skip
SCALARS = [*TEXTS, *NUMBERS, True, False]
KEYS = ["name", "level", "a", "$meta", 'we"ird', "ключ", "sp ace", "dash-ed", "back\\slash"]
FIELDS = [*KEYS, "contents.name", "a.name", "a.a.level", "list", "list.0", "unknown", "a..b",
          "contents", "contents.contents"]  # fmt: skip

scalars = st.sampled_from(SCALARS)
members = st.dictionaries(st.sampled_from(KEYS), scalars, max_size=4)
contents = st.dictionaries(
    st.sampled_from([*KEYS, "list"]),
    scalars | members | st.lists(scalars, max_size=3) | st.fixed_dictionaries({"a": members}),
    max_size=6,
)


def test(field: str, operator_: str, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"field": st.just(field), "operator": st.just(operator_), "value": value}
    )


test.__test__ = False  # type: ignore[attr-defined]
values = {
    "=": scalars | st.none(),
    "!=": scalars | st.none(),
    "<": st.sampled_from([*TEXTS, *NUMBERS]),
    "<=": st.sampled_from([*TEXTS, *NUMBERS]),
    ">": st.sampled_from([*TEXTS, *NUMBERS]),
    ">=": st.sampled_from([*TEXTS, *NUMBERS]),
    "in": st.lists(scalars, max_size=4),
    "notIn": st.lists(scalars, max_size=4),
    "contains": st.sampled_from(TEXTS),
    "startsWith": st.sampled_from(TEXTS),
    "endsWith": st.sampled_from(TEXTS),
    "isNull": st.none(),
    "isNotNull": st.none(),
}
tests = st.tuples(st.sampled_from(FIELDS), st.sampled_from(sorted(values))).flatmap(
    lambda pair: test(pair[0], pair[1], values[pair[1]])
)
of_twins = st.sampled_from(["id", "modelId"]).flatmap(
    lambda field: st.sampled_from(["=", "!=", "<", ">=", "in", "contains", "endsWith"]).flatmap(
        lambda name: test(
            field,
            name,
            st.sampled_from(["T-07", "t-1", "dtmi:com:willowinc:Level;1", ""])
            if name != "in"
            else st.just(["T-07", "T-08"]),
        )
    )
)
trees = st.recursive(
    tests | of_twins,
    lambda parts: st.fixed_dictionaries(
        {
            "filters": st.lists(parts, min_size=1, max_size=4),
            "filterConditionOperator": st.sampled_from(["And", "or", "OR", None]),
        }
    ),
    max_leaves=8,
)


def kind(value: object) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def holds(node: dict[str, Any], twin: dict[str, Any]) -> bool:
    """What a filter says of a twin, read off decisions 20 and 21."""
    if "filters" in node:
        some = (node["filterConditionOperator"] or "And").lower() == "or"
        return (any if some else all)(holds(part, twin) for part in node["filters"])
    found, name, wanted = value_of(node["field"], twin), node["operator"], node["value"]
    if wanted is None:
        return (found is None) is (name in {"=", "isNull"})
    return found is not None and compares(found, name, wanted)


def compares(found: Any, name: str, wanted: Any) -> bool:
    """What an operator says of a value that is there."""
    if name in {"=", "!=", "in", "notIn"}:
        options = wanted if isinstance(wanted, list) else [wanted]
        same = any(kind(found) is kind(one) and found == one for one in options)
        return same is (name in {"=", "in"})
    if kind(found) is not kind(wanted):
        return False
    orders = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    if name in orders:
        return bool(orders[name](found, wanted))
    text, part = found.casefold(), wanted.casefold()
    if name == "contains":
        return part in text
    place = 0 if name == "startsWith" else len(text) - len(part)
    return place >= 0 and text[place : place + len(part)] == part


def value_of(field: str, twin: dict[str, Any]) -> Any:
    if field in {"id", "modelId"}:
        return twin[field]
    value = twin["contents"]
    for key in field.removeprefix("contents.").split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


@pytest.fixture(scope="module")
def twins() -> list[dict[str, Any]]:
    """Twins that hold each value that filters are tried on, and sixty drawn ones."""
    drawn: list[dict[str, Any]] = [{"name": value} for value in SCALARS]

    @settings(max_examples=60, derandomize=True, database=None)
    @given(contents)
    def draw(found: dict[str, Any]) -> None:
        drawn.append(found)

    draw()
    return [
        {"id": f"T-{number:02d}", "modelId": "dtmi:com:willowinc:Level;1", "contents": found}
        for number, found in enumerate(drawn)
    ]


@pytest.fixture(scope="module")
def find(
    engine: str,
    options: Callable[[], list[str]],
    tmp_path_factory: pytest.TempPathFactory,
    twins: list[dict[str, Any]],
) -> Iterator[Find]:
    """Finds the ids of those twins that a filter keeps, in a registry of its own."""
    loop = asyncio.new_event_loop()
    run = loop.run_until_complete
    data: Path = tmp_path_factory.mktemp(f"filters-{engine}")
    store = run(open_store(data, next(iter(options()[1:]), None)))
    registry = run(Registry.open(store, composition._ACTIONS, run(open_blobs(data, None))))
    made = run(store.write(accounts.create, "Test", accounts.draft(), bulk.NOW, operator=True))
    actor = run(registry.authenticator.principal(made.secret, bulk.NOW))
    things = [bulk.Thing(twin["id"], "Level", contents=twin["contents"]) for twin in twins]
    run(store.write(bulk.insert, actor.account, things))
    calls = OwnCalls(store, Call(actor, bulk.NOW))

    def found(tree: dict[str, Any]) -> list[str]:
        body = json.dumps({"propertyFilter": tree}).encode()
        wanted = filters.read(bodies.read(body, wire.GetTwinsRequest))
        query = Query(wanted, View(TWIN, RELATIONSHIP), "", 1000)
        page = run(calls.search(twin_queries.find_page, query))
        assert run(calls.search(twin_queries.count, wanted)) == len(page.twins)
        assert page.last is None
        return [shown.twin.id or "" for shown in page.twins]

    yield found
    run(store.close())
    loop.close()


def test_engines_agree_with_a_plain_reading(find: Find, twins: list[dict[str, Any]]) -> None:
    @settings(max_examples=250, deadline=None)
    @given(trees)
    def check(tree: dict[str, Any]) -> None:
        assert find(tree) == [twin["id"] for twin in twins if holds(tree, twin)]

    check()


def test_every_test_agrees_with_a_plain_reading(find: Find, twins: list[dict[str, Any]]) -> None:
    """Each operator and value on one field, without luck."""
    for name, drawn in values.items():
        wanted: list[Any] = [None]
        if name in {"in", "notIn"}:
            wanted = [[], SCALARS, TEXTS, NUMBERS, [True]]
        elif "ull" not in name:
            wanted = TEXTS if name in {"contains", "startsWith", "endsWith"} else SCALARS
        for value in wanted:
            if name[0] in "<>" and isinstance(value, bool):
                continue
            tree = {"field": "name", "operator": name, "value": value}
            expected = [twin["id"] for twin in twins if holds(tree, twin)]
            assert find(tree) == expected, (tree, drawn)


@pytest.fixture(scope="module")
def named(building: Account) -> Account:
    """The ontology's account with four twins to try operators on, the last without a name."""
    for number, name in enumerate(["Plant 1", "plant 2", "Office"]):
        put(building, f"Filter-{number}", "RetailStoreZone", name=name, externalIds={"k": name})
    put(building, "Filter-3", "RetailStoreZone")
    return building


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"field": "name", "operator": "=", "value": "Plant 1"}, "0"),
        ({"field": "name", "operator": "==", "value": "plant 1"}, ""),
        ({"field": "contents.name", "operator": "EQ", "value": "Office"}, "2"),
        ({"field": "name", "operator": "NotEquals", "value": "Office"}, "01"),
        ({"field": "name", "operator": "Contains", "value": "PLANT"}, "01"),
        ({"field": "name", "operator": "startswith", "value": "off"}, "2"),
        ({"field": "name", "operator": "endsWith", "value": "2"}, "1"),
        ({"field": "name", "operator": "in", "value": ["Office", "Plant 1", 5]}, "02"),
        ({"field": "name", "operator": "notIn", "value": ["Office"]}, "01"),
        ({"field": "name", "operator": ">", "value": "Q"}, "1"),
        ({"field": "name", "operator": "isNull"}, "3"),
        ({"field": "name", "operator": "isNotNull", "value": "whatever"}, "012"),
        ({"field": "externalIds.k", "operator": "=", "value": "Office"}, "2"),
        ({"field": "nothing.at.all", "operator": "!=", "value": "x"}, ""),
        ({"field": "id", "operator": "endsWith", "value": "-3"}, "3"),
        ({"field": "modelId", "operator": "contains", "value": "retailstore"}, "0123"),
        ({"field": "lastUpdateTime", "operator": ">", "value": "2020-01-01T00:00:00Z"}, "0123"),
        ({"field": "lastUpdateTime", "operator": "startsWith", "value": "19"}, ""),
        ({}, "0123"),
        ({"filters": [{}], "filterConditionOperator": "Or"}, "0123"),
        (
            {
                "filterConditionOperator": "OR",
                "filters": [
                    {"field": "name", "operator": "=", "value": "Office"},
                    {"field": "id", "operator": "=", "value": "Filter-3"},
                ],
            },
            "23",
        ),
    ],
)
def test_operator(named: Account, tree: dict[str, Any], expected: str) -> None:
    found = ids(named, modelFilter=models("RetailStoreZone"), propertyFilter=tree)
    assert found == [f"Filter-{number}" for number in expected]


def nested(depth: int) -> dict[str, Any]:
    inner = {"field": "a", "operator": "isNull"}
    return {"filters": [nested(depth - 1)]} if depth else inner


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"field": "a"}, "/operator"),
        ({"field": "a", "operator": "like", "value": "x"}, "/operator"),
        ({"operator": "like"}, "/operator"),
        ({"operator": ""}, "/operator"),
        ({"filterConditionOperator": ""}, "/filterConditionOperator"),
        (
            {"field": "a", "operator": "isNull", "filterConditionOperator": "Xor"},
            "/filterConditionOperator",
        ),
        ({"field": "a", "operator": "=", "value": []}, "/value"),
        ({"field": "a", "operator": "in", "value": "x"}, "/value"),
        ({"field": "a", "operator": "in", "value": ["x", None]}, "/value/1"),
        ({"field": "a", "operator": "in", "value": [1] * 1001}, "/value"),
        ({"field": "a", "operator": ">", "value": True}, "/value"),
        ({"field": "a", "operator": "contains", "value": 5}, "/value"),
        ({"field": "a", "operator": "contains"}, "/value"),
        ({"field": "a" * 513, "operator": "isNull"}, "/field"),
        ({"field": "lastUpdateTime", "operator": "<", "value": "now"}, "/value"),
        ({"field": "a", "operator": "isNull", "filters": [{}]}, ""),
        (
            {"filters": [{"field": "a"}], "filterConditionOperator": "Xor"},
            "/filterConditionOperator",
        ),
        ({"filters": [nested(0)] * 101}, ""),
        (nested(8), "/filters/0" * 8),
    ],
)
def test_refuses(estate: Account, tree: dict[str, Any], place: str) -> None:
    answer = ask(estate, "", propertyFilter=tree)
    assert list(problem(answer)[1]) == [f"/propertyFilter{place}"]


def test_takes_as_much_as_it_says(estate: Account) -> None:
    tests_ = [{"field": "name", "operator": "=", "value": f"x{n}"} for n in range(100)]
    many = {"field": "name", "operator": "in", "value": list(range(1000))}
    for tree in ({"filters": tests_, "filterConditionOperator": "Or"}, many, nested(7)):
        assert ask(estate, "", propertyFilter=tree).status_code == 200


def test_times_are_told_to_the_microsecond(building: Account) -> None:
    written = put(building, "Filter-time", "OccupancyZone")["lastUpdateTime"]
    assert instants.read(written)
    tree = {"field": "lastUpdateTime", "operator": "=", "value": written}
    assert "Filter-time" in ids(building, propertyFilter=tree)
