"""Values of primitive and complex schemas: what conforms, and what is said of what does not."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold import dtdl
from twinhold.dtdl.standard import primitive_dtmi
from twinhold.dtdl.values import PRIMITIVES, conforms

Make = Callable[..., dict[str, Any]]
INTEGERS = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInteger": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
}


@pytest.mark.parametrize(
    ("term", "low", "high"), [(term, *ends) for term, ends in INTEGERS.items()]
)
def test_integers(term: str, low: int, high: int) -> None:
    """Both ends conform, their neighbours do not, and nothing that is no integer does."""
    assert conforms(term, low)
    assert conforms(term, high)
    assert not conforms(term, low - 1)
    assert not conforms(term, high + 1)
    for value in (0.0, 1.0, "1", True, None, [1], {"a": 1}):
        assert not conforms(term, value)


@pytest.mark.parametrize(
    ("term", "most"), [("float", 3.4028234663852886e38), ("double", 1.7976931348623157e308)]
)
def test_reals(term: str, most: float) -> None:
    """Finite numbers in range, integers included."""
    for value in (0, -0.0, 1, 1.5, most, -most, 10**30):
        assert conforms(term, value)
    for wrong in (math.inf, -math.inf, math.nan, 10**400, "1.5", True, None):
        assert not conforms(term, wrong)
    assert conforms("float", 3.5e38) is False


@pytest.mark.parametrize(
    ("term", "good", "bad"),
    [
        (
            "date",
            ["2024-02-29", "0001-01-01"],
            ["2023-02-29", "2024-1-1", "24-01-01", "2024-01-01Z", "2024-13-01"],
        ),
        (
            "time",
            ["00:00:00Z", "23:59:59.123456789+14:00", "12:00:00-00:00"],
            [
                "24:00:00Z",
                "00:00:60Z",
                "12:00Z",
                "12:00:00",
                "12:00:00z",
                "12:00:00.Z",
                "12:00:00+1:00",
                "12:00:00+25:00",
            ],
        ),
        (
            "dateTime",
            ["2024-08-30T03:49:30.4062816Z", "9999-12-31T23:59:59+01:00"],
            [
                "2024-08-30 03:49:30Z",
                "2024-08-30T03:49:30",
                "2024-08-32T03:49:30Z",
                "0000-01-01T00:00:00Z",
            ],
        ),
        (
            "duration",
            ["P1D", "PT0S", "P1Y2M3DT4H5M6.7S", "P3W", "P3W5DT1H", "P1.5Y", "PT1.5M"],
            ["P", "PT", "P1DT", "P1Y3W", "P1.5YT1H", "PT.5S", "PT1.S", "1D", "P1H", "-P1D"],
        ),
        (
            "bytes",
            ["", "QQ==", "QUI=", "QUJD", "2+1/"],
            ["Q", "QQ", "QQ=", "QUJD=", "2-1_", "Q Q="],
        ),
        (
            "decimal",
            ["0", "-1.50", "+2", "1.", "12345678901234567890.5"],
            ["01", ".5", "1e3", "", "1,5", "--1"],
        ),
        (
            "uuid",
            ["F1C43C38-AEAE-4B7B-9FDC-E36F8B015B99", "00a185be-a3a4-465a-9dac-cfa24bc7b923"],
            [
                "00a185be-a3a4-465a-9dac-cfa24bc7b92",
                "{00a185be-a3a4-465a-9dac-cfa24bc7b923}",
                "00a185bea3a4465a9daccfa24bc7b923",
            ],
        ),
    ],
)
def test_formatted_strings(term: str, good: list[str], bad: list[str]) -> None:
    """The formats of the language, exactly; a trailing line break is no part of any."""
    for text in good:
        assert conforms(term, text), text
        assert not conforms(term, f"{text}\n"), text
    for text in bad:
        assert not conforms(term, text), text
    for value in (1, True, None, [good[0]]):
        assert not conforms(term, value)


def test_strings_and_booleans() -> None:
    """Any string is one; only true and false are booleans."""
    assert all(conforms("string", text) for text in ("", "x", "\ud800"))
    assert not any(conforms("string", value) for value in (1, None, True))
    assert all(conforms("boolean", value) for value in (True, False))
    assert not any(conforms("boolean", value) for value in (0, 1, "true", None))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(value=JSON)
def test_every_value_is_judged(value: object) -> None:
    """Each primitive gives a verdict on anything, and a sentence where it is no."""
    models = dtdl.ModelSet([])
    for term in PRIMITIVES:
        found = models.validate_value(primitive_dtmi(term, 4), value)
        assert (found == []) is conforms(term, value)
        for violation in found:
            assert violation.code in {"value.type", "value.range", "value.format"}
            assert violation.message.startswith("The value must be ")
            json.dumps(violation.message)


@given(number=st.integers(-(2**70), 2**70))
def test_integer_texts_and_values_agree(number: int) -> None:
    """A JSON text is judged as the value that it decodes to."""
    models = dtdl.ModelSet([])
    for term in INTEGERS:
        dtmi = primitive_dtmi(term, 4)
        assert (models.validate_json(dtmi, str(number)) == []) is conforms(term, number)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "value.json"),
        ("{", "value.json"),
        ("NaN", "value.json"),
        ("[1,]", "value.json"),
        ("1e999", "value.range"),
    ],
)
def test_texts_that_are_no_json(text: str, code: str) -> None:
    """They get a violation, not an exception."""
    [found] = dtdl.ModelSet([]).validate_json(primitive_dtmi("double", 3), text)
    assert found.code == code


def test_hostile_texts() -> None:
    """Very deep and very long texts are refused, not followed."""
    models = dtdl.ModelSet([])
    double = primitive_dtmi("double", 2)
    assert models.validate_json(double, "[" * 100_000)[0].code in {"value.too_deep", "value.json"}
    assert models.validate_json(double, "9" * 10_000)[0].code == "value.range"
    assert models.validate_json(double, "-" + "9" * 10_000)[0].code == "value.range"
    assert models.validate_json(primitive_dtmi("unsignedByte", 4), "-0")[0].code == "value.range"
    assert models.validate_json(primitive_dtmi("byte", 4), "-0") == []


@pytest.fixture
def schemas(interface: Make) -> dtdl.ModelSet:
    """A set with one schema of each kind."""
    made = [
        {"@id": "dtmi:test:list;1", "@type": "Array", "elementSchema": "dtmi:test:object;1"},
        {
            "@id": "dtmi:test:enum;1",
            "@type": "Enum",
            "valueSchema": "integer",
            "enumValues": [{"name": "one", "enumValue": 1}, {"name": "two", "enumValue": 2}],
        },
        {
            "@id": "dtmi:test:map;1",
            "@type": "Map",
            "mapKey": {"name": "k", "schema": "string"},
            "mapValue": {"name": "v", "schema": "dtmi:test:enum;1"},
        },
        {
            "@id": "dtmi:test:object;1",
            "@type": "Object",
            "fields": [
                {"name": "a", "schema": "integer"},
                {"name": "b", "schema": "dtmi:test:map;1"},
            ],
        },
    ]
    return dtdl.parse([interface(schemas=made)])


@pytest.mark.parametrize(
    ("schema", "value", "code", "pointer"),
    [
        ("list", {}, "value.type", ""),
        ("list", [{}, 1], "value.type", "/1"),
        ("list", [{}, {"a": 1.0}], "value.type", "/1/a"),
        ("list", [{"b": {"x/y": 3}}], "value.enum", "/0/b/x~1y"),
        ("object", None, "value.type", ""),
        ("object", {"a": None}, "value.type", "/a"),
        ("object", {"c": 1}, "value.unknown", "/c"),
        ("object", {"a": 2**31}, "value.range", "/a"),
        ("map", [], "value.type", ""),
        ("map", {"$metadata": {}}, "value.enum", "/$metadata"),
        ("map", {"k": 1.0}, "value.enum", "/k"),
        ("enum", "one", "value.enum", ""),
        ("enum", 3, "value.enum", ""),
        ("enum", True, "value.enum", ""),
        ("enum", [1], "value.enum", ""),
    ],
)
def test_complex_schemas(
    schemas: dtdl.ModelSet, schema: str, value: object, code: str, pointer: str
) -> None:
    """The violation is at the culprit, however deep."""
    [found] = schemas.validate_value(f"dtmi:test:{schema};1", value)
    assert (found.code, found.pointer) == (code, pointer)


def test_conforming_complex_values(schemas: dtdl.ModelSet) -> None:
    """Fields may be absent, maps may have any keys, arrays may be empty."""
    for schema, value in [
        ("list", []),
        ("list", [{}, {"a": 1, "b": {"": 1, "any key": 2}}]),
        ("object", {}),
        ("map", {}),
        ("enum", 2),
    ]:
        assert schemas.validate_value(f"dtmi:test:{schema};1", value) == []


def test_all_problems_of_a_value_are_found(schemas: dtdl.ModelSet) -> None:
    """Not only the first one."""
    found = schemas.validate_value("dtmi:test:list;1", [{"a": "x", "c": 1}, 5, {"b": {"k": 9}}])
    assert [item.pointer for item in found] == ["/0/a", "/0/c", "/1", "/2/b/k"]


def test_only_schemas_judge_values(schemas: dtdl.ModelSet) -> None:
    """Asking anything else is a mistake of the caller."""
    for dtmi in (
        "dtmi:test:thing;1",
        "dtmi:not:there;1",
        "dtmi:dtdl:instance:CommandType:synchronous;2",
    ):
        with pytest.raises(KeyError):
            schemas.validate_value(dtmi, 1)
        with pytest.raises(KeyError):
            schemas.validate_json(dtmi, "{")


@pytest.mark.parametrize("version", [2, 3, 4])
def test_geospatial_values(version: int) -> None:
    """GeoJSON objects of the right type and depth."""
    models = dtdl.ModelSet([])

    def check(term: str, value: object) -> list[str]:
        dtmi = f"dtmi:standard:schema:geospatial:{term};{version}"
        return [found.pointer for found in models.validate_value(dtmi, value)]

    position = [4.5, 52, 3.25]
    ring = [position, position]
    shapes = {
        "point": position,
        "multiPoint": [position],
        "lineString": ring,
        "multiLineString": [ring],
        "polygon": [ring],
        "multiPolygon": [[ring]],
    }
    for term, coordinates in shapes.items():
        kind = term[0].upper() + term[1:]
        assert check(term, {"type": kind, "coordinates": coordinates}) == []
        assert check(term, {"type": "Other", "coordinates": coordinates}) == ["/type"]
        assert check(term, {"type": kind, "coordinates": ["x"]}) == ["/coordinates/0"]


def test_scaled_decimals_and_partner_schemas() -> None:
    """The other standard objects."""
    models = dtdl.ModelSet([])
    scaled = "dtmi:standard:schema:scaledDecimal;4"
    assert models.validate_value(scaled, {"value": "1.5", "scale": -3}) == []
    assert models.validate_value(scaled, {"value": 1.5, "scale": 2**15})[0].pointer == "/value"
    assert models.validate_value("dtmi:iotcentral:schema:vector;2", {"x": 1, "y": 2.5}) == []
    assert models.validate_value("dtmi:iotcentral:schema:geopoint;2", {"x": 1})[0].pointer == "/x"
