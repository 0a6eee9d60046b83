"""Every class and property of the language, in every version: what must hold for all alike.

The models are built from the metamodel, so a class or property that is added is tested at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl
from twinhold.dtdl.metamodel import CLASSES, CONTENT_KINDS, PRIMITIVES, Form, PropertyRule

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]
Codes = Callable[..., set[str]]

SAMPLES: dict[Form, Any] = {
    Form.TEXT: "aText",
    Form.LANGUAGE: {"en": "a text"},
    Form.BOOLEAN: True,
    Form.LITERAL: 1,
    Form.DTMI: "dtmi:test:elsewhere;1",
}
WRONG: dict[Form, list[Any]] = {
    Form.TEXT: [5, True, 1.5, {}, {"foo": 1}, [5]],
    Form.LANGUAGE: [5, True, [5], {"EN": "x"}],
    Form.BOOLEAN: [0, "true", {}, [1]],
    Form.INTEGER: ["1", True, 1.5, {}],
    Form.LITERAL: [True, 1.5, {}],
    Form.DTMI: [5, "not a dtmi", {}, "dtmi:a:_b;1", "dtmi:a;1#f"],
    Form.ELEMENT: [5, True, 1.5, "no such term", "http://example.com", [[]], {}],
}


def value(rule: PropertyRule, version: int) -> Any:
    """A value that a property accepts."""
    if rule.form is Form.INTEGER:
        return rule.minimum
    if rule.form is not Form.ELEMENT:
        return SAMPLES[rule.form]
    if rule.members or "Schema" in rule.kinds:
        return min(rule.members or {"double"})
    if "Interface" in rule.kinds:
        return head(f"other{rule.name}", version)
    if rule.name == "schemas":
        return minimal("Array", version) | {"@id": "dtmi:test:array;1"}
    return minimal("Telemetry" if rule.name == "contents" else min(rule.kinds), version)


def head(name: str, version: int) -> dict[str, Any]:
    """An Interface without properties."""
    context = f"dtmi:dtdl:context;{version}"
    return {"@context": context, "@id": f"dtmi:test:{name};1", "@type": "Interface"}


def minimal(kind: str, version: int) -> dict[str, Any]:
    """An element with its required properties only."""
    element = head("thing", version) if kind == "Interface" else {"@type": kind}
    rules = CLASSES[version][kind].properties.values()
    required = {rule.name: value(rule, version) for rule in rules if rule.required}
    if kind == "Enum":
        required["valueSchema"] = "integer"
    return element | required


def full(kind: str, version: int) -> dict[str, Any]:
    """An element with all properties."""
    rules = CLASSES[version][kind].properties.values()
    return minimal(kind, version) | {
        rule.name: value(rule, version) for rule in rules if rule.name != "valueSchema"
    }


def document(kind: str, version: int, element: dict[str, Any]) -> dict[str, Any]:
    """An Interface around an element, at a place where its class may stand."""
    whole = head("thing", version)
    command = {"@type": "Command", "name": "c"}
    a_map = minimal("Map", version)
    if kind == "Interface":
        return element
    if kind in CONTENT_KINDS:
        return whole | {"contents": [element]}
    if kind == "CommandResponse":
        return whole | {"contents": [command | {"response": element}]}
    if kind.startswith("Command"):
        return whole | {"contents": [command | {"request": element}]}
    schema = {
        "EnumValue": {"@type": "Enum", "valueSchema": "integer", "enumValues": [element]},
        "Field": {"@type": "Object", "fields": [element]},
        "MapKey": a_map | {"mapKey": element},
        "MapValue": a_map | {"mapValue": element},
    }.get(kind, element)
    return whole | {"contents": [{"@type": "Telemetry", "name": "t", "schema": schema}]}


USABLE = [
    (version, kind)
    for version, kinds in CLASSES.items()
    for kind in kinds
    if not kind.endswith("LatentType")
]
PROPERTIES = [
    (version, kind, name) for version, kind in USABLE for name in CLASSES[version][kind].properties
]


@pytest.mark.parametrize(("version", "kind"), USABLE)
def test_elements_are_accepted_minimal_and_full(codes: Codes, version: int, kind: str) -> None:
    """With the required properties only, and with all of them."""
    for element in (minimal(kind, version), full(kind, version)):
        assert codes(document(kind, version, element)) == set()


@pytest.mark.parametrize(("version", "kind"), USABLE)
def test_elements_by_dtmi_mean_the_same(version: int, kind: str) -> None:
    """Class and properties written as DTMIs give the same model."""
    element = full(kind, version)
    by_dtmi = {f"dtmi:dtdl:property:{key};{version}": item for key, item in element.items()}
    by_dtmi = {key: item for key, item in by_dtmi.items() if ":@" not in key}
    by_dtmi |= {key: item for key, item in element.items() if key.startswith("@")}
    by_dtmi["@type"] = [f"dtmi:dtdl:class:{kind};{version}"]
    expected = dtdl.parse([document(kind, version, element)])
    found = dtdl.parse([document(kind, version, by_dtmi)])
    assert [model.interface for model in found.values()] == [
        model.interface for model in expected.values()
    ]


@pytest.mark.parametrize(("version", "kind"), USABLE)
def test_foreign_members_are_refused(codes: Codes, version: int, kind: str) -> None:
    """Unknown terms, DTMIs, keywords and co-types, at every class."""
    element = minimal(kind, version)
    for member in ("foobar", "boolean", "dtmi:foo:bar;1", "dtmi:foo//bar", "http://foo.com/bar"):
        assert codes(document(kind, version, element | {member: 1})) == {"dtdl.property_unknown"}
    assert codes(document(kind, version, element | {"@graph": {}})) == {"dtdl.keyword_disallowed"}
    ignored = set() if version == 2 else {"dtdl.keyword_disallowed"}
    assert codes(document(kind, version, element | {"@value": 1})) == ignored
    unknown = set() if version == 2 else {"dtdl.cotype_unknown"}
    assert codes(document(kind, version, element | {"@type": [kind, "Foobar"]})) == unknown


@pytest.mark.parametrize(("version", "kind"), USABLE)
def test_types_and_ids_are_well_formed(codes: Codes, version: int, kind: str) -> None:
    """At every class."""
    element = minimal(kind, version)
    types: list[Any] = [None, 5, True, {}, [], [None], [kind, 5], "Something", ["Something"]]
    ids: list[Any] = [None, 5, "", "x", ["dtmi:a;1"], {"@value": "dtmi:a;1"}, "dtmi:a:_b;1"]
    for wrong in types:
        found = codes(document(kind, version, element | {"@type": wrong}))
        assert "dtdl.type_invalid" in found, wrong
    assert codes(document(kind, version, element | {"@type": [kind, kind]})) == set()
    for wrong in ids:
        found = codes(document(kind, version, element | {"@id": wrong}))
        assert "dtdl.id_invalid" in found, wrong


@pytest.mark.parametrize(("version", "kind", "name"), PROPERTIES)
def test_properties_alike(codes: Codes, version: int, kind: str, name: str) -> None:
    """No property is null, given twice, or of a wrong form; required ones are there."""
    rule = CLASSES[version][kind].properties[name]
    element = minimal(kind, version)
    good = element | {name: element.get(name, value(rule, version))}
    assert "dtdl.value_invalid" in codes(document(kind, version, good | {name: None}))
    twice = good | {f"dtmi:dtdl:property:{name};{version}": good[name]}
    assert "dtdl.property_repeated" in codes(document(kind, version, twice))
    for wrong in WRONG[rule.form]:
        assert codes(document(kind, version, good | {name: wrong})), wrong
    without = {key: item for key, item in good.items() if key != name}
    expected = {"dtdl.property_missing"} if rule.required else set()
    assert codes(document(kind, version, without)) == expected
    if not rule.plural:
        assert codes(document(kind, version, good | {name: [good[name]]})) == set()
        found = codes(document(kind, version, good | {name: [good[name], good[name]]}))
        assert "dtdl.too_many" in found


@pytest.mark.parametrize("version", CLASSES)
def test_every_primitive_is_a_schema(version: int, interface: Make) -> None:
    """By term and by DTMI of the version; the older ones are the same in all versions."""
    for term in PRIMITIVES[version]:
        contents = [
            {"@type": "Telemetry", "name": "term", "schema": term},
            {
                "@type": "Telemetry",
                "name": "dtmi",
                "schema": f"dtmi:dtdl:instance:Schema:{term};{version}",
            },
        ]
        model = dtdl.parse([interface(v=version, contents=contents)])["dtmi:test:thing;1"]
        by_term, by_dtmi = (model.telemetries[name].schema for name in ("term", "dtmi"))
        since = 2 if term in PRIMITIVES[2] else 4
        assert by_term == by_dtmi == f"dtmi:dtdl:instance:Schema:{term};{since}"


def test_what_elements_say_for_people_is_kept(interface: Make) -> None:
    """Names, descriptions and comments of Interfaces, contents, fields and enum values."""
    texts = {"displayName": "a name", "description": {"nl": "iets"}, "comment": "why"}
    enum = {
        "@type": "Enum",
        "valueSchema": "integer",
        "enumValues": [{"name": "one", "enumValue": 1, "displayName": "One"}],
    }
    fields = [{"name": "f", "schema": enum, "displayName": {"en": "Field"}}]
    command = {
        "@type": "Command",
        "name": "c",
        "request": {"name": "r", "schema": "double", "nullable": True, **texts},
    }
    content = {"@type": "Property", "name": "p", "schema": {"@type": "Object", "fields": fields}}
    document_ = interface(v=4, contents=[content | texts, command], **texts)
    model = dtdl.parse([document_])["dtmi:test:thing;1"]
    request = model.commands["c"].request
    assert request is not None
    assert request.nullable
    for notes in (model.interface.notes, model.properties["p"].notes, request.notes):
        assert notes == dtdl.Notes({"en": "a name"}, {"nl": "iets"}, "why")
    schemas = {type(schema): schema for schema in model.interface.schemas}
    obj, found = schemas[dtdl.Object], schemas[dtdl.Enum]
    assert isinstance(obj, dtdl.Object)
    assert isinstance(found, dtdl.Enum)
    assert obj.fields[0].display_name == {"en": "Field"}
    assert found.values == (dtdl.EnumValue("one", 1, {"en": "One"}),)
