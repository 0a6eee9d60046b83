"""Co-types: what the language extensions and the semantic types add to an element.

A co-type stands beside the class in `@type`, may bring properties of its own and may ask something
of the element, its container or its siblings. Source: DTDL extensions quantitativeTypes,
annotation, overriding, historization, mqtt, requirement; the partner contexts iotcentral;2 and
iotoperations;4.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from twinhold.dtdl import quantities
from twinhold.dtdl.metamodel import GEOSPATIAL, NUMERIC, VERSIONS, Form, PropertyRule
from twinhold.dtdl.standard import (
    EDITIONS,
    canonical,
    geospatial_dtmi,
    primitive_dtmi,
    quantities_prefix,
)


class Cotype(msgspec.Struct, frozen=True):
    """A co-type and what it demands.

    Attributes:
        kinds: Classes it may be used on, in the DTDL `versions`.
        properties: What it adds, by DTMI.
        semantic: Whether it is a semantic type; an element has at most one.
        abstract: Whether it only exists for others to derive from.
        needs: Names of co-types of the same extension that must be present too.
        excludes: DTMIs of co-types that must not be present too.
        instead: Name of a co-type of the same extension that opens further classes
            (`instead_kinds`) to it.
        schema_terms: Canonical DTMIs of standard schemas that `schema` may name; None where it is
            free.
        schema_kinds: Complex schema classes that `schema` may have, in addition to `schema_terms`.
        schema_cotype: Name of a co-type that the schema must have.
        field_cotypes: Every field must have one of these co-types.
        container_cotypes: The container must have one of these, and no sibling may have this
            co-type as well.
        beside: Name of a co-type that some sibling must have.
        unit_enum: The Enum of its units, which an override of its unit must have as schema.
        annotates: Whether it follows the sibling rules of annotation.
        overrides: Whether it follows the sibling rules of overriding.
    """

    dtmi: str
    name: str
    kinds: frozenset[str]
    versions: frozenset[int]
    properties: dict[str, PropertyRule] = {}
    semantic: bool = False
    abstract: bool = False
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    instead: str = ""
    instead_kinds: frozenset[str] = frozenset()
    schema_terms: frozenset[str] | None = None
    schema_kinds: frozenset[str] = frozenset()
    schema_cotype: str = ""
    field_cotypes: tuple[str, ...] = ()
    container_cotypes: tuple[str, ...] = ()
    beside: str = ""
    unit_enum: str = ""
    annotates: bool = False
    overrides: bool = False


_NUMERIC = frozenset(canonical(primitive_dtmi(term, 4)) for term in NUMERIC)
_DATA = ("CommandRequest", "CommandResponse", "Field", "MapValue", "Property", "Telemetry")
_CORE_PROPERTIES = frozenset({"symbol", "exponent"})  # which quantitativeTypes takes from the core
_TOPIC = (
    r"(?:(?:[!%-*,-.0-z|~][!$-*,-.0-z|~]*)|(?:{(?:[A-Za-z]+:)?[A-Za-z]+}))"
    r"(?:\/(?:(?:[!$-*,-.0-z|~]+)|(?:{(?:[A-Za-z]+:)?[A-Za-z]+})))*"
)
_GROUP = r"[!$-*,-.0-z|~]+"
_NAME = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"


class Extension:
    """Builds the co-types of one extension.

    Args:
        prefix: What the DTMIs of its co-types start with.
        versions: The DTDL versions that its co-types may be used in.
        suffix: What all its DTMIs end with.
        properties: What the DTMIs of its properties start with; by default the DTMI of their
            co-type.
    """

    def __init__(
        self, prefix: str, versions: tuple[int, ...], suffix: str = "", properties: str = ""
    ) -> None:
        self.prefix, self.suffix, self.properties = prefix, suffix, properties
        self.versions = frozenset(versions)

    def cotype(self, name: str, kinds: str, *rules: PropertyRule, **facts: object) -> Cotype:
        """A co-type for the space-separated `kinds` whose properties are `rules`."""
        dtmi = f"{self.prefix}{name}{self.suffix}"
        properties = {self._property_dtmi(name, rule.name): rule for rule in rules}
        base = Cotype(dtmi, name, frozenset(kinds.split()), self.versions, properties)
        return msgspec.structs.replace(base, **facts)

    def _property_dtmi(self, cotype: str, name: str) -> str:
        if name in _CORE_PROPERTIES:
            return f"dtmi:dtdl:property:{name};{max(self.versions)}"
        return f"{self.properties or f'{self.prefix}{cotype}:'}{name}{self.suffix}"


def _partner(prefix: str, version: int, properties: str = "") -> Extension:
    """Partner contexts, and DTDL itself, keep properties beside classes and end in a version."""
    properties = properties or f"{prefix}property:"
    return Extension(f"{prefix}class:", (version,), f";{version}", properties)


def _text(name: str, **facts: object) -> PropertyRule:
    return msgspec.structs.replace(PropertyRule(name, Form.TEXT), **facts)


def _historization(edition: int) -> Iterator[Cotype]:
    of = Extension(
        f"dtmi:dtdl:extension:historization:v{edition}:", (3,) if edition == 1 else (3, 4)
    )
    yield of.cotype("Historized", "Property Telemetry")


def _annotation(edition: int) -> Iterator[Cotype]:
    of = Extension(f"dtmi:dtdl:extension:annotation:v{edition}:", (3,) if edition == 1 else (3, 4))
    yield of.cotype(
        "ValueAnnotation", "Property Telemetry", _text("annotates", required=True), annotates=True
    )


def _overriding(edition: int) -> Iterator[Cotype]:
    of = Extension(f"dtmi:dtdl:extension:overriding:v{edition}:", (3,) if edition == 1 else (3, 4))
    overrides = PropertyRule("overrides", Form.PROPERTY, required=True)
    yield of.cotype("Override", "Property", overrides, needs=("ValueAnnotation",), overrides=True)


def _requirement(edition: int) -> Iterator[Cotype]:
    of = Extension(f"dtmi:dtdl:extension:requirement:v{edition}:", (3, 4))
    yield of.cotype("Required", "Field" if edition == 1 else "Field Property")


def _mqtt(edition: int) -> Iterator[Cotype]:
    of = Extension(f"dtmi:dtdl:extension:mqtt:v{edition}:", (3,) if edition == 1 else (3, 4))
    topics = ["telemetryTopic", "commandTopic"] + (["propertyTopic"] if edition == 4 else [])
    groups = ["cmdServiceGroupId", "telemServiceGroupId"] if edition > 1 else []
    yield of.cotype(
        "Mqtt",
        "Interface",
        _text("payloadFormat", required=True),
        *(_text(topic, pattern=_TOPIC) for topic in topics),
        *(_text(group, pattern=_GROUP) for group in groups),
    )
    ttl = PropertyRule("ttl", Form.DURATION, required=True)
    index = PropertyRule("index", Form.INTEGER, required=True, minimum=1)
    yield of.cotype("Idempotent", "Command")
    yield of.cotype("Cacheable", "Command", ttl, needs=("Idempotent",))
    yield of.cotype(
        "Indexed", "EnumValue Field Telemetry" + (" Property" if edition == 4 else ""), index
    )
    if edition > 1:
        objects = frozenset({"Object"})
        yield of.cotype(
            "Transparent",
            "CommandRequest CommandResponse",
            schema_terms=frozenset(),
            schema_kinds=objects,
        )
    if edition > 2:
        yield from _mqtt_results(of, edition)


def _mqtt_results(of: Extension, edition: int) -> Iterator[Cotype]:
    """Objects that stand for the outcome of a command, and the roles of their fields."""
    optional: dict[str, object] = {"excludes": ("dtmi:dtdl:extension:requirement:v1:Required",)}
    string, nothing = frozenset({primitive_dtmi("string", 2)}), frozenset[str]()
    roles = ("NormalResult", "ErrorResult") + (("ErrorCode", "ErrorInfo") if edition == 4 else ())
    yield of.cotype("Error", "Object")
    yield of.cotype("Result", "Object", field_cotypes=roles)
    yield of.cotype("ErrorMessage", "Field", container_cotypes=("Error",), schema_terms=string)
    yield of.cotype("NormalResult", "Field", container_cotypes=("Result",), **optional)
    yield of.cotype(
        "ErrorResult", "Field", container_cotypes=("Result",), schema_cotype="Error", **optional
    )
    if edition < 4:
        return
    holders = {"container_cotypes": ("Result", "Error"), "schema_terms": nothing}
    yield of.cotype("ErrorCode", "Field", schema_kinds=frozenset({"Enum"}), **holders)
    yield of.cotype(
        "ErrorInfo", "Field", schema_kinds=frozenset({"Object"}), beside="ErrorCode", **holders
    )
    yield of.cotype(
        "Fragmented", "Property", instead="PropertyValue", instead_kinds=frozenset({"Field"}),
        schema_terms=nothing, schema_kinds=frozenset({"Map"}),
    )  # fmt: skip
    yield of.cotype("Indirect", "Field", **optional)
    yield of.cotype(
        "PropertyResult", "Object", field_cotypes=("PropertyValue", "ReadError", "WriteError")
    )
    yield of.cotype("PropertyValue", "Field", container_cotypes=("PropertyResult",), **optional)
    for name in ("ReadError", "WriteError"):
        yield of.cotype(
            name, "Field", container_cotypes=("PropertyResult",), schema_cotype="Error", **optional
        )


def _iotcentral() -> Iterator[Cotype]:
    of = _partner("dtmi:iotcentral:", 2, "dtmi:dtdl:property:")
    vector = frozenset({"dtmi:iotcentral:schema:vector;2"})
    places = {geospatial_dtmi(term, 2) for term in GEOSPATIAL} | {
        "dtmi:iotcentral:schema:geopoint;2"
    }
    simple = _NUMERIC | {primitive_dtmi("string", 2)}
    data = "Property Telemetry"
    none = frozenset[str]()
    yield of.cotype(
        "State", data, semantic=True, schema_terms=none, schema_kinds=frozenset({"Enum"})
    )
    yield of.cotype("Event", data, semantic=True, schema_terms=frozenset(simple))
    yield of.cotype("Location", data, semantic=True, schema_terms=frozenset(places))
    for name, unit in (
        ("AccelerationVector", "AccelerationUnit"),
        ("VelocityVector", "VelocityUnit"),
    ):
        rule = _unit_rule(unit, 0)
        rule = msgspec.structs.replace(rule, required=False)
        yield of.cotype(name, data, rule, semantic=True, schema_terms=vector)


def _iotoperations() -> Iterator[Cotype]:
    of = _partner("dtmi:iotoperations:", 4)
    data = " ".join(_DATA)
    short: dict[str, object] = {"required": True, "length": 128}

    def number(name: str, *, required: bool = False) -> PropertyRule:
        return PropertyRule(name, Form.NUMBER, required=required)

    yield of.cotype(
        "Composite",
        "Interface",
        _text("ontology", **short),
        excludes=("dtmi:iotoperations:class:Event;4",),
    )
    yield of.cotype("Congruence", "Array Enum Interface Map Object", _text("typeRef", **short))
    yield of.cotype("Detail", "Object")
    yield of.cotype("Event", "Interface")
    yield of.cotype("GroupMember", "Command", _text("group", pattern=_NAME, **short))
    yield of.cotype(
        "HasCapability", "Relationship", excludes=("dtmi:iotoperations:class:HasComponent;4",)
    )
    yield of.cotype("HasComponent", "Relationship")
    yield of.cotype("Limited", data, number("maximum"), number("minimum"), schema_terms=_NUMERIC)
    decimals = PropertyRule("decimalPlaces", Form.INTEGER, required=True)
    yield of.cotype("Precise", data, decimals, schema_terms=_NUMERIC)
    qualified = "Command Component Field Property Relationship Telemetry"
    yield of.cotype("Qualified", qualified, _text("namespace", **short))
    yield of.cotype(
        "ScaledStatically", data, number("scaleFactor", required=True), schema_terms=_NUMERIC
    )
    yield of.cotype("Subject", "Field", container_cotypes=("Detail",))


def _unit_rule(unit: str, edition: int) -> PropertyRule:
    """The property `unit` of a quantitative type: one of the units of its unit type."""
    if edition == 0:
        members = [f"dtmi:standard:unit:{name};2" for name in quantities.units(0)[unit]]
    else:
        members = [
            f"{quantities_prefix(edition)}:unit:{name}" for name in quantities.units(edition)[unit]
        ]
    kind, version = ("Unit", 2) if edition == 0 else ("EnumValue", EDITIONS[edition])
    return PropertyRule(
        "unit", Form.ELEMENT, required=True, kinds=frozenset({kind}), versions=(version,),
        members=frozenset(members), id_required=True,
    )  # fmt: skip


def _quantitative_types(edition: int) -> Iterator[Cotype]:
    core, prefix = EDITIONS[edition], quantities_prefix(edition)
    of = Extension(f"{prefix}:class:", (core,), properties=f"{prefix}:property:")
    for name, unit in quantities.types(edition).items():
        unit_enum = f"{prefix}:enum:{unit}"
        facts: dict[str, object] = {
            "semantic": True,
            "schema_terms": _NUMERIC,
            "unit_enum": unit_enum,
        }
        yield of.cotype(name, " ".join(_DATA), _unit_rule(unit, edition), **facts)
    yield of.cotype("QuantitativeType", "", abstract=True)
    value = PropertyRule(
        "",
        Form.ELEMENT,
        kinds=frozenset({"EnumValue"}),
        versions=tuple(range(core, 1, -1)),
        id_required=True,
    )
    base, top, bottom = (
        msgspec.structs.replace(value, name=name, required=True)
        for name in ("baseUnit", "topUnit", "bottomUnit")
    )
    scale = msgspec.structs.replace(value, name="prefix")
    symbol, exponent = (
        _text("symbol", required=True),
        PropertyRule("exponent", Form.INTEGER, required=True),
    )
    yield of.cotype("DecimalUnit", "EnumValue", base, scale)
    yield of.cotype("BinaryUnit", "EnumValue", base, scale)
    yield of.cotype("RatioUnit", "EnumValue", top, bottom)
    yield of.cotype("SymbolicUnit", "EnumValue", symbol)
    yield of.cotype("UnitPrefix", "EnumValue", symbol, exponent)


def _semantic_types() -> Iterator[Cotype]:
    """The semantic types of DTDL v2, and its classes of units, which no document can use."""
    of = _partner("dtmi:standard:", 2, "dtmi:dtdl:property:")
    for name, unit in quantities.types(0).items():
        yield of.cotype(
            name, "Property Telemetry", _unit_rule(unit, 0), semantic=True, schema_terms=_NUMERIC
        )
    for name in (
        *quantities.units(0),
        *quantities.PREFIXES,
        "BinaryUnit",
        "DecimalUnit",
        "RatioUnit",
    ):
        yield of.cotype(name, "")
    yield of.cotype("QuantitativeType", "", abstract=True)


def _abstract() -> Iterator[Cotype]:
    for version in VERSIONS:
        of = _partner("dtmi:dtdl:", version)
        later = () if version == 2 else ("AdjunctType", "Alias")
        for name in ("SemanticType", "SemanticUnit", *later):
            yield of.cotype(name, "", abstract=True)


COTYPES_BY_CONTEXT: dict[str, tuple[Cotype, ...]] = {
    "dtmi:dtdl:context;2": tuple(_semantic_types()),
    **{f"dtmi:dtdl:extension:annotation;{n}": tuple(_annotation(n)) for n in (1, 2)},
    **{f"dtmi:dtdl:extension:historization;{n}": tuple(_historization(n)) for n in (1, 2)},
    **{f"dtmi:dtdl:extension:mqtt;{n}": tuple(_mqtt(n)) for n in (1, 2, 3, 4)},
    **{f"dtmi:dtdl:extension:overriding;{n}": tuple(_overriding(n)) for n in (1, 2)},
    **{
        f"dtmi:dtdl:extension:quantitativeTypes;{n}": tuple(_quantitative_types(n))
        for n in EDITIONS
    },
    **{f"dtmi:dtdl:extension:requirement;{n}": tuple(_requirement(n)) for n in (1, 2)},
    "dtmi:iotcentral:context;2": tuple(_iotcentral()),
    "dtmi:iotoperations:context;4": tuple(_iotoperations()),
}

COTYPES: dict[str, Cotype] = {
    cotype.dtmi: cotype
    for cotypes in (*COTYPES_BY_CONTEXT.values(), tuple(_abstract()))
    for cotype in cotypes
}
