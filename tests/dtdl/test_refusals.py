"""Every rule of the language that one document can break: what is reported, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]

ENUM = {"@type": "Enum", "valueSchema": "string", "enumValues": [{"name": "a", "enumValue": "A"}]}
MAP = {
    "@type": "Map",
    "mapKey": {"name": "k", "schema": "string"},
    "mapValue": {"name": "v", "schema": "double"},
}


def prop(**members: Any) -> dict[str, Any]:
    """A Property named p with a double schema, changed by `members`; None removes a member."""
    members = {key.replace("at_", "@"): value for key, value in members.items()}
    whole = {"@type": "Property", "name": "p", "schema": "double"} | members
    return {key: value for key, value in whole.items() if value is not None}


def edge(**members: Any) -> dict[str, Any]:
    """A Relationship named r."""
    return {"@type": "Relationship", "name": "r"} | members


def command(**members: Any) -> dict[str, Any]:
    """A Command named c."""
    return {"@type": "Command", "name": "c"} | members


# One content that breaks one rule: the code, the pointer below /contents/0, and the content.
CONTENTS: list[tuple[str, str, object]] = [
    ("dtdl.type_missing", "", {"name": "p", "schema": "double"}),
    ("dtdl.type_invalid", "/@type", {"@type": "Content", "name": "p"}),
    ("dtdl.type_invalid", "/@type", {"@type": "PrimitiveSchema", "name": "p"}),
    ("dtdl.type_invalid", "/@type", {"@type": "Boolean", "name": "p"}),
    (
        "dtdl.type_invalid",
        "/@type",
        {"@type": ["Property", "Telemetry"], "name": "p", "schema": "double"},
    ),
    ("dtdl.type_invalid", "/@type", {"@type": [], "name": "p"}),
    ("dtdl.type_invalid", "/@type", {"@type": [None], "name": "p"}),
    ("dtdl.type_invalid", "/@type", {"@type": 5, "name": "p"}),
    ("dtdl.type_invalid", "/@type", {"@type": "dtmi:dtdl:class:Property;4", "name": "p"}),
    ("dtdl.type_mismatch", "", ENUM),
    ("dtdl.type_mismatch", "", {"@type": "Field", "name": "p", "schema": "double"}),
    ("dtdl.type_mismatch", "/schema", prop(schema="Double")),
    ("dtdl.type_mismatch", "/schema", prop(schema="synchronous")),
    ("dtdl.type_mismatch", "/schema", prop(schema="dtmi:test:thing;1")),
    (
        "dtdl.type_mismatch",
        "/schema",
        prop(schema={"@type": "Telemetry", "name": "t", "schema": "double"}),
    ),
    ("dtdl.cotype_unknown", "/@type", prop(at_type=["Property", "Foobar"])),
    ("dtdl.cotype_unknown", "/@type", prop(at_type=["Property", "dtmi:foo//bar"])),
    ("dtdl.cotype_unknown", "/@type", prop(at_type=["Property", "http://foo.com/bar"])),
    ("dtdl.cotype_invalid", "/@type", prop(at_type=["Property", "SemanticType"])),
    ("dtdl.property_missing", "", prop(name=None)),
    ("dtdl.property_missing", "", prop(schema=None)),
    ("dtdl.property_missing", "/schema", prop(schema=[])),
    ("dtdl.property_missing", "/name", prop(name=[])),
    ("dtdl.property_unknown", "/target", prop(target="dtmi:a;1")),
    ("dtdl.property_unknown", "/foo", prop(foo=1)),
    ("dtdl.property_unknown", "/dtmi:foo:bar;1", prop(**{"dtmi:foo:bar;1": 1})),
    ("dtdl.property_unknown", "/unit", prop(unit="metre")),
    ("dtdl.property_unknown", "/a~1b~0c", prop(**{"a/b~c": 1})),
    ("dtdl.property_unknown", "/languageMajorVersion", prop(languageMajorVersion=3)),
    (
        "dtdl.property_repeated",
        "/dtmi:dtdl:property:name;3",
        prop(**{"dtmi:dtdl:property:name;3": "p"}),
    ),
    ("dtdl.name_invalid", "/name", prop(name="1st")),
    ("dtdl.name_invalid", "/name", prop(name="a b")),
    ("dtdl.name_invalid", "/name", prop(name="trailing_")),
    ("dtdl.name_invalid", "/name", prop(name="new\n")),
    ("dtdl.name_invalid", "/name", prop(name="naïve")),
    ("dtdl.name_invalid", "/name", prop(name="")),
    ("dtdl.value_invalid", "/name", prop(name="n" * 513)),
    ("dtdl.value_invalid", "/name", prop(name=7)),
    ("dtdl.value_invalid", "/name", prop(name=True)),
    ("dtdl.value_invalid", "/schema", prop(schema=None) | {"schema": None}),
    ("dtdl.value_invalid", "/writable", prop(writable="true")),
    ("dtdl.value_invalid", "/writable", prop(writable=1)),
    ("dtdl.value_invalid", "/comment", prop(comment="c" * 513)),
    ("dtdl.value_invalid", "/comment", prop(comment="lone \ud800")),
    ("dtdl.value_invalid", "/description", prop(description="d" * 513)),
    ("dtdl.too_many", "/name", prop(name=["a", "b"])),
    ("dtdl.too_many", "/schema", prop(schema=["double", "integer"])),
    ("dtdl.reference_invalid", "/schema", prop(schema=5)),
    ("dtdl.reference_invalid", "/schema/0", prop(schema=[["double"]])),
    ("dtdl.reference_invalid", "/schema", prop(schema="decimal")),
    ("dtdl.reference_invalid", "/schema", prop(schema="nonsense")),
    ("dtdl.reference_invalid", "/schema", prop(schema="dtmi:a:_b;1")),
    ("dtdl.reference_invalid", "/schema", prop(schema="dtmi:a:b;1#f")),
    ("dtdl.reference_invalid", "/schema", prop(schema={"@id": "dtmi:a:b;1"})),
    ("dtdl.id_reserved", "/schema", prop(schema="dtmi:dtdl:something;1")),
    ("dtdl.reference_unresolved", "/schema", prop(schema="dtmi:not:there;1")),
    ("dtdl.version_mismatch", "/schema", prop(schema="dtmi:dtdl:instance:Schema:uuid;4")),
    ("dtdl.id_invalid", "/@id", prop(**{"@id": "urn:a:b"})),
    ("dtdl.id_invalid", "/@id", prop(**{"@id": "dtmi:a:b;0"})),
    ("dtdl.id_invalid", "/@id", prop(**{"@id": "dtmi:a:b;1#f"})),
    ("dtdl.id_invalid", "/@id", prop(**{"@id": ["dtmi:a:b;1"]})),
    ("dtdl.id_invalid", "/@id", prop(**{"@id": ""})),
    ("dtdl.id_reserved", "/@id", prop(**{"@id": "dtmi:dtdl:mine;1"})),
    ("dtdl.id_reserved", "/@id", prop(**{"@id": "dtmi:standard:mine;1"})),
    ("dtdl.id_too_long", "/@id", prop(**{"@id": "dtmi:" + "a" * 2048 + ";1"})),
    ("dtdl.id_duplicate", "", prop(**{"@id": "dtmi:test:thing;1"})),
    ("dtdl.keyword_disallowed", "/@graph", prop(**{"@graph": {}})),
    ("dtdl.keyword_disallowed", "/@value", prop(**{"@value": 1})),
    ("dtdl.keyword_disallowed", "/@language", prop(**{"@language": "en"})),
    ("dtdl.context_invalid", "/@context", prop(**{"@context": {"a": "b"}})),
    ("dtdl.context_invalid", "/@context", prop(**{"@context": [None]})),
    ("dtdl.context_unknown", "/@context", prop(**{"@context": "dtmi:un:known;1"})),
    ("dtdl.value_invalid", "/target", edge(target="http://x")),
    ("dtdl.value_invalid", "/target", edge(target=5)),
    ("dtdl.too_many", "/target", edge(target=["dtmi:a;1", "dtmi:b;1"])),
    ("dtdl.value_invalid", "/minMultiplicity", edge(minMultiplicity=1)),
    ("dtdl.value_invalid", "/maxMultiplicity", edge(maxMultiplicity=0)),
    ("dtdl.value_invalid", "/maxMultiplicity", edge(maxMultiplicity=1.5)),
    ("dtdl.value_invalid", "/maxMultiplicity", edge(maxMultiplicity=2**40)),
    (
        "dtdl.id_missing",
        "/schema",
        {"@type": "Component", "name": "c", "schema": {"@type": "Interface"}},
    ),
    ("dtdl.type_mismatch", "/schema", {"@type": "Component", "name": "c", "schema": "double"}),
    ("dtdl.type_mismatch", "/commandType", command(commandType="double")),
    ("dtdl.reference_invalid", "/commandType", command(commandType="never")),
    ("dtdl.type_mismatch", "/request", command(request=ENUM)),
    (
        "dtdl.property_unknown",
        "/request/nullable",
        {
            "@type": "Command",
            "name": "c",
            "request": {"name": "r", "schema": "double", "nullable": True},
        },
    ),
    ("dtdl.type_mismatch", "/schema/valueSchema", prop(schema=ENUM | {"valueSchema": "double"})),
    (
        "dtdl.enum_value_invalid",
        "/schema/enumValues/0",
        prop(schema=ENUM | {"valueSchema": "integer"}),
    ),
    (
        "dtdl.value_invalid",
        "/schema/enumValues/0/enumValue",
        prop(schema=ENUM | {"enumValues": [{"name": "a", "enumValue": 1.5}]}),
    ),
    (
        "dtdl.name_duplicate",
        "/schema/enumValues/1",
        prop(
            schema=ENUM
            | {"enumValues": [{"name": "a", "enumValue": "A"}, {"name": "a", "enumValue": "B"}]}
        ),
    ),
    (
        "dtdl.name_duplicate",
        "/schema/enumValues/1",
        prop(
            schema=ENUM
            | {"enumValues": [{"name": "a", "enumValue": "A"}, {"name": "b", "enumValue": "A"}]}
        ),
    ),
    ("dtdl.property_missing", "/schema", prop(schema={"@type": "Map"})),
    (
        "dtdl.type_mismatch",
        "/schema/mapKey/schema",
        prop(schema=MAP | {"mapKey": {"name": "k", "schema": "integer"}}),
    ),
    ("dtdl.property_missing", "/schema", prop(schema={"@type": "Array"})),
    (
        "dtdl.name_duplicate",
        "/schema/fields/1",
        prop(
            schema={
                "@type": "Object",
                "fields": [{"name": "f", "schema": "date"}, {"name": "f", "schema": "time"}],
            }
        ),
    ),
    (
        "dtdl.name_duplicate",
        "/properties/1",
        {"@type": "Relationship", "name": "r", "properties": [prop(), prop()]},
    ),
]


@pytest.mark.parametrize(("code", "pointer", "content"), CONTENTS)
def test_content_is_refused(
    interface: Make, refused: Refused, code: str, pointer: str, content: object
) -> None:
    """The violation is reported at the culprit."""
    found = refused(interface(contents=[content]))
    assert (code, f"/contents/0{pointer}") in found


@pytest.mark.parametrize(
    ("code", "pointer", "document"),
    [
        ("dtdl.document_invalid", "", None),
        ("dtdl.document_invalid", "", "text"),
        ("dtdl.document_invalid", "", 626),
        (
            "dtdl.document_invalid",
            "/1",
            [{"@context": "dtmi:dtdl:context;3", "@id": "dtmi:a;1", "@type": "Interface"}, 5],
        ),
        ("dtdl.document_invalid", "/0", [[]]),
        ("dtdl.context_invalid", "", {}),
        ("dtdl.context_invalid", "", {"@id": "dtmi:a;1", "@type": "Interface"}),
        ("dtdl.id_missing", "", {"@context": "dtmi:dtdl:context;3", "@type": "Interface"}),
        ("dtdl.type_missing", "", {"@context": "dtmi:dtdl:context;3", "@id": "dtmi:a;1"}),
        (
            "dtdl.type_mismatch",
            "",
            {
                "@context": "dtmi:dtdl:context;3",
                "@id": "dtmi:a;1",
                "@type": "Telemetry",
                "name": "t",
                "schema": "double",
            },
        ),
        (
            "dtdl.id_too_long",
            "/@id",
            {"@context": "dtmi:dtdl:context;3", "@id": f"dtmi:{'a' * 122};1", "@type": "Interface"},
        ),
        (
            "dtdl.id_missing",
            "/schemas/0",
            {
                "@context": "dtmi:dtdl:context;3",
                "@id": "dtmi:a;1",
                "@type": "Interface",
                "schemas": [ENUM],
            },
        ),
    ],
)
def test_document_is_refused(refused: Refused, code: str, pointer: str, document: object) -> None:
    """What stands at the top of a document must be an Interface, whole."""
    assert (code, pointer) in refused(document)


def test_all_violations_are_collected(interface: Make, refused: Refused) -> None:
    """One parse reports everything, in the order of the documents."""
    first = interface(
        "a", contents=[prop(name="1"), prop(name="q", schema="no"), {"@type": "Relationship"}]
    )
    second = interface("b", extends="dtmi:test:gone;1", foo=1)
    assert refused(first, second) == [
        ("dtdl.name_invalid", "/contents/0/name"),
        ("dtdl.reference_invalid", "/contents/1/schema"),
        ("dtdl.property_missing", "/contents/2"),
        ("dtdl.property_unknown", "/foo"),
        ("dtdl.reference_unresolved", "/extends"),
    ]


def test_a_violation_names_the_element_and_the_document(interface: Make) -> None:
    """The DTMI is that of the element, generated if need be; the document is counted from zero."""
    with pytest.raises(dtdl.InvalidModelError) as caught:
        dtdl.parse([interface("a"), interface("b", contents=[prop(writable="x")])])
    violation = caught.value.violations[0]
    assert violation.dtmi == "dtmi:test:b:_contents:__p;1"
    assert violation.document == 1
    assert "dtdl.value_invalid" in str(caught.value)


def test_v2_is_stricter_or_milder_where_the_language_says_so(
    interface: Make, refused: Refused
) -> None:
    """Arrays below a Property, empty Enums and Objects, and the limits of v2."""
    array = {"@type": "Array", "elementSchema": "double"}
    assert refused(interface(v=2, contents=[prop(schema=array)])) == [
        ("dtdl.excluded_type", "/contents/0/schema")
    ]
    assert refused(interface(v=2, contents=[prop(schema="point")])) == [
        ("dtdl.excluded_type", "/contents/0/schema")
    ]
    field = {"name": "f", "schema": array}
    assert refused(
        interface(v=2, contents=[prop(schema={"@type": "Object", "fields": field})])
    ) == [("dtdl.excluded_type", "/contents/0/schema")]
    empty = {"@type": "Enum", "valueSchema": "string"}
    assert refused(interface(v=2, contents=[prop(schema=empty)])) == [
        ("dtdl.property_missing", "/contents/0/schema")
    ]
    assert refused(interface(v=2, contents=[prop(name="n" * 65)])) == [
        ("dtdl.value_invalid", "/contents/0/name")
    ]
    fields = [{"name": f"f{n}", "schema": "double"} for n in range(31)]
    assert refused(
        interface(v=2, contents=[prop(schema={"@type": "Object", "fields": fields})])
    ) == [("dtdl.too_many", "/contents/0/schema/fields")]
    edges = {"@type": "Relationship", "name": "r", "maxMultiplicity": 501}
    assert refused(interface(v=2, contents=[edges])) == [
        ("dtdl.value_invalid", "/contents/0/maxMultiplicity")
    ]
    assert dtdl.parse(
        [interface(v=2, contents=[{"@type": "Telemetry", "name": "t", "schema": array}])]
    )


def test_v3_accepts_what_v2_refuses(interface: Make) -> None:
    """Arrays below a Property, empty Enums and Objects, long names."""
    array = {"@type": "Array", "elementSchema": "point"}
    contents = [
        prop(schema=array),
        prop(name="o", schema={"@type": "Object"}),
        prop(name="e", schema={"@type": "Enum", "valueSchema": "integer"}),
        prop(name="n" * 512),
        {"@type": "Relationship", "name": "r", "maxMultiplicity": 100_000},
    ]
    model = dtdl.parse([interface(contents=contents)])["dtmi:test:thing;1"]
    assert len(model.contents) == 5


def test_terms_may_be_written_as_dtmis(interface: Make) -> None:
    """Classes, properties and standard values by DTMI mean the same as by term."""
    written = {
        "@type": "dtmi:dtdl:class:Property;3",
        "dtmi:dtdl:property:name;3": "p",
        "dtmi:dtdl:property:schema;3": "dtmi:dtdl:instance:Schema:double;3",
        "dtmi:dtdl:property:writable;3": True,
    }
    by_dtmi = dtdl.parse([interface(contents=written)])["dtmi:test:thing;1"]
    by_term = dtdl.parse([interface(contents=prop(writable=True))])["dtmi:test:thing;1"]
    assert by_dtmi.contents == by_term.contents


def test_single_values_need_no_array(interface: Make) -> None:
    """A value and an array of one value are the same, for plural and singular properties."""
    wrapped = {key: [value] for key, value in prop().items()}
    one = dtdl.parse([interface(contents=prop())])["dtmi:test:thing;1"]
    same = dtdl.parse([[interface(contents=[wrapped])]])["dtmi:test:thing;1"]
    assert one.contents == same.contents


def test_keywords_are_ignored_in_v2_only(interface: Make) -> None:
    """Foreign JSON-LD keywords do no harm in v2, except @graph."""
    assert dtdl.parse([interface(v=2, contents=[prop(**{"@language": "en", "@foo": 1})])])


def test_a_lower_version_may_be_referred_to_but_not_the_reverse(
    interface: Make, refused: Refused
) -> None:
    """v3 extends v2; v2 does not extend v3; schemas stay in one version."""
    old, new = interface("old", v=2), interface("new", v=3)
    assert dtdl.parse([old, new | {"extends": "dtmi:test:old;1"}])
    assert refused(old | {"extends": "dtmi:test:new;1"}, new) == [
        ("dtdl.version_mismatch", "/extends")
    ]
    foreign = ENUM | {"@id": "dtmi:test:e;1", "@context": "dtmi:dtdl:context;2"}
    assert refused(interface(schemas=[foreign])) == [("dtdl.version_mismatch", "/schemas/0")]
    inferred = {"name": "f", "schema": "double", "@context": "dtmi:dtdl:context;2"}
    command = {"@type": "Command", "name": "c", "request": inferred}
    assert refused(interface(contents=[command])) == [("dtdl.type_missing", "/contents/0/request")]
