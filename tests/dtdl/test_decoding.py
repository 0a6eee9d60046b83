"""Types that check while they decode: what they take conforms, and they take what is usual."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold import dtdl
from twinhold.dtdl.metamodel import PRIMITIVES

Make = Callable[..., dict[str, Any]]

NUMBERS = (
    st.integers(-(2**65), 2**65)
    | st.sampled_from([2**7, 2**8 - 1, 2**15, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
    | st.floats(allow_nan=False)
)
STRINGS = st.text(max_size=5) | st.sampled_from(
    ["2024-02-30", "2024-02-29", "12:00:00Z", "12:00:00Z\n", "PT1M", "PT1M\n", "1.5", "YQ=="]
)
SCALARS = st.none() | st.booleans() | NUMBERS | STRINGS
NAMES = st.sampled_from(["a", "b", "list", "one", "part", "has", "$metadata", "$other"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TEXTS = VALUES.map(lambda value: json.dumps(value, separators=(",", ":"))) | st.sampled_from(
    [
        "1.0",
        "-0",
        "-0.0",
        "1e2",
        "1e999",
        '{"a":1,"a":2}',
        '"\\ud800"',
        '{"b":{"a":1,"a":1}}',
        "[1,]",
    ]
)


@pytest.fixture(scope="module")
def model() -> dtdl.Model:
    """A model with a property of each primitive and of each kind of complex schema."""

    def made(name: str, *contents: dict[str, Any], **members: Any) -> dict[str, Any]:
        head = {"@context": "dtmi:dtdl:context;4", "@id": f"dtmi:test:{name};1"}
        return head | {"@type": "Interface", "contents": list(contents)} | members

    def content(kind: str, name: str, schema: Any) -> dict[str, Any]:
        return {"@type": kind, "name": name, "schema": schema}

    fields = [{"name": "a", "schema": "integer"}, {"name": "b", "schema": "string"}]
    choices = [{"name": "one", "enumValue": 1}, {"name": "two", "enumValue": 2}]
    names = [{"name": "one", "enumValue": "a"}, {"name": "two", "enumValue": "b"}]
    keyed = {"mapKey": {"name": "k", "schema": "string"}}
    complex_: dict[str, Any] = {
        "list": {"@type": "Array", "elementSchema": "double"},
        "objects": {"@type": "Array", "elementSchema": {"@type": "Object", "fields": fields}},
        "numbered": {"@type": "Enum", "valueSchema": "integer", "enumValues": choices},
        "chosen": {"@type": "Enum", "valueSchema": "string", "enumValues": names},
        "map": {"@type": "Map", **keyed, "mapValue": {"name": "v", "schema": "integer"}},
        "dates": {"@type": "Array", "elementSchema": "date"},
    }
    simple = [content("Property", f"of_{term}", term) for term in sorted(PRIMITIVES[4])]
    base = made("Base", *simple)
    part = made("Part", content("Property", "a", "integer"), content("Property", "b", "string"))
    thing = made(
        "Thing",
        *(content("Property", name, schema) for name, schema in complex_.items()),
        content("Component", "part", "dtmi:test:Part;1"),
        content("Telemetry", "told", "double"),
        {"@type": "Relationship", "name": "has"},
        extends=["dtmi:test:Base;1"],
    )
    return dtdl.parse([base, part, thing])["dtmi:test:Thing;1"]


@pytest.fixture(scope="module")
def takes(model: dtdl.Model) -> Callable[[str], bool]:
    """Whether a text is taken."""
    decode = msgspec.json.Decoder(model.decoded_type({})).decode

    def taken(text: str) -> bool:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
            return msgspec.json.encode(decode(text)) == text.encode()
        return False

    return taken


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that repeats no name."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@given(text=TEXTS, data=st.data())
def test_what_is_taken_conforms(
    model: dtdl.Model, takes: Callable[[str], bool], text: str, data: st.DataObject
) -> None:
    """Whatever is said of a content, known or not."""
    name = data.draw(st.sampled_from([*model.contents, "unknown", "$metadata"]))
    whole = f'{{"{name}":{text}}}'
    if takes(whole):
        assert model.validate(json.loads(whole, object_pairs_hook=unique)) == []
        assert "\\ud800" not in whole


@pytest.mark.parametrize(
    "contents",
    [
        {},
        {"of_string": "Käse", "of_boolean": True, "of_long": -(2**63), "of_unsignedByte": 255},
        {"of_double": 1.5, "of_float": 3, "of_integer": None, "of_duration": "PT15M"},
        {"of_uuid": "a360cf30-c112-40a1-b4b4-f65da82fa9e8", "of_time": "12:34:56Z"},
        {"list": [1, 2.5], "objects": [{"a": 1, "b": "x"}, {}], "numbered": 2, "chosen": "b"},
        {"map": {"x": 1}, "part": {"$metadata": {}, "a": 1}},
        {"part": {"$metadata": {"$lastUpdateTime": "2024-08-30T03:49:30.4062816Z"}, "b": "x"}},
    ],
)
def test_the_usual_is_taken(takes: Callable[[str], bool], contents: dict[str, Any]) -> None:
    """So that nobody has to look closer at it."""
    assert takes(json.dumps(contents, separators=(",", ":"), ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        '{"of_integer":1,"of_integer":2}',
        '{"of_integer":1,"unknown":2}',
        '{"of_integer": 1}',
        '{"of_integer":1.0}',
        '{"of_integer":2147483648}',
        '{"of_unsignedLong":-1}',
        '{"of_boolean":1}',
        '{"of_float":3.5e38}',
        '{"of_date":"2023-02-29"}',
        '{"of_duration":"PT15M\\n"}',
        '{"of_string":"\\ud800"}',
        '{"numbered":true}',
        '{"numbered":3}',
        '{"objects":[{"a":1,"c":1}]}',
        '{"objects":[null]}',
        '{"part":{"a":"x"}}',
        '{"part":{"part":{}}}',
        '{"has":{}}',
        '{"told":1.5}',
    ],
)
def test_the_rest_is_not(takes: Callable[[str], bool], text: str) -> None:
    """What does not conform, repeats a name, or is written otherwise."""
    assert not takes(text)
