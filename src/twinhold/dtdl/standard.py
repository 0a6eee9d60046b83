"""Elements that exist in every model set: primitive and geospatial schemas, units, command types.

`ELEMENTS` knows them all by DTMI, `SCHEMAS` has the value of those that are complex schemas. The
primitives of v3 and v4 are aliases of the oldest version that has them; `canonical` follows the
alias, so that two properties with the same primitive compare equal whatever version they were
written in.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from twinhold.dtdl import quantities
from twinhold.dtdl.metamodel import COMMAND_TYPES, GEOSPATIAL, PRIMITIVES, VERSIONS
from twinhold.dtdl.schemas import Array, Enum, EnumValue, Field, Object, Schema

EDITIONS = {1: 3, 2: 4, 3: 4}  # version of quantitativeTypes -> DTDL version it belongs to


class StandardElement(msgspec.Struct, frozen=True):
    """A predefined element.

    Attributes:
        kind: The class it counts as where a property restricts classes; `Schema` for primitives.
        version: The DTDL version it was written in.
        has_array: Whether an Array occurs in it, which v2 forbids below a Property.
    """

    dtmi: str
    term: str
    kind: str
    version: int
    has_array: bool = False


def primitive_dtmi(term: str, version: int) -> str:
    """The DTMI of a primitive schema as a document of `version` writes it."""
    return f"dtmi:dtdl:instance:Schema:{term};{version}"


def geospatial_dtmi(term: str, version: int) -> str:
    """The DTMI of a geospatial schema."""
    return f"dtmi:standard:schema:geospatial:{term};{version}"


def quantities_prefix(edition: int) -> str:
    """What the DTMIs of one version of quantitativeTypes start with."""
    return f"dtmi:dtdl:extension:quantitativeTypes:v{edition}"


def canonical(dtmi: str) -> str:
    """The DTMI that an alias stands for; any other DTMI unchanged."""
    return _ALIASES.get(dtmi, dtmi)


def primitive(dtmi: str) -> str | None:
    """The term of a primitive schema (`double`), None when `dtmi` is no primitive."""
    return _PRIMITIVE_TERMS.get(dtmi)


def _elements() -> Iterator[StandardElement]:
    for version in VERSIONS:
        for term in PRIMITIVES[version]:
            yield StandardElement(primitive_dtmi(term, version), term, "Schema", version)
        for term in GEOSPATIAL:
            yield StandardElement(
                geospatial_dtmi(term, version), term, "Object", version, has_array=True
            )
        for term in COMMAND_TYPES:
            dtmi = f"dtmi:dtdl:instance:CommandType:{term};{version}"
            yield StandardElement(dtmi, term, "CommandType", version)
    yield StandardElement("dtmi:standard:schema:scaledDecimal;4", "scaledDecimal", "Object", 4)
    for term in ("geopoint", "vector"):
        yield StandardElement(f"dtmi:iotcentral:schema:{term};2", term, "Object", 2)
    for unit in dict.fromkeys(unit for group in quantities.units(0).values() for unit in group):
        yield StandardElement(f"dtmi:standard:unit:{unit};2", unit, "Unit", 2)
    for edition, version in EDITIONS.items():
        yield from _unit_elements(edition, version)


def _unit_elements(edition: int, version: int) -> Iterator[StandardElement]:
    prefix = quantities_prefix(edition)
    groups = quantities.units(edition)
    for name in (*groups, *quantities.PREFIXES):
        yield StandardElement(f"{prefix}:enum:{name}", name, "Enum", version)
    for unit in dict.fromkeys(unit for group in groups.values() for unit in group):
        yield StandardElement(f"{prefix}:unit:{unit}", unit, "EnumValue", version)
    for name in quantities.PREFIXES.values():
        for term in name.split():
            yield StandardElement(f"{prefix}:unitprefix:{term}", term, "EnumValue", version)


def _schemas() -> Iterator[Schema]:
    for version in VERSIONS:
        yield from _geospatial(version)
    value, scale = primitive_dtmi("decimal", 4), primitive_dtmi("short", 4)
    yield Object(
        "dtmi:standard:schema:scaledDecimal;4", (Field("value", value), Field("scale", scale))
    )
    double = primitive_dtmi("double", 2)
    for term, names in (("vector", ("x", "y", "z")), ("geopoint", ("lon", "lat", "alt"))):
        yield Object(
            f"dtmi:iotcentral:schema:{term};2", tuple(Field(name, double) for name in names)
        )
    for edition in EDITIONS:
        groups = {name: group.split() for name, group in quantities.PREFIXES.items()}
        for name, units in (quantities.units(edition) | groups).items():
            values = tuple(EnumValue(unit, unit) for unit in units)
            yield Enum(f"{quantities_prefix(edition)}:enum:{name}", values)


_SHAPES = {  # geospatial schema -> (GeoJSON type, how deep its coordinates nest above one position)
    "point": ("Point", 0),
    "multiPoint": ("MultiPoint", 1),
    "lineString": ("LineString", 1),
    "multiLineString": ("MultiLineString", 2),
    "polygon": ("Polygon", 2),
    "multiPolygon": ("MultiPolygon", 3),
}


def _geospatial(version: int) -> Iterator[Schema]:
    """GeoJSON objects: a `type` of one value, and positions (arrays of double) in arrays."""
    coordinates = [geospatial_dtmi("position", version)]
    yield Array(coordinates[0], primitive_dtmi("double", 2))
    for depth in (1, 2, 3):
        coordinates.append(geospatial_dtmi(f"coordinates{depth}", version))
        yield Array(coordinates[depth], coordinates[depth - 1])
    for term, (name, depth) in _SHAPES.items():
        kind = f"dtmi:standard:schema:geospatial{name}Type;{version}"
        yield Enum(kind, (EnumValue(term, name),))
        fields = (Field("type", kind), Field("coordinates", coordinates[depth]))
        yield Object(geospatial_dtmi(term, version), fields)


ELEMENTS: dict[str, StandardElement] = {element.dtmi: element for element in _elements()}
SCHEMAS: dict[str, Schema] = {schema.dtmi: schema for schema in _schemas()}
_PRIMITIVE_TERMS = {
    element.dtmi: element.term for element in ELEMENTS.values() if element.kind == "Schema"
}
_ALIASES = {
    primitive_dtmi(term, version): primitive_dtmi(term, 2)
    for version in VERSIONS
    for term in PRIMITIVES[2]
}  # fmt: skip
