"""POST /twins/graph: a twin and those found by its relationships (spec/willow.md 4.8, 8.3)."""

import json
from typing import Any

import pytest
from tests.dialect.willow.buildings import new_id, put
from tests.dialect.willow.conftest import GRAPH_TWINS
from tests.dialect.willow.queries import ask, graph
from tests.harness import Account, problem
from tests.material import PREFIX


def step(alias: str, direction: str = "Incoming", *names: str, **members: Any) -> dict[str, Any]:
    return {"alias": alias, "direction": direction, "relationshipNames": list(names)} | members


def test_the_documented_request(estate: Account) -> None:
    """Names and shape are those of the vendor's example, on the air handling unit."""
    found = graph(
        estate,
        "AHU-1",
        step(
            "Components",
            "Incoming",
            "isPartOf",
            modelNames=[f"{PREFIX}Fan;1"],
            exactModelMatch=False,
            relationship=step(
                "ComponentPoints", "Incoming", "isCapabilityOf", modelNames=[], relationship={}
            ),
        ),
        step("TwinPoints", "Incoming", "isCapabilityOf", relationship={}),
        alias="Twin",
    )
    assert found == {
        "Twin": ["AHU-1"],
        "Components": ["AHU-1-SF"],
        "ComponentPoints": [],
        "TwinPoints": [],
    }


def test_answers_whole_twins(estate: Account) -> None:
    answer = ask(estate, "/graph", alias="T", id="CH-1", relationships=[step("Fed")]).json()
    alone = estate.request("GET", "/api/v3/twins/AHU-1").json()
    assert answer["Fed"] == [alone]


def test_walks_from_the_zone_to_the_chiller(estate: Account) -> None:
    third = step("Source", "Outgoing", "isFedBy")
    second = step("Unit", "Outgoing", "isFedBy", relationship=third)
    found = graph(estate, "BLD-1-L01-Z1", step("Box", "Outgoing", "isFedBy", relationship=second))
    assert found == {
        "Start": ["BLD-1-L01-Z1"],
        "Box": ["FPB-1"],
        "Unit": ["AHU-1"],
        "Source": ["CH-1"],
    }


@pytest.mark.parametrize(
    ("id_", "asked", "expected"),
    [
        ("BLD-1-L01", step("x"), ["BC-1", "BLD-1-L01-100", "FPB-1"]),
        ("BLD-1-L01", step("x", "Outgoing"), ["BLD-1"]),
        ("BLD-1-L01", step("x", "incomingoroutgoing", "isPartOf"), ["BLD-1", "BLD-1-L01-100"]),
        ("BLD-1-L01", {"alias": "x"}, ["BC-1", "BLD-1", "BLD-1-L01-100", "FPB-1"]),
        ("BLD-1-L01", step("x", modelNames=[f"{PREFIX}Asset;1"]), ["BC-1", "FPB-1"]),
        ("BLD-1-L01", step("x", modelNames=[f"{PREFIX}Asset;1"], exactModelMatch=True), []),
        ("BLD-1-L01", step("x", modelNames=["dtmi:com:example:Unknown;1"]), []),
        ("BLD-1-L01", step("x", "Incoming", "unheardOf"), []),
        ("CO-1", step("x"), ["BLD-1", "LS-1"]),
    ],
)
def test_a_step(estate: Account, id_: str, asked: dict[str, Any], expected: list[str]) -> None:
    assert graph(estate, id_, asked)["x"] == expected


def test_a_twin_reached_twice_is_there_once(estate: Account) -> None:
    back = step("Buildings", "Outgoing", "isPartOf", "locatedIn")
    found = graph(estate, "BLD-1-L01", step("Inside", relationship=back))
    assert found["Buildings"] == ["BLD-1-L01", "BLD-1-L01-Z1"]


def test_every_twin_is_reached_in_the_end(estate: Account) -> None:
    asked: dict[str, Any] = step("8", "IncomingOrOutgoing")
    for alias in range(7, 0, -1):
        asked = step(str(alias), "IncomingOrOutgoing", relationship=asked)
    found = graph(estate, "CH-1", asked)
    assert {id_ for ids in found.values() for id_ in ids} == set(GRAPH_TWINS)


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"alias": "T"}, "/id"),
            ({"id": "CH-1"}, "/alias"),
            ({"alias": "T", "id": "CH-1", "relationships": [{}]}, "/relationships/0/alias"),
            (
                {"alias": "T", "id": "CH-1", "relationships": [step("a"), step("T")]},
                "/relationships/1/alias",
            ),
            (
                {"alias": "T", "id": "CH-1", "relationships": [step("a", "Sideways")]},
                "/relationships/0/direction",
            ),
            (
                {"alias": "T", "id": "CH-1", "relationships": [step(str(n)) for n in range(33)]},
                "/relationships",
            ),
            (
                {"alias": "T", "id": "CH-1", "relationships": [step("a", relationship=step("a"))]},
                "/relationships/0/relationship/alias",
            ),
        ],
    )
    def test_what_cannot_be_followed(
        self, estate: Account, body: dict[str, Any], place: str
    ) -> None:
        assert list(problem(ask(estate, "/graph", **body))[1]) == [place]

    def test_more_than_eight_steps_on_end(self, estate: Account) -> None:
        asked = step("9")
        for alias in range(8, 0, -1):
            asked = step(str(alias), relationship=asked)
        answer = ask(estate, "/graph", alias="T", id="CH-1", relationships=[asked])
        place = "/relationships/0" + "/relationship" * 8
        assert problem(answer) == (400, {place: ["Steps may be at most 8 deep."]})

    def test_an_unknown_twin(self, estate: Account) -> None:
        assert problem(ask(estate, "/graph", alias="T", id="CH-2"))[0] == 404


class TestAccess:
    def test_hidden_twins_are_not_followed(self, estate: Account) -> None:
        caller = estate.member(twin_rule="twin_id != 'FPB-1'")
        asked = step("Unit", "Outgoing", "isFedBy")
        found = graph(
            caller, "BLD-1-L01-Z1", step("Box", "Outgoing", "isFedBy", relationship=asked)
        )
        assert found == {"Start": ["BLD-1-L01-Z1"], "Box": [], "Unit": []}

    def test_steps_need_the_permission_to_see_relationships(self, estate: Account) -> None:
        caller = estate.member({"effect": "allow", "actions": ["get_twin"]})
        assert graph(caller, "CH-1") == {"Start": ["CH-1"]}
        answer = ask(caller, "/graph", alias="T", id="CH-1", relationships=[step("x")])
        assert problem(answer)[0] == 403


def crowd(account: Account, count: int, **contents: Any) -> tuple[str, list[str]]:
    """A level, and the ids of so many rooms that are part of it."""
    level = new_id("Crowded")
    put(account, level, "Level")
    rooms = [f"{level}-{number:05d}" for number in range(count)]
    model = {"$model": f"{PREFIX}Room;1"}
    twins: list[dict[str, Any]] = [{"$dtId": id_, "$metadata": model} | contents for id_ in rooms]
    edges = [
        {
            "$relationshipId": "in",
            "$sourceId": id_,
            "$targetId": level,
            "$relationshipName": "isPartOf",
        }
        for id_ in rooms
    ]
    for section, items in (("twins", twins), ("relationships", edges)):
        text = "\n".join(json.dumps(item) for item in items)
        answer = account.request("POST", f"/imports?section={section}", data=text.encode())
        assert answer.json() == {"stored": count, "problems": []}
    return level, rooms


class TestLimits:
    def test_a_step_may_find_many_more_than_are_read_together(self, building: Account) -> None:
        level, rooms = crowd(building, 1001)
        parts = step("Rooms", "Incoming", "isPartOf", relationship=step("Up", "Outgoing"))
        assert graph(building, level, parts) == {"Start": [level], "Rooms": rooms, "Up": [level]}

    def test_an_answer_is_no_larger_than_its_limit(self, building: Account) -> None:
        level, _ = crowd(building, 33, description="x" * 64_000)
        steps = [step(str(number), "Incoming", "isPartOf") for number in range(32)]
        refused = ask(building, "/graph", alias="T", id=level, relationships=steps)
        assert problem(refused)[0] == 400
        assert "67108864 characters" in refused.json()["detail"]
        answer = ask(building, "/graph", alias="T", id=level, relationships=steps[:31])
        assert answer.status_code == 200
