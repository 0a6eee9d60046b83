"""Models: what a server asks of them, and what a twin's contents are checked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def models(interface: Make) -> dtdl.ModelSet:
    """A Room with everything, extending a Space; a Thermostat as its component."""
    space = interface(
        "Space",
        displayName={"en": "Space", "nl": "Ruimte"},
        schemas=[
            {
                "@id": "dtmi:test:Tags;1",
                "@type": "Map",
                "mapKey": {"name": "tag", "schema": "string"},
                "mapValue": {"name": "on", "schema": "boolean"},
            }
        ],
        contents=[
            {"@type": "Property", "name": "tags", "schema": "dtmi:test:Tags;1"},
            {
                "@type": "Relationship",
                "name": "isPartOf",
                "target": "dtmi:test:Space;1",
                "maxMultiplicity": 1,
                "displayName": "is part of",
                "writable": True,
                "properties": [{"@type": "Property", "name": "since", "schema": "date"}],
            },
        ],
    )
    thermostat = interface(
        "Thermostat",
        contents=[
            {"@type": "Property", "name": "setpoint", "schema": "double", "writable": True},
            {"@type": "Telemetry", "name": "temperature", "schema": "double"},
        ],
    )
    room = interface(
        "Room",
        extends="dtmi:test:Space;1",
        contents=[
            {
                "@type": "Property",
                "name": "floor",
                "schema": "integer",
                "comment": "counted from 0",
            },
            {"@type": "Component", "name": "thermostat", "schema": "dtmi:test:Thermostat;1"},
            {"@type": "Telemetry", "name": "motion", "schema": "boolean"},
            {
                "@type": "Command",
                "name": "lock",
                "request": {"name": "until", "schema": "dateTime"},
                "response": {"name": "done", "schema": "boolean"},
            },
            {
                "@type": "Property",
                "name": "size",
                "schema": {
                    "@type": "Object",
                    "fields": [
                        {"name": "width", "schema": "double"},
                        {
                            "name": "unit",
                            "displayName": "Unit",
                            "schema": {
                                "@type": "Enum",
                                "valueSchema": "string",
                                "enumValues": [
                                    {"name": "m", "enumValue": "metre", "displayName": "Metre"}
                                ],
                            },
                        },
                    ],
                },
            },
        ],
    )
    return dtdl.parse([room, space, thermostat])


def test_a_set_is_a_mapping(models: dtdl.ModelSet) -> None:
    """From DTMI to model, in the order of the documents."""
    assert list(models) == ["dtmi:test:Room;1", "dtmi:test:Space;1", "dtmi:test:Thermostat;1"]
    assert len(models) == 3
    assert "dtmi:test:Room;1" in models
    assert "dtmi:test:Gone;1" not in models
    assert models["dtmi:test:Room;1"] is models["dtmi:test:Room;1"]
    assert repr(models["dtmi:test:Room;1"]) == "<Model dtmi:test:Room;1>"
    with pytest.raises(KeyError):
        models["dtmi:test:Gone;1"]


def test_contents_by_kind(models: dtdl.ModelSet) -> None:
    """Inherited ones first, each with what the language says of it."""
    room = models["dtmi:test:Room;1"]
    assert list(room.contents) == [
        "tags",
        "isPartOf",
        "floor",
        "thermostat",
        "motion",
        "lock",
        "size",
    ]
    assert list(room.properties) == ["tags", "floor", "size"]
    assert list(room.relationships) == ["isPartOf"]
    assert list(room.components) == ["thermostat"]
    assert list(room.telemetries) == ["motion"]
    assert list(room.commands) == ["lock"]
    edge = room.relationships["isPartOf"]
    assert (edge.target, edge.min_multiplicity, edge.max_multiplicity) == (
        "dtmi:test:Space;1",
        0,
        1,
    )
    assert edge.writable
    assert [item.name for item in edge.properties] == ["since"]
    assert edge.notes.display_name == {"en": "is part of"}
    assert room.properties["floor"].notes.comment == "counted from 0"
    assert not room.properties["floor"].writable
    lock = room.commands["lock"]
    assert lock.request is not None
    assert lock.response is not None
    assert lock.request.schema == "dtmi:dtdl:instance:Schema:dateTime;2"
    assert not lock.response.nullable


def test_display_names(models: dtdl.ModelSet) -> None:
    """In the language asked for, else in English, else made of the DTMI."""
    assert models["dtmi:test:Space;1"].display_name() == "Space"
    assert models["dtmi:test:Space;1"].display_name("nl") == "Ruimte"
    assert models["dtmi:test:Space;1"].display_name("fr") == "Space"
    assert models["dtmi:test:Room;1"].display_name() == "Room"


def test_the_graph_of_interfaces(models: dtdl.ModelSet) -> None:
    """Ancestors, descendants, dependencies and an order in which each finds what it needs."""
    assert models["dtmi:test:Room;1"].ancestors == ("dtmi:test:Space;1",)
    assert models.descendants("dtmi:test:Space;1") == ("dtmi:test:Room;1",)
    assert models.descendants("dtmi:test:Room;1") == ()
    assert models["dtmi:test:Room;1"].interface.depends_on == (
        "dtmi:test:Space;1",
        "dtmi:test:Thermostat;1",
    )
    assert set(models.dependencies("dtmi:test:Room;1")) == {
        "dtmi:test:Space;1",
        "dtmi:test:Thermostat;1",
    }
    assert models.dependencies("dtmi:test:Space;1") == ()
    order = models.in_dependency_order()
    assert sorted(order) == sorted(models)
    assert order[-1] == "dtmi:test:Room;1"


@pytest.mark.parametrize(
    "contents",
    [
        {},
        {"floor": 3},
        {"floor": None},
        {"thermostat": None},
        {"$metadata": {"$lastUpdateTime": "now"}, "floor": 1},
        {"thermostat": {}},
        {"thermostat": {"$metadata": {}, "setpoint": 20}},
        {"tags": {"a": True, "$metadata": {}}},
        {"size": {"width": 2.5, "unit": "metre", "$metadata": {}}},
    ],
)
def test_contents_that_conform(models: dtdl.ModelSet, contents: dict[str, Any]) -> None:
    """Nothing is required; null is not set; metadata is ignored at every level."""
    assert models["dtmi:test:Room;1"].validate(contents) == []


@pytest.mark.parametrize(
    ("contents", "code", "pointer", "dtmi"),
    [
        (None, "value.type", "", "Room"),
        ([], "value.type", "", "Room"),
        ({"floor": "0"}, "value.type", "/floor", "Room:_contents:__floor"),
        ({"floor": 1.5}, "value.type", "/floor", "Room:_contents:__floor"),
        ({"floor": True}, "value.type", "/floor", "Room:_contents:__floor"),
        ({"floor": 2**31}, "value.range", "/floor", "Room:_contents:__floor"),
        ({"nope": 1}, "value.unknown", "/nope", "Room"),
        ({"a/b~c": 1}, "value.unknown", "/a~1b~0c", "Room"),
        ({"motion": True}, "value.unknown", "/motion", "Room:_contents:__motion"),
        ({"lock": True}, "value.unknown", "/lock", "Room:_contents:__lock"),
        ({"isPartOf": "x"}, "value.relationship", "/isPartOf", "Space:_contents:__isPartOf"),
        ({"tags": {"a": "x"}}, "value.type", "/tags/a", "Space:_contents:__tags"),
        ({"tags": {"a": None}}, "value.type", "/tags/a", "Space:_contents:__tags"),
        ({"size": {"unit": "metres"}}, "value.enum", "/size/unit", "Room:_contents:__size"),
        ({"size": {"depth": 1}}, "value.unknown", "/size/depth", "Room:_contents:__size"),
        ({"thermostat": 5}, "value.type", "/thermostat", "Thermostat"),
        ({"thermostat": {"foo": 1}}, "value.unknown", "/thermostat/foo", "Thermostat"),
        (
            {"thermostat": {"setpoint": "x"}},
            "value.type",
            "/thermostat/setpoint",
            "Thermostat:_contents:__setpoint",
        ),
    ],
)
def test_contents_that_do_not(
    models: dtdl.ModelSet, contents: object, code: str, pointer: str, dtmi: str
) -> None:
    """One violation, at the culprit, naming the element of the model."""
    [found] = models["dtmi:test:Room;1"].validate(contents)
    assert (found.code, found.pointer, found.dtmi) == (code, pointer, f"dtmi:test:{dtmi};1")


def test_all_violations_of_a_twin_are_found(models: dtdl.ModelSet) -> None:
    """Across properties and components."""
    contents = {
        "floor": "x",
        "nope": 1,
        "thermostat": {"setpoint": [], "foo": 1},
        "size": {"width": 1},
    }
    found = models["dtmi:test:Room;1"].validate(contents)
    assert [item.pointer for item in found] == [
        "/floor",
        "/nope",
        "/thermostat/setpoint",
        "/thermostat/foo",
    ]


def test_properties_of_relationships(models: dtdl.ModelSet) -> None:
    """Checked by the schema of their own, wherever the relationship is defined."""
    room = models["dtmi:test:Room;1"]
    assert room.validate_relationship("isPartOf", {"since": "2024-08-30"}) == []
    assert room.validate_relationship("isPartOf", {}) == []
    assert [found.code for found in room.validate_relationship("isPartOf", {"since": 5})] == [
        "value.type"
    ]
    assert [found.pointer for found in room.validate_relationship("isPartOf", {"x": 5})] == ["/x"]
    assert [found.code for found in room.validate_relationship("isPartOf", None)] == ["value.type"]
    with pytest.raises(KeyError):
        room.validate_relationship("floor", {})


def test_a_hostile_twin_is_refused_not_followed(interface: Make) -> None:
    """A value nested deeper than the stack is refused."""
    node = {"@id": "dtmi:test:n;1", "@type": "Array", "elementSchema": "dtmi:test:n;1"}
    document = interface(
        v=4, schemas=[node], contents={"@type": "Property", "name": "p", "schema": "dtmi:test:n;1"}
    )
    model = dtdl.parse([document])["dtmi:test:thing;1"]
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    [found] = model.validate({"p": value})
    assert found.code == "value.too_deep"
    while value:
        value = value.pop()  # taken apart here, as Python would do it recursively
