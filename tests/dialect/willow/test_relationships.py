"""Relationships: derived ids, what models allow, who sees them (spec/willow.md 5 and 9)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.dialect.willow.buildings import new_id, put, relate, try_relating
from tests.harness import Account, problem
from tests.material import PREFIX


@pytest.fixture
def ahu(building: Account) -> str:
    id_ = new_id("AHU")
    put(building, id_, "AirHandlingUnit")
    return id_


@pytest.fixture
def chiller(building: Account) -> str:
    id_ = new_id("Chiller")
    put(building, id_, "Chiller")
    return id_


def outgoing(account: Account, twin: str) -> list[str]:
    found = account.request("GET", f"/api/v3/twins/{twin}/relationships/outgoing")
    assert found.status_code == 200, found.text
    return [edge["id"] for edge in found.json()]


def incoming(account: Account, twin: str) -> list[str]:
    found = account.request("GET", f"/api/v3/twins/{twin}/relationships/incoming")
    assert found.status_code == 200, found.text
    return [edge["id"] for edge in found.json()]


def test_the_id_is_derived_as_in_the_documentation(
    building: Account, ahu: str, chiller: str
) -> None:
    made = relate(building, ahu, "isFedBy", chiller, substance="ChilledWater")
    assert made == {
        "id": f"{ahu}_isFedBy_substance_ChilledWater_{chiller}",
        "targetId": chiller,
        "sourceId": ahu,
        "name": "isFedBy",
        "properties": {"substance": "ChilledWater"},
    }
    assert building.request("GET", f"/api/v3/twins/{ahu}/relationships/{made['id']}").json() == made
    plain = relate(building, ahu, "isFedBy", chiller)
    assert plain["id"] == f"{ahu}_isFedBy_{chiller}"
    assert "properties" not in plain
    assert outgoing(building, ahu) == sorted([made["id"], plain["id"]])
    assert incoming(building, chiller) == sorted([made["id"], plain["id"]])
    assert outgoing(building, chiller) == incoming(building, ahu) == []


def test_what_the_body_says_of_the_id_is_ignored(building: Account, ahu: str, chiller: str) -> None:
    edge = {"Id": "mine", "SourceId": ahu, "targetID": chiller, "NAME": "isFedBy"}
    made = building.request("PUT", "/api/v3/twins/relationships", json=edge).json()
    assert made["id"] == f"{ahu}_isFedBy_{chiller}"


def test_repeating_makes_no_second(building: Account, ahu: str, chiller: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: relate(building, ahu, "isFedBy", chiller), range(8)))
    assert len({edge["id"] for edge in made}) == 1
    relate(building, ahu, "isFedBy", chiller, substance=None)
    assert len(outgoing(building, ahu)) == 1


def test_a_replacement_of_a_twin_keeps_its_relationships(
    building: Account, ahu: str, chiller: str
) -> None:
    relate(building, ahu, "isFedBy", chiller)
    put(building, ahu, "Chiller")
    assert len(outgoing(building, ahu)) == 1


def test_ids_that_derive_alike_stay_apart(building: Account) -> None:
    models = [
        {
            "@context": "dtmi:dtdl:context;3",
            "@id": "dtmi:test:Node;1",
            "@type": "Interface",
            "contents": [
                {"@type": "Relationship", "name": "to"},
                {"@type": "Relationship", "name": "to_b"},
            ],
        }
    ]
    assert building.request("POST", "/models", json=models).status_code == 201
    for id_ in ("n", "c", "b_c"):
        sent = {"id": id_, "modelId": "dtmi:test:Node;1"}
        assert building.request("PUT", "/twins", json=sent).status_code == 200
    one = relate(building, "n", "to", "b_c")
    two = relate(building, "n", "to_b", "c")
    assert one["id"] == "n_to_b_c" != two["id"]
    assert relate(building, "n", "to_b", "c") == two
    assert len(outgoing(building, "n")) == 2


@pytest.fixture(scope="session")
def noting(building: Account) -> str:
    """A twin of a model whose relationship has a property of any text."""
    model = {
        "@context": "dtmi:dtdl:context;3",
        "@id": "dtmi:test:Noted;1",
        "@type": "Interface",
        "contents": [
            {
                "@type": "Relationship",
                "name": "noted",
                "properties": [{"@type": "Property", "name": "note", "schema": "string"}],
            }
        ],
    }
    assert building.request("POST", "/models", json=[model]).status_code == 201
    id_ = new_id()
    sent = {"id": id_, "modelId": "dtmi:test:Noted;1"}
    assert building.request("PUT", "/twins", json=sent).status_code == 200
    return id_


@pytest.mark.parametrize("notes", [("a" * 1100, "b" * 1100), ("a\nb", "a\0b")])
def test_an_id_that_none_can_be_keeps_its_ends(
    building: Account, noting: str, ahu: str, notes: tuple[str, ...]
) -> None:
    """It would be too long, or hold characters of control."""
    edges = [relate(building, noting, "noted", ahu, note=note) for note in notes]
    made = {edge["id"] for edge in edges}
    assert len(made) == 2
    assert all(edge.startswith(f"{noting}_noted_") and edge.endswith(f"_{ahu}") for edge in made)
    assert all(len(edge) < 1024 and edge.isprintable() for edge in made)
    assert [edge["properties"]["note"] for edge in edges] == list(notes)


def test_metadata_of_a_relationship_is_ignored(building: Account, ahu: str, chiller: str) -> None:
    plain = relate(building, ahu, "isFedBy", chiller)
    assert relate(building, ahu, "isFedBy", chiller, **{"$metadata": {"x": 1}}) == plain


def test_what_the_model_does_not_allow_is_refused(
    building: Account, ahu: str, chiller: str
) -> None:
    level = new_id("level")
    put(building, level, "Level")

    def refused(source: str, name: str, target: str, **properties: object) -> list[str]:
        status, places = problem(try_relating(building, source, name, target, **properties))
        assert status == 400
        return list(places)

    assert refused(ahu, "feeds", chiller) == ["/name"]
    assert refused(ahu, "name", chiller) == ["/name"]
    assert refused(ahu, "isPartOf", level) == ["/targetId"]
    assert refused(ahu, "isFedBy", ahu) == ["/targetId"]
    assert refused(ahu, "isFedBy", chiller, substance="Lemonade") == ["/properties/substance"]
    assert refused(ahu, "isFedBy", chiller, nope=1) == ["/properties/nope"]
    assert refused("", "", "") == ["/sourceId", "/targetId", "/name"]
    relate(building, ahu, "locatedIn", level)  # Level is a descendant of Space
    assert len(outgoing(building, ahu)) == 1


ENDS = ["/sourceId", "/targetId", "/name"]
NO_RELATIONSHIPS: dict[str, tuple[Any, list[str]]] = {
    "array": ([1], [""]),
    "nothing": ({}, ENDS),
    "nulls": ({"sourceId": None, "targetId": None, "name": None, "properties": None}, ENDS),
    "numbers": (
        {"sourceId": 1, "targetId": 2, "name": 3, "properties": 4},
        [*ENDS, "/properties"],
    ),
    "one missing": ({"sourceId": 1, "targetId": "x"}, ["/sourceId", "/name"]),
    "twice": ({"sourceId": "a", "SourceId": "b", "targetId": "c", "name": "d"}, ["/SourceId"]),
}


@pytest.mark.parametrize(("body", "places"), NO_RELATIONSHIPS.values(), ids=NO_RELATIONSHIPS)
def test_all_that_is_wrong_with_a_body_is_named(
    building: Account, body: Any, places: list[str]
) -> None:
    status, found = problem(building.request("PUT", "/api/v3/twins/relationships", json=body))
    assert (status, sorted(found)) == (400, sorted(places))


def test_no_more_than_the_model_allows(building: Account) -> None:
    part, *wholes = (new_id("part") for _ in range(3))
    for id_ in (part, *wholes):
        put(building, id_, "BuildingComponent")
    relate(building, part, "isPartOf", wholes[0])
    relate(building, part, "isPartOf", wholes[0])
    status, places = problem(try_relating(building, part, "isPartOf", wholes[1]))
    assert (status, list(places)) == (400, ["/name"])


def test_both_ends_must_be_there(building: Account, ahu: str) -> None:
    assert problem(try_relating(building, ahu, "isFedBy", "nowhere"))[0] == 404
    assert problem(try_relating(building, "nowhere", "isFedBy", ahu))[0] == 404
    assert (
        problem(building.request("GET", "/api/v3/twins/nowhere/relationships/outgoing"))[0] == 404
    )
    assert problem(building.request("GET", f"/api/v3/twins/{ahu}/relationships/x"))[0] == 404


def test_deleting_a_relationship(building: Account, ahu: str, chiller: str) -> None:
    edge = relate(building, ahu, "isFedBy", chiller)["id"]
    path = f"/api/v3/twins/{ahu}/relationships/{edge}"
    assert building.request("DELETE", path).status_code == 204
    assert problem(building.request("DELETE", path))[0] == 404
    assert incoming(building, chiller) == []


def test_a_related_twin_is_deleted_only_with_its_relationships(
    building: Account, ahu: str, chiller: str
) -> None:
    relate(building, ahu, "isFedBy", chiller)
    for id_ in (ahu, chiller):
        assert problem(building.request("DELETE", f"/api/v3/twins/{id_}"))[0] == 400
    assert building.request("DELETE", f"/api/v3/twins/{chiller}?cascade=true").status_code == 204
    assert outgoing(building, ahu) == []
    assert building.request("DELETE", f"/api/v3/twins/{ahu}").status_code == 204
    assert problem(building.request("GET", f"/api/v3/twins/{ahu}"))[0] == 404


def test_a_relationship_is_seen_with_both_its_ends(
    building: Account, ahu: str, chiller: str
) -> None:
    edge = relate(building, ahu, "isFedBy", chiller)["id"]
    sees_ahu = building.member(twin_rule=f"twin_id == '{ahu}'")
    assert outgoing(sees_ahu, ahu) == []
    assert problem(sees_ahu.request("GET", f"/api/v3/twins/{ahu}/relationships/{edge}"))[0] == 404
    shown = sees_ahu.request("GET", f"/api/v3/twins/{ahu}?includeRelationships=true").json()
    assert shown["outgoingRelationships"] == []
    sees_both = building.member(twin_rule=f"twin_id in ['{ahu}', '{chiller}']")
    assert outgoing(sees_both, ahu) == incoming(sees_both, chiller) == [edge]


def test_relationships_are_shown_to_those_who_may_read_them(building: Account, ahu: str) -> None:
    reader = building.member({"effect": "allow", "actions": ["get_twin"]})
    path = f"/api/v3/twins/{ahu}"
    assert "incomingRelationships" not in reader.request("GET", path).json()
    assert problem(reader.request("GET", f"{path}?includeRelationships=true"))[0] == 403


def test_a_twin_with_relationships_is_not_transferred(
    building: Account, ahu: str, chiller: str
) -> None:
    relate(building, ahu, "isFedBy", chiller)
    match = {"match": f"twin_id == '{ahu}'", "fill": "true"}
    uuid = building.request("GET", "/twins", params=match).json()["twins"][0]
    offer = {"recipient": building.account.replace("0", "1")}
    answer = building.request("POST", f"/twins/{uuid}/transfers", json=offer)
    assert (answer.status_code, answer.json()["subcode"]) == (400, "400358")


def test_a_model_that_is_gone_is_named_when_its_twin_is_written(building: Account) -> None:
    model = {"@context": "dtmi:dtdl:context;3", "@id": "dtmi:test:Gone;1", "@type": "Interface"}
    assert building.request("POST", "/models", json=[model]).status_code == 201
    id_ = new_id()
    sent = {"id": id_, "modelId": model["@id"]}
    assert building.request("PUT", "/twins", json=sent).status_code == 200
    assert building.request("DELETE", f"/models/{model['@id']}").status_code == 204
    assert building.request("GET", f"/api/v3/twins/{id_}").json()["modelId"] == model["@id"]
    for answer in (
        building.request("PUT", "/twins", json=sent),
        building.request("PATCH", f"/api/v3/twins/{id_}", json=[]),
    ):
        status, places = problem(answer)
        assert (status, list(places)) == (400, ["/modelId"])
        assert model["@id"] in answer.json()["detail"]
    assert building.request("DELETE", f"/api/v3/twins/{id_}").status_code == 204
    assert PREFIX not in id_
