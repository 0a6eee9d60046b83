"""PATCH /twins/{id}: a JSON Patch (RFC 6902), validated and stored as a whole."""

from typing import Any

import pytest
from tests.dialect.willow.buildings import new_id, put, untimed
from tests.harness import Account, problem
from tests.material import PREFIX

Patch = list[dict[str, Any]]


@pytest.fixture
def level(building: Account) -> str:
    id_ = new_id("level")
    put(
        building,
        id_,
        "Level",
        name="Floor",
        levelNumber=1,
        area={"grossArea": 1.5},
        externalIds={"a/b": "1", "m~n": "2"},
        mappedIds=[{"value": "x"}, {"value": "y"}],
    )
    return id_


def patch(account: Account, id_: str, *operations: Any) -> Any:
    return account.request("PATCH", f"/api/v3/twins/{id_}", json=operations)


def operation(op: str, path: str, value: Any = None) -> dict[str, Any]:
    return {"op": op, "path": path} | ({} if op == "remove" else {"value": value})


CHANGES: dict[str, tuple[Patch, dict[str, Any]]] = {
    "add": ([operation("add", "/contents/code", "C")], {"code": "C"}),
    "short path": ([operation("replace", "/levelNumber", 2)], {"levelNumber": 2}),
    "remove": ([operation("remove", "/name")], {"name": ...}),
    "null removes": ([operation("replace", "/name", None)], {"name": ...}),
    "in a component": (
        [operation("replace", "/area/grossArea", 3.25)],
        {"area": {"grossArea": 3.25, "$metadata": {}}},
    ),
    "escaped keys": (
        [operation("replace", "/externalIds/a~1b", "3"), operation("remove", "/externalIds/m~0n")],
        {"externalIds": {"a/b": "3"}},
    ),
    "end of an array": (
        [operation("add", "/mappedIds/-", {"value": "z"}), operation("remove", "/mappedIds/0")],
        {"mappedIds": [{"value": "y"}, {"value": "z"}]},
    ),
    "into an array": (
        [operation("add", "/mappedIds/1", {"value": "z"})],
        {"mappedIds": [{"value": "x"}, {"value": "z"}, {"value": "y"}]},
    ),
    "test first": (
        [operation("test", "/levelNumber", 1), operation("replace", "/levelNumber", 7)],
        {"levelNumber": 7},
    ),
    "test of equal numbers": (
        [operation("test", "/levelNumber", 1.0), operation("test", "/area/grossArea", 1.50)],
        {},
    ),
    "upper case": ([{"OP": "Add", "Path": "/Contents/code", "VALUE": "C"}], {"code": "C"}),
    "built up": (
        [operation("add", "/mappedIds", []), operation("add", "/mappedIds/-", {"value": "z"})],
        {"mappedIds": [{"value": "z"}]},
    ),
    "nothing": ([], {}),
}


@pytest.mark.parametrize(("operations", "changed"), CHANGES.values(), ids=CHANGES)
def test_a_patch_changes_what_it_names(
    building: Account, level: str, operations: Patch, changed: dict[str, Any]
) -> None:
    before = building.request("GET", f"/api/v3/twins/{level}").json()
    answer = patch(building, level, *operations)
    assert answer.status_code == 200, answer.text
    expected = untimed(before["contents"]) | changed
    expected = {name: value for name, value in expected.items() if value is not ...}
    assert untimed(answer.json()["contents"]) == expected
    assert answer.json()["lastUpdateTime"] > before["lastUpdateTime"]
    assert building.request("GET", f"/api/v3/twins/{level}").json() == answer.json()


def test_a_twin_can_follow_another_model(building: Account, level: str) -> None:
    room = operation("replace", "/modelId", f"{PREFIX}Room;1")
    status, places = problem(patch(building, level, room))
    assert (status, list(places)) == (400, ["/contents/levelNumber"])
    fixed = patch(building, level, room, operation("remove", "/levelNumber"))
    assert fixed.json()["modelId"] == f"{PREFIX}Room;1"


REFUSED: dict[str, tuple[Patch, str]] = {
    "id": ([operation("replace", "/id", "x")], "/0/path"),
    "time": ([operation("replace", "/lastUpdateTime", "x")], "/0/path"),
    "all": ([operation("replace", "", {})], "/0/path"),
    "no pointer": ([operation("add", "name", "x")], "/0/path"),
    "nowhere": ([operation("replace", "/code", "x")], "/0/path"),
    "below nothing": ([operation("add", "/capacity/x", 1)], "/0/path"),
    "below a text": ([operation("add", "/name/x", 1)], "/0/path"),
    "behind an array": ([operation("add", "/mappedIds/3", {})], "/0/path"),
    "no index": ([operation("remove", "/mappedIds/-")], "/0/path"),
    "leading zero": ([operation("remove", "/mappedIds/01")], "/0/path"),
    "test fails": ([operation("test", "/levelNumber", True)], "/0"),
    "test of another type": ([operation("test", "/levelNumber", "1")], "/0"),
    "move": ([{"op": "move", "from": "/name", "path": "/code"}], "/0/op"),
    "copy": ([{"op": "copy", "from": "/name", "path": "/code"}], "/0/op"),
    "no value": ([{"op": "add", "path": "/code"}], "/0/value"),
    "no path": ([{"op": "remove"}], "/0/path"),
    "no operation": ([{"path": "/code"}], "/0/op"),
    "twice in different case": ([operation("add", "/code", "x") | {"OP": "add"}], "/0/OP"),
    "no object": ([operation("remove", "/name"), 1], "/1"),  # type: ignore[list-item]
    "wrong type": ([operation("replace", "/levelNumber", "x")], "/contents/levelNumber"),
    "unknown": ([operation("add", "/nope", 1)], "/contents/nope"),
    "contents": ([operation("replace", "/contents", [])], "/contents"),
    "no model": ([operation("remove", "/modelId")], ""),
    "unknown model": ([operation("replace", "/modelId", "dtmi:x;1")], "/modelId"),
}


@pytest.mark.parametrize(("operations", "pointer"), REFUSED.values(), ids=REFUSED)
def test_a_patch_that_fails_changes_nothing(
    building: Account, level: str, operations: Patch, pointer: str
) -> None:
    before = building.request("GET", f"/api/v3/twins/{level}").json()
    status, places = problem(
        patch(building, level, operation("remove", "/externalIds"), *operations)
    )
    moved = pointer
    if pointer[1:2].isdigit():  # one operation stands before those of the case
        moved = f"/{int(pointer[1]) + 1}{pointer[2:]}"
    assert (status, list(places)) == (400, [moved])
    assert building.request("GET", f"/api/v3/twins/{level}").json() == before


def test_every_wrong_operation_is_named(building: Account, level: str) -> None:
    wrong = [{}, 1, operation("move", "/a"), {"op": "add", "path": 5}]
    status, places = problem(patch(building, level, operation("remove", "/name"), *wrong))
    assert status == 400
    assert list(places) == ["/1/path", "/1/op", "/2", "/3/op", "/4/path", "/4/value"]


def test_a_twin_does_not_grow_beyond_its_limit(building: Account, level: str) -> None:
    def grow(stem: str, count: int) -> Any:
        added = {f"{stem}{number}": "v" * 50 for number in range(count)}
        return patch(
            building,
            level,
            *(operation("add", f"/externalIds/{name}", value) for name, value in added.items()),
        )

    assert grow("a", 500).status_code == 200
    before = building.request("GET", f"/api/v3/twins/{level}").json()
    assert problem(grow("b", 600))[0] == 400
    assert building.request("GET", f"/api/v3/twins/{level}").json() == before
    assert grow("b", 300).status_code == 200


def test_a_patch_of_no_twin_is_not_found(building: Account) -> None:
    assert problem(patch(building, "nowhere"))[0] == 404


def test_a_patch_is_an_array(building: Account, level: str) -> None:
    answer = building.request("PATCH", f"/api/v3/twins/{level}", json={"op": "remove"})
    assert problem(answer)[0] == 400


def test_a_patch_is_no_longer_than_a_thousand(building: Account, level: str) -> None:
    many = [operation("replace", "/levelNumber", 2)] * 1001
    assert problem(patch(building, level, *many))[0] == 400
    assert patch(building, level, *many[1:]).status_code == 200
