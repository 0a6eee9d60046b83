"""Model sets as bytes: whole and one by one, read back without parsing and only as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold import dtdl
from twinhold.dtdl import interfaces

Make = Callable[..., dict[str, Any]]

NAMES = st.from_regex(r"[A-Za-z](?:[A-Za-z0-9_]{0,6}[A-Za-z0-9])?", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PRIMITIVES = st.sampled_from(
    ["boolean", "date", "double", "integer", "string", "point", "duration"]
)


def enums(names: list[str]) -> dict[str, Any]:
    """An Enum with these values."""
    return {
        "@type": "Enum",
        "valueSchema": "string",
        "enumValues": [{"name": name, "enumValue": name.upper() + name} for name in names],
    }


SCHEMAS = st.recursive(
    PRIMITIVES | st.lists(NAMES, unique=True, max_size=3).map(enums),
    lambda inner: st.one_of(
        inner.map(lambda schema: {"@type": "Array", "elementSchema": schema}),
        st.tuples(NAMES, inner).map(
            lambda pair: {
                "@type": "Map",
                "mapKey": {"name": pair[0], "schema": "string"},
                "mapValue": {"name": "value", "schema": pair[1]},
            }
        ),
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda fields: {
                "@type": "Object",
                "fields": [{"name": name, "schema": schema} for name, schema in fields.items()],
            }
        ),
    ),
    max_leaves=4,
)
CONTENTS = st.dictionaries(
    NAMES,
    st.one_of(
        st.tuples(st.just("Property"), SCHEMAS),
        st.tuples(st.just("Telemetry"), SCHEMAS),
        st.tuples(st.just("Relationship"), st.none()),
        st.tuples(st.just("Command"), st.none()),
    ),
    max_size=5,
)


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few valid Interfaces, each extending the one before or nothing."""
    made: list[dict[str, Any]] = []
    used: set[str] = set()
    for number in range(draw(st.integers(1, 3))):
        contents = {name: of for name, of in draw(CONTENTS).items() if name not in used}
        used |= set(contents)
        made.append(
            {
                "@context": "dtmi:dtdl:context;4",
                "@id": f"dtmi:test:i{number};1",
                "@type": "Interface",
                "displayName": {"en": draw(TEXT)},
                "extends": [f"dtmi:test:i{number - 1};1"] if number and draw(st.booleans()) else [],
                "contents": [
                    {"@type": kind, "name": name, "comment": draw(TEXT)}
                    | ({"schema": schema} if schema else {})
                    for name, (kind, schema) in contents.items()
                ],
            }
        )
    return made


@given(texts=documents())
def test_what_is_stored_is_what_was_parsed(texts: list[dict[str, Any]]) -> None:
    """Whole sets and single Interfaces survive the way to bytes and back."""
    models = dtdl.parse(texts)
    again = dtdl.ModelSet.load(models.dump())
    assert list(again) == list(models)
    for dtmi, model in models.items():
        assert again[dtmi].interface == model.interface
        assert again[dtmi].contents == model.contents
        assert interfaces.load(model.interface.dump()) == model.interface
    assert again.dump() == models.dump()


class Rows(Mapping[str, bytes]):
    """A store with one row for each Interface, which notes what is read."""

    def __init__(self, models: dtdl.ModelSet) -> None:
        self.rows = {dtmi: model.interface.dump() for dtmi, model in models.items()}
        self.read: list[str] = []

    def __getitem__(self, dtmi: str) -> bytes:
        self.read.append(dtmi)
        return self.rows[dtmi]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def test_only_what_a_twin_needs_is_read(interface: Make) -> None:
    """The Interface, its ancestors, and the Interface of a component once a value for it comes."""
    contents = {"@type": "Component", "name": "c", "schema": "dtmi:test:part;1"}
    part = interface("part", contents={"@type": "Property", "name": "p", "schema": "string"})
    base, other = interface("base"), interface("other")
    rows = Rows(
        dtdl.parse([part, base, other, interface(extends="dtmi:test:base;1", contents=contents)])
    )
    models = dtdl.ModelSet(rows)
    assert models["dtmi:test:thing;1"].validate({}) == []
    assert rows.read == ["dtmi:test:thing;1", "dtmi:test:base;1"]
    assert [found.pointer for found in models["dtmi:test:thing;1"].validate({"c": {"p": 1}})] == [
        "/c/p"
    ]
    assert rows.read == ["dtmi:test:thing;1", "dtmi:test:base;1", "dtmi:test:part;1"]


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"{}", b"junk", msgspec.msgpack.encode({"format": 1})]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    """With a ValueError that says so."""
    with pytest.raises(ValueError, match="no stored"):
        dtdl.ModelSet.load(data)
    with pytest.raises(ValueError, match="no stored"):
        interfaces.load(data)


def test_a_newer_format_is_refused(interface: Make) -> None:
    """Rather than misread."""
    models = dtdl.parse([interface()])
    newer = msgspec.msgpack.decode(models.dump())
    newer["format"] = 99
    with pytest.raises(ValueError, match="format 99"):
        dtdl.ModelSet.load(msgspec.msgpack.encode(newer))
    row = msgspec.msgpack.decode(models["dtmi:test:thing;1"].interface.dump())
    row["format"] = 99
    with pytest.raises(ValueError, match="format 99"):
        interfaces.load(msgspec.msgpack.encode(row))
