"""Literals: plain, in arrays, as JSON-LD value objects; language strings in all their forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]
XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.mark.parametrize(
    "value",
    [
        True,
        [True],
        {"@value": True},
        [{"@value": True}],
        {"@value": True, "@type": "xsd:boolean"},
        {"@value": True, "@type": f"{XSD}boolean"},
        {"@value": True, "@type": ["xsd:boolean"]},
    ],
)
@pytest.mark.parametrize("v", [2, 3, 4])
def test_one_boolean_in_many_forms(interface: Make, v: int, value: object) -> None:
    """All forms of a literal mean the same in all versions."""
    content = {"@type": "Property", "name": "p", "schema": "double", "writable": value}
    model = dtdl.parse([interface(v=v, contents=content)])["dtmi:test:thing;1"]
    assert model.properties["p"].writable is True


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({}, ""),
        ({"@type": "xsd:boolean"}, ""),
        ({"@value": None}, ""),
        ({"@value": "true", "@type": "xsd:boolean"}, ""),
        ({"@value": True, "@type": "xsd:integer"}, ""),
        ({"@value": 1, "@type": "xsd:integer"}, ""),
        ({"@value": True, "@type": "xsd:double"}, ""),
        ({"@value": True, "@type": ["xsd:boolean", "xsd:boolean"]}, ""),
        ({"@value": True, "@type": None}, ""),
        ({"@value": True, "@id": "x"}, "/@id"),
        ({"@value": True, "@context": "x"}, "/@context"),
        ({"@value": True, "@graph": "x"}, "/@graph"),
        ({"@value": True, "@language": "en"}, "/@language"),
        ({"@value": True, "foo": 1}, "/foo"),
        ([{"@value": True, "foo": 1}], "/0/foo"),
        ([None], "/0"),
        ([[True]], "/0"),
    ],
)
def test_malformed_value_objects(
    interface: Make, refused: Refused, value: object, pointer: str
) -> None:
    """Value objects have @value, at most @type, and the two agree."""
    content = {"@type": "Property", "name": "p", "schema": "double", "writable": value}
    assert ("dtdl.value_invalid", f"/contents/0/writable{pointer}") in refused(
        interface(contents=[content])
    )


def test_v2_ignores_foreign_keywords_in_value_objects(interface: Make, refused: Refused) -> None:
    """Any keyword but @id, @context and @graph; other members are refused there too."""
    literal = {"@value": True, "@language": "en", "@foo": 1}
    content = {"@type": "Property", "name": "p", "schema": "double", "writable": literal}
    assert dtdl.parse([interface(v=2, contents=[content])])
    literal["foo"] = 1
    assert refused(interface(v=2, contents=[content])) == [
        ("dtdl.value_invalid", "/contents/0/writable/foo")
    ]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("hello", {"en": "hello"}),
        ("", {"en": ""}),
        (["hello"], {"en": "hello"}),
        ([{"@value": "hello"}], {"en": "hello"}),
        ({"en": "hello", "pt-BR": "olá"}, {"en": "hello", "pt-BR": "olá"}),
        ([{"@value": "a", "@language": "sr-Latn-RS"}, "b"], {"sr-Latn-RS": "a", "en": "b"}),
        ({"es-419": "hola"}, {"es-419": "hola"}),
        ({}, {}),
        ([], {}),
    ],
)
def test_language_strings(interface: Make, value: object, texts: dict[str, str]) -> None:
    """A text, a map of texts, an array of texts with and without language."""
    model = dtdl.parse([interface(displayName=value)])["dtmi:test:thing;1"]
    assert model.interface.notes.display_name == texts


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (5, ""),
        ({"EN": "x"}, "/EN"),
        ({"english": "x"}, "/english"),
        ({"en": 5}, "/en"),
        ({"en": {"@value": "x"}}, "/en"),
        ({"@language": "en", "@value": "x"}, "/@language"),
        ({"en": "lone \ud800"}, "/en"),
        ([5], "/0"),
        ([["x"]], "/0"),
        ([{"@language": "en"}], "/0"),
        ([{"@value": 5}], "/0"),
        ([{"@value": "x", "@language": 5}], "/0"),
        ([{"@value": "x", "@language": None}], "/0"),
        ([{"@value": "x", "@type": "xsd:string"}], "/0/@type"),
        ([{"@value": "x", "foo": 1}], "/0/foo"),
        (["a", "b"], ""),
        ([{"@value": "a", "@language": "es"}, {"@value": "b", "@language": "es"}], "/1"),
    ],
)
def test_malformed_language_strings(
    interface: Make, refused: Refused, value: object, pointer: str
) -> None:
    """Codes are well formed and unique, texts are strings, one text may have no language."""
    assert ("dtdl.language_invalid", f"/displayName{pointer}") in refused(
        interface(displayName=value)
    )


def test_lengths_count_per_language(interface: Make, refused: Refused) -> None:
    """Each text is measured by itself, by the limits of the version."""
    assert dtdl.parse([interface(v=2, displayName={"en": "x" * 64, "es": "y" * 64})])
    assert refused(interface(v=2, displayName={"en": "x" * 65})) == [
        ("dtdl.value_invalid", "/displayName")
    ]
    assert refused(interface(description="x" * 513)) == [("dtdl.value_invalid", "/description")]
