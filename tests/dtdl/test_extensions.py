"""The language extensions: what their co-types add, and what they ask of their surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]
Codes = Callable[..., set[str]]

EXTENSION = "dtmi:dtdl:extension:"
ALL = [
    f"{EXTENSION}{name}"
    for name in ("quantitativeTypes;2", "annotation;2", "overriding;2", "mqtt;4", "requirement;2")
]


def length(**members: Any) -> dict[str, Any]:
    """A Property that is a length in metres."""
    base = {"@type": ["Property", "Length"], "name": "p", "schema": "double", "unit": "metre"}
    return {key: value for key, value in (base | members).items() if value is not None}


def note(name: str, annotates: str, *types: str, **members: Any) -> dict[str, Any]:
    """A Property that annotates a sibling."""
    base = {"@type": ["Property", "ValueAnnotation", *types], "name": name, "annotates": annotates}
    return base | {"schema": "string"} | members


@pytest.fixture
def extended(interface: Make) -> Make:
    """Makes a v4 Interface in which the extensions are in force."""
    return lambda **members: interface(v=4, at_context=["dtmi:dtdl:context;4", *ALL], **members)


@pytest.mark.parametrize(
    ("code", "pointer", "members"),
    [
        ("dtdl.property_missing", "", {"unit": None}),
        ("dtdl.type_mismatch", "/unit", {"unit": "kelvin"}),
        ("dtdl.reference_invalid", "/unit", {"unit": "meter"}),
        ("dtdl.reference_invalid", "/unit", {"unit": 5}),
        ("dtdl.too_many", "/unit", {"unit": ["metre", "foot"]}),
        ("dtdl.cotype_constraint", "/schema", {"schema": "string"}),
        ("dtdl.cotype_constraint", "/schema", {"schema": "point"}),
        (
            "dtdl.cotype_constraint",
            "/schema",
            {"schema": {"@type": "Array", "elementSchema": "double"}},
        ),
        ("dtdl.cotype_invalid", "/@type", {"@type": ["Property", "Length", "Area"]}),
        ("dtdl.cotype_invalid", "/@type", {"@type": ["Relationship", "Length"], "schema": None}),
    ],
)
def test_quantitative_types(
    extended: Make, refused: Refused, code: str, pointer: str, members: dict[str, Any]
) -> None:
    """A quantity has one of its units and a numeric schema, and an element has one quantity."""
    assert dtdl.parse([extended(contents=[length()])])
    assert (code, f"/contents/0{pointer}") in refused(extended(contents=[length(**members)]))


def test_units_are_known_to_the_model(extended: Make) -> None:
    """Co-types and the values of their properties remain, by DTMI."""
    notes = dtdl.parse([extended(contents=[length()])])["dtmi:test:thing;1"].properties["p"].notes
    prefix = "dtmi:dtdl:extension:quantitativeTypes:v2"
    assert notes.cotypes == (f"{prefix}:class:Length",)
    assert notes.details == {"unit": f"{prefix}:unit:metre"}


def test_semantic_types_of_v2(interface: Make, refused: Refused) -> None:
    """Built into v2, under the same rules; unit types are no schemas there."""
    assert dtdl.parse([interface(v=2, contents=[length()])])
    assert refused(interface(v=2, contents=[length(unit="kelvin")])) == [
        ("dtdl.type_mismatch", "/contents/0/unit")
    ]
    unit = {"@type": "Property", "name": "u", "schema": "LengthUnit"}
    assert refused(interface(v=2, contents=[unit])) == [
        ("dtdl.type_mismatch", "/contents/0/schema")
    ]
    assert refused(interface(v=3, contents=[length()]))


def test_unit_types_are_schemas(extended: Make) -> None:
    """A value of such a schema is the name of a unit."""
    unit = {"@type": "Property", "name": "u", "schema": "LengthUnit"}
    model = dtdl.parse([extended(contents=[unit])])["dtmi:test:thing;1"]
    assert model.validate({"u": "metre"}) == []
    [found] = model.validate({"u": "metres"})
    assert (found.code, found.pointer) == ("value.enum", "/u")


def test_an_extension_belongs_to_versions(interface: Make, refused: Refused) -> None:
    """quantitativeTypes;1 is for v3: its types cannot be used in v4."""
    context = ["dtmi:dtdl:context;4", f"{EXTENSION}quantitativeTypes;1"]
    assert ("dtdl.cotype_invalid", "/contents/0/@type") in refused(
        interface(v=4, at_context=context, contents=[length()])
    )


def test_annotations(extended: Make, refused: Refused) -> None:
    """They name a sibling Property or Telemetry that is none; an absent one does no harm."""
    target = {"@type": "Telemetry", "name": "t", "schema": "double"}
    assert dtdl.parse(
        [extended(contents=[target, note("n", "t"), note("m", "t"), note("o", "absent")])]
    )
    command = {"@type": "Command", "name": "c"}
    assert refused(extended(contents=[command, note("n", "c")])) == [
        ("dtdl.annotation_invalid", "/contents/1/annotates")
    ]
    assert refused(extended(contents=[target, note("n", "t"), note("m", "n")])) == [
        ("dtdl.annotation_invalid", "/contents/2/annotates")
    ]
    edge = {"@type": "Relationship", "name": "r", "properties": [note("n", "m"), note("m", "x")]}
    assert refused(extended(contents=[edge])) == [
        ("dtdl.annotation_invalid", "/contents/0/properties/0/annotates")
    ]


def test_annotations_across_inheritance(interface: Make, refused: Refused) -> None:
    """Siblings are all contents, whichever Interface of the line defines them; reported once."""
    context = ["dtmi:dtdl:context;4", *ALL]
    top = interface("top", at_context=context, contents=note("n", "later"))
    low = interface(
        "low", extends="dtmi:test:top;1", v=4, contents={"@type": "Command", "name": "later"}
    )
    lowest = interface(
        "lowest", extends="dtmi:test:low;1", v=4, contents={"@type": "Command", "name": "x"}
    )
    assert refused(top, low, lowest) == [("dtdl.annotation_invalid", "/contents/annotates")]


@pytest.mark.parametrize(
    ("pointer", "members"),
    [
        ("/overrides", {"overrides": "schema"}),
        ("/overrides", {"overrides": "index"}),
        ("/schema", {"schema": "AreaUnit"}),
        ("/schema", {"schema": "string"}),
    ],
)
def test_overrides(extended: Make, refused: Refused, pointer: str, members: dict[str, Any]) -> None:
    """They name a property that a co-type gave the sibling, and have the schema of its unit."""
    override = note("u", "p", "Override", overrides="unit", schema="LengthUnit")
    assert dtdl.parse([extended(contents=[length(), override])])
    assert refused(extended(contents=[length(), override | members])) == [
        ("dtdl.annotation_invalid", f"/contents/1{pointer}")
    ]
    twice = [length(), override, override | {"name": "v"}]
    assert refused(extended(contents=twice)) == [
        ("dtdl.annotation_invalid", "/contents/2/overrides")
    ]
    lonely = override | {"@type": ["Property", "Override"]}
    assert ("dtdl.cotype_invalid", "/contents/1/@type") in refused(
        extended(contents=[length(), lonely])
    )


MQTT = {"@type": ["Interface", "Mqtt"], "payloadFormat": "json"}


@pytest.mark.parametrize(
    ("valid", "members"),
    [
        (True, {}),
        (
            True,
            {
                "telemetryTopic": "a/{modelId}/b",
                "commandTopic": "{ex:name}/x",
                "cmdServiceGroupId": "g",
            },
        ),
        (False, {"payloadFormat": 5}),
        (False, {"payloadFormat": None}),
        (False, {"telemetryTopic": ""}),
        (False, {"telemetryTopic": "a//b"}),
        (False, {"commandTopic": "$a"}),
        (False, {"cmdServiceGroupId": "a/b"}),
    ],
)
def test_mqtt_topics(extended: Make, codes: Codes, *, valid: bool, members: dict[str, Any]) -> None:
    """Topics and groups follow their patterns; the payload format is required."""
    assert (codes(extended() | MQTT | members) == set()) is valid


def test_mqtt_commands_and_indexes(extended: Make, refused: Refused) -> None:
    """Cacheable needs Idempotent and a duration; indexes differ among siblings."""
    command = {"@type": ["Command", "Idempotent", "Cacheable"], "name": "c", "ttl": "PT10M"}
    assert dtdl.parse([extended(contents=[command])])
    assert refused(extended(contents=[command | {"ttl": "10 minutes"}])) == [
        ("dtdl.value_invalid", "/contents/0/ttl")
    ]
    assert refused(extended(contents=[command | {"@type": ["Command", "Cacheable"]}])) == [
        ("dtdl.cotype_invalid", "/contents/0/@type")
    ]
    indexed = [
        {"@type": ["Telemetry", "Indexed"], "name": f"t{n}", "schema": "date", "index": 1}
        for n in (1, 2)
    ]
    assert refused(extended(contents=indexed)) == [("dtdl.name_duplicate", "/contents/1")]
    indexed[1]["index"] = 0
    assert refused(extended(contents=indexed)) == [("dtdl.value_invalid", "/contents/1/index")]


def result(*fields: dict[str, Any], types: tuple[str, ...] = ("Result",)) -> dict[str, Any]:
    """A Property whose schema is an object with co-types."""
    schema = {"@type": ["Object", *types], "fields": list(fields)}
    return {"@type": "Property", "name": "p", "schema": schema}


def role(*types: str, schema: object = "string", name: str = "f") -> dict[str, Any]:
    """A field with co-types."""
    return {"@type": ["Field", *types], "name": name, "schema": schema}


ERROR = {"@type": ["Object", "Error"]}
CODE = {"@type": "Enum", "valueSchema": "integer"}


@pytest.mark.parametrize(
    ("valid", "content"),
    [
        (True, result()),
        (True, result(role("NormalResult"))),
        (True, result(role("ErrorResult", schema=ERROR), role("NormalResult", name="n"))),
        (False, result(role())),
        (False, result(role("NormalResult"), role("NormalResult", name="g"))),
        (False, result(role("ErrorResult"))),
        (False, result(role("ErrorResult", schema={"@type": "Object"}))),
        (False, result(role("NormalResult"), types=())),
        (
            True,
            result(
                role("ErrorCode", schema=CODE),
                role("ErrorInfo", schema={"@type": "Object"}, name="g"),
            ),
        ),
        (False, result(role("ErrorInfo", schema={"@type": "Object"}))),
        (False, result(role("ErrorCode"))),
        (True, result(role("ErrorMessage"), types=("Error",))),
        (False, result(role("ErrorMessage", schema="integer"), types=("Error",))),
        (True, result(role("Required"), types=())),
    ],
)
def test_mqtt_results(
    extended: Make, codes: Codes, *, valid: bool, content: dict[str, Any]
) -> None:
    """Fields have roles, roles need their container, their schema and their neighbours."""
    expected = set() if valid else {"dtdl.cotype_constraint"}
    assert codes(extended(contents=[content])) == expected


def test_fragmented_needs_a_map_on_a_property_or_property_value(
    extended: Make, refused: Refused
) -> None:
    """Also on a Field, but only on one that is a PropertyValue."""
    a_map = {
        "@type": "Map",
        "mapKey": {"name": "k", "schema": "string"},
        "mapValue": {"name": "v", "schema": "string"},
    }
    content = {"@type": ["Property", "Fragmented"], "name": "p", "schema": a_map}
    assert dtdl.parse([extended(contents=[content])])
    assert refused(extended(contents=[content | {"schema": "string"}])) == [
        ("dtdl.cotype_constraint", "/contents/0/schema")
    ]
    value = result(role("PropertyValue", "Fragmented", schema=a_map), types=("PropertyResult",))
    assert dtdl.parse([extended(contents=[value])])
    plain = result(role("Fragmented", schema=a_map), types=())
    assert refused(extended(contents=[plain])) == [
        ("dtdl.cotype_invalid", "/contents/0/schema/fields/0/@type")
    ]


@pytest.mark.parametrize(
    ("valid", "content"),
    [
        (
            True,
            {"@type": ["Telemetry", "Limited"], "schema": "integer", "minimum": 1, "maximum": 10},
        ),
        (
            True,
            {"@type": ["Telemetry", "Limited"], "schema": "double", "minimum": 1, "maximum": 10.5},
        ),
        (True, {"@type": ["Telemetry", "Limited"], "schema": "double", "maximum": 10**30}),
        (False, {"@type": ["Telemetry", "Limited"], "schema": "integer", "maximum": 10.5}),
        (False, {"@type": ["Telemetry", "Limited"], "schema": "integer", "maximum": 2**31}),
        (False, {"@type": ["Telemetry", "Limited"], "schema": "integer", "maximum": "10"}),
        (False, {"@type": ["Telemetry", "Limited"], "schema": "boolean"}),
        (True, {"@type": ["Telemetry", "Precise"], "schema": "double", "decimalPlaces": 2}),
        (False, {"@type": ["Telemetry", "Precise"], "schema": "double", "decimalPlaces": 2.5}),
        (True, {"@type": ["Telemetry", "Qualified"], "schema": "string", "namespace": "n" * 128}),
        (False, {"@type": ["Telemetry", "Qualified"], "schema": "string", "namespace": "n" * 129}),
    ],
)
def test_iotoperations(
    interface: Make, codes: Codes, *, valid: bool, content: dict[str, Any]
) -> None:
    """Numbers beside a numeric schema conform to it; texts are limited."""
    context = ["dtmi:dtdl:context;4", "dtmi:iotoperations:context;4"]
    document = interface(v=4, at_context=context, contents=[{"name": "t"} | content])
    assert (codes(document) == set()) is valid
    if valid:
        again = dtdl.ModelSet.load(dtdl.parse([document]).dump())
        assert again["dtmi:test:thing;1"].telemetries["t"].notes.details


@pytest.mark.parametrize(
    ("valid", "kind", "schema"),
    [
        (
            True,
            "State",
            {
                "@type": "Enum",
                "valueSchema": "integer",
                "enumValues": [{"name": "a", "enumValue": 1}],
            },
        ),
        (False, "State", "integer"),
        (True, "Event", "string"),
        (False, "Event", "boolean"),
        (True, "Location", "geopoint"),
        (True, "Location", "point"),
        (False, "Location", "integer"),
        (True, "AccelerationVector", "vector"),
        (False, "VelocityVector", "double"),
    ],
)
def test_iotcentral(
    interface: Make, codes: Codes, *, valid: bool, kind: str, schema: object
) -> None:
    """Partner semantic types of v2 ask for certain schemas."""
    context = ["dtmi:dtdl:context;2", "dtmi:iotcentral:context;2"]
    content = {"@type": ["Telemetry", kind], "name": "t", "schema": schema}
    expected = set() if valid else {"dtdl.cotype_constraint"}
    assert codes(interface(v=2, at_context=context, contents=[content])) == expected
