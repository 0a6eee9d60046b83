"""Whatever the documents are, parsing ends soon, with a model set or with violations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]

KEYS = st.sampled_from(
    [
        *(
            "@context",
            "@id",
            "@type",
            "@value",
            "@language",
            "@graph",
            "name",
            "schema",
            "schemas",
            "extends",
        ),
        *(
            "contents",
            "fields",
            "enumValues",
            "enumValue",
            "valueSchema",
            "elementSchema",
            "mapKey",
            "mapValue",
        ),
        *(
            "request",
            "response",
            "properties",
            "target",
            "writable",
            "displayName",
            "comment",
            "unit",
        ),
        *(
            "annotates",
            "overrides",
            "index",
            "dtmi:dtdl:property:schema;3",
            "maxMultiplicity",
            "nonsense",
        ),
    ]
) | st.text(max_size=5)
WORDS = st.sampled_from(
    [
        *(
            "Interface",
            "Property",
            "Telemetry",
            "Command",
            "Relationship",
            "Component",
            "Object",
            "Enum",
            "Map",
        ),
        *(
            "Array",
            "Field",
            "EnumValue",
            "ValueAnnotation",
            "Override",
            "Length",
            "Mqtt",
            "Result",
            "Indexed",
        ),
        *(
            "double",
            "integer",
            "string",
            "point",
            "metre",
            "LengthUnit",
            "en",
            "xsd:string",
            "a",
            "b",
        ),
        *(
            "dtmi:dtdl:context;2",
            "dtmi:dtdl:context;3",
            "dtmi:dtdl:context;4",
            "dtmi:dtdl:context;4#limitless",
        ),
        *("dtmi:a;1", "dtmi:b;1", "dtmi:c:d;2", "dtmi:dtdl:extension:quantitativeTypes;1"),
        *(
            "dtmi:dtdl:extension:annotation;1",
            "dtmi:dtdl:extension:overriding;1",
            "dtmi:iotcentral:context;2",
        ),
        *("dtmi:dtdl:extension:mqtt;4", "dtmi:some:thing;1", "dtmi:dtdl:instance:Schema:double;2"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | WORDS
    | WORDS
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def outcome(documents: Any, **options: Any) -> dtdl.ModelSet | None:
    """The model set, or None where there are violations, which must be fit to be shown and sent."""
    try:
        return dtdl.parse(documents, options=dtdl.Options(**options))
    except dtdl.InvalidModelError as error:
        for violation in error.violations:
            json.dumps([violation.message, violation.dtmi, violation.pointer]).encode()
            assert violation.code in dtdl.CODES
            f"{violation.message}{violation.dtmi}{violation.pointer}".encode()
        return None


@given(documents=st.lists(VALUES, max_size=3), undefined=st.sampled_from(dtdl.Undefined))
@settings(max_examples=300, deadline=None)
def test_any_json_is_accepted_or_refused(
    documents: list[object], undefined: dtdl.Undefined
) -> None:
    """Nothing but InvalidModelError is raised."""
    outcome(documents, undefined=undefined)


@given(data=st.data(), v=st.sampled_from([2, 3, 4]))
@settings(max_examples=300, deadline=None)
def test_anything_inside_an_interface(data: st.DataObject, v: int) -> None:
    """The head of the document is good, so that the rest is read; what is accepted can be used."""
    body = data.draw(st.dictionaries(KEYS, VALUES, max_size=4))
    contents = data.draw(st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3))
    document = body | {
        "@context": [f"dtmi:dtdl:context;{v}", *data.draw(st.lists(WORDS, max_size=2))],
        "@id": "dtmi:a;1",
        "@type": "Interface",
        "contents": contents,
    }
    models = outcome([document], undefined=dtdl.Undefined.ALLOW, tolerate=data.draw(st.booleans()))
    if models is not None:
        assert dtdl.ModelSet.load(models.dump()).in_dependency_order()
        for model in models.values():
            model.validate(data.draw(VALUES))


@pytest.mark.parametrize(
    "documents",
    [5, None, "text", b"bytes", {}, [object()], [(1, 2)], [{1: 2}], [{"@context": {1, 2}}], [b""]],
)
def test_things_that_are_no_decoded_json(documents: object) -> None:
    """Foreign objects are refused like anything else."""
    with pytest.raises(dtdl.InvalidModelError):
        dtdl.parse(documents)  # type: ignore[arg-type]


@pytest.mark.parametrize("member", ["schema", "extends", "nonsense", "displayName", "@type", "@id"])
def test_very_deep_documents(interface: Make, member: str) -> None:
    """Nesting is cut off long before the stack is."""
    deep: Any = "double"
    for _ in range(50_000):
        deep = (
            {"@type": "Array", "elementSchema": deep, member: deep}
            if member == "schema"
            else {member: deep}
        )
    content = {"@type": "Property", "name": "p", "schema": "double"} | {member: deep}
    assert outcome([interface(contents=[content])]) is None
    assert outcome([interface() | {member: deep}]) is None
    while isinstance(deep, dict):  # taken apart here, as Python would do it recursively
        deep = deep.popitem()[1]


def test_a_document_that_contains_itself(interface: Make) -> None:
    """Not JSON, but a caller can make one."""
    document = interface()
    document["extends"] = document
    assert outcome([document]) is None
    again: list[Any] = [interface()]
    again[0]["nonsense"] = again
    assert outcome(again) is None


@pytest.mark.parametrize(
    "name",
    [
        "n" * 1_000_000,
        "_" * 100_000,
        "a_" * 50_000,
        "dtmi:" + "a:" * 50_000,
        "dtmi:" + "a" * 100_000 + ";1",
        "\ud800",
    ],
)
def test_long_and_odd_texts(interface: Make, name: str) -> None:
    """Patterns take time in proportion to the text, wherever it stands."""
    start = time.process_time()
    for member in ("name", "schema", "@id", "@type", "@context", "comment", "target", name):
        content = {"@type": "Property", "name": "p", "schema": "double"} | {member: name}
        assert outcome([interface(contents=[content])]) is None
    outcome([interface(at_id=name)])
    assert time.process_time() - start < 2


def test_many_interfaces_in_a_chain(interface: Make) -> None:
    """A chain far beyond the limit is refused in time proportional to its length."""
    links = [interface(f"i{n}", extends=f"dtmi:test:i{n + 1};1") for n in range(5000)]
    start = time.process_time()
    assert outcome([*links, interface("i5000")]) is None
    assert time.process_time() - start < 2


def test_many_schemas_in_a_chain(interface: Make) -> None:
    """Nesting by name is followed without recursion; a ring of schemas ends."""
    schemas = [
        {"@id": f"dtmi:test:s{n};1", "@type": "Array", "elementSchema": f"dtmi:test:s{n + 1};1"}
        for n in range(3000)
    ]
    last = {"@id": "dtmi:test:s3000;1", "@type": "Array", "elementSchema": "double"}
    assert outcome([interface(v=4, schemas=[*schemas, last])]) is None
    ring = last | {"elementSchema": "dtmi:test:s0;1"}
    outcome([interface(v=4, schemas=[*schemas, ring])])


def test_many_contexts(interface: Make) -> None:
    """Each element may have a context of its own without a copy of all terms."""
    contents = [
        {"@type": "Telemetry", "name": f"t{n}", "schema": "date", "@context": f"dtmi:x:y{n};1"}
        for n in range(5000)
    ]
    start = time.process_time()
    assert outcome([interface(contents=contents)], undefined=dtdl.Undefined.ALLOW) is not None
    assert time.process_time() - start < 2
