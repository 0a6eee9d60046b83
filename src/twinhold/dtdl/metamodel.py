"""The metamodel of DTDL: which classes there are and which properties each has, by version.

The tables below are the language as data; the reader and the checks hold no knowledge of single
classes beyond them. Source: DTDL v2, v3 and v4, chapters "Interface" to "Map value", and the
published metamodel digest.
"""

from __future__ import annotations

from enum import Enum

import msgspec

VERSIONS = (2, 3, 4)
NAME_PATTERN = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
CONTENT_KINDS = frozenset({"Command", "Component", "Property", "Relationship", "Telemetry"})
COMPLEX_KINDS = frozenset({"Array", "Enum", "Map", "Object"})
GEOSPATIAL = ("lineString", "multiLineString", "multiPoint", "multiPolygon", "point", "polygon")
COMMAND_TYPES = ("asynchronous", "synchronous")

_OLD_PRIMITIVES = (
    *(
        "boolean",
        "date",
        "dateTime",
        "double",
        "duration",
        "float",
        "integer",
        "long",
        "string",
        "time",
    ),
)
_NEW_PRIMITIVES = (
    *("byte", "bytes", "decimal", "short", "unsignedByte", "unsignedInteger", "unsignedLong"),
    *("unsignedShort", "uuid"),
)
PRIMITIVES = {2: _OLD_PRIMITIVES, 3: _OLD_PRIMITIVES, 4: _OLD_PRIMITIVES + _NEW_PRIMITIVES}
NUMERIC = frozenset(
    {"byte", "decimal", "double", "float", "integer", "long", "short"}
    | {"unsignedByte", "unsignedInteger", "unsignedLong", "unsignedShort"}
)


class Form(Enum):
    """How the value of a property is written."""

    ELEMENT = "element"
    TEXT = "string"
    LANGUAGE = "language string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DURATION = "duration"
    LITERAL = "integer or string"
    DTMI = "DTMI"
    PROPERTY = "property name"


class PropertyRule(msgspec.Struct, frozen=True):
    """What one property of one class may hold in one DTDL version.

    Attributes:
        name: The term of the property.
        form: How its value is written.
        kinds: For elements, the classes allowed; a schema primitive counts as class `Schema`.
        versions: For elements, the DTDL versions that the element may have.
        members: For elements, the standard terms or DTMIs allowed; None where the value is not so
            restricted.
        id_required: Whether the value must be an element with an `@id` or a reference.
        inferred: The class taken when the value has no `@type`; None where `@type` is needed.
        unique: Which literals of the values must differ from each other.
    """

    name: str
    form: Form
    required: bool = False
    plural: bool = False
    most: int | None = None
    kinds: frozenset[str] = frozenset()
    versions: tuple[int, ...] = ()
    members: frozenset[str] | None = None
    id_required: bool = False
    inferred: str | None = None
    unique: tuple[str, ...] = ()
    pattern: str | None = None
    length: int | None = None
    minimum: int | None = None
    maximum: int | None = None


class ClassRule(msgspec.Struct, frozen=True):
    """A class that documents may instantiate, with all its properties by name."""

    name: str
    properties: dict[str, PropertyRule]


def _element(name: str, kinds: str, versions: tuple[int, ...], **facts: object) -> PropertyRule:
    """A property that holds elements of the space-separated classes `kinds`."""
    rule = PropertyRule(name, Form.ELEMENT, kinds=frozenset(kinds.split()), versions=versions)
    return msgspec.structs.replace(rule, **facts)


_Rules = dict[str, tuple[PropertyRule, ...]]

_ANY_SCHEMA = "Schema Array Enum Map Object"
_NAME = PropertyRule("name", Form.TEXT, required=True, pattern=NAME_PATTERN)
_WRITABLE = PropertyRule("writable", Form.BOOLEAN)
_BY_NAME: dict[str, object] = {"plural": True, "unique": ("name",)}
_COMMON = (
    PropertyRule("comment", Form.TEXT),
    PropertyRule("description", Form.LANGUAGE, plural=True),
    PropertyRule("displayName", Form.LANGUAGE, plural=True),
)


def _lower(version: int) -> tuple[int, ...]:
    """The versions that an element may refer to: its own and older ones."""
    return tuple(range(version, 1, -1))


def _schema(version: int) -> PropertyRule:
    return _element("schema", _ANY_SCHEMA, _lower(version), required=True)


def _interface(version: int) -> _Rules:
    contents = " ".join(sorted(CONTENT_KINDS))
    parents = 2 if version == 2 else None
    references: dict[str, object] = {"plural": True, "id_required": True}
    return {
        "Interface": (
            _element("contents", contents, _lower(version), **_BY_NAME),
            _element("extends", "Interface", _lower(version), most=parents, **references),
            _element("schemas", "Array Enum Map Object", (version,), **references),
        )
    }


def _contents(version: int) -> _Rules:
    schema = _schema(version)
    interface = _element("schema", "Interface", _lower(version), required=True, id_required=True)
    most_edges, most_properties = (500, 300) if version == 2 else (None, None)
    return {
        "Telemetry": (_NAME, schema),
        "Property": (_NAME, schema, _WRITABLE),
        "Component": (_NAME, interface),
        "Relationship": (
            _NAME,
            PropertyRule("target", Form.DTMI),
            PropertyRule("minMultiplicity", Form.INTEGER, minimum=0, maximum=0),
            PropertyRule("maxMultiplicity", Form.INTEGER, minimum=1, maximum=most_edges),
            _WRITABLE,
            _element("properties", "Property", _lower(version), most=most_properties, **_BY_NAME),
        ),
    }


def _commands(version: int) -> _Rules:
    payload = ("CommandPayload",) * 2 if version == 2 else ("CommandRequest", "CommandResponse")
    nullable = () if version < 4 else (PropertyRule("nullable", Form.BOOLEAN),)
    kinds = frozenset(COMMAND_TYPES)
    return {
        "Command": (
            _NAME,
            _element("request", payload[0], (version,), inferred=payload[0]),
            _element("response", payload[1], (version,), inferred=payload[1]),
            _element("commandType", "CommandType", (version,), id_required=True, members=kinds),
        ),
        payload[0]: (_NAME, _schema(version), *nullable),
        payload[1]: (_NAME, _schema(version), *nullable),
    }


def _complex_schemas(version: int) -> _Rules:
    v2, same, lower = version == 2, (version,), _lower(version)
    schema = _schema(version)
    most_values, most_fields = (100, 30) if v2 else (None, None)

    def primitive(name: str, *terms: str) -> PropertyRule:
        return _element(name, "Schema", lower, required=True, members=frozenset(terms))

    values: dict[str, object] = {"plural": True, "unique": ("name", "enumValue"), "required": v2}
    fields: dict[str, object] = {**_BY_NAME, "required": v2}
    return {
        "Array": (_element("elementSchema", _ANY_SCHEMA, lower, required=True),),
        "Enum": (
            primitive("valueSchema", "integer", "string"),
            _element(
                "enumValues", "EnumValue", same, inferred="EnumValue", most=most_values, **values
            ),
        ),
        "EnumValue": (_NAME, PropertyRule("enumValue", Form.LITERAL, required=True)),
        "Map": (
            _element("mapKey", "MapKey", same, inferred="MapKey", required=True),
            _element("mapValue", "MapValue", same, inferred="MapValue", required=True),
        ),
        "MapKey": (_NAME, primitive("schema", "string")),
        "MapValue": (_NAME, schema),
        "Object": (
            _element("fields", "Field", same, inferred="Field", most=most_fields, **fields),
        ),
        "Field": (_NAME, schema),
    }


def _classes(version: int) -> dict[str, ClassRule]:
    """The classes of one DTDL version."""
    latent: _Rules = {} if version == 2 else {"LatentType": (), "NamedLatentType": (_NAME,)}
    tables = (
        _interface(version),
        _contents(version),
        _commands(version),
        _complex_schemas(version),
    )
    return {
        kind: ClassRule(kind, {rule.name: rule for rule in _COMMON + rules})
        for table in (*tables, latent)
        for kind, rules in table.items()
    }


CLASSES: dict[int, dict[str, ClassRule]] = {version: _classes(version) for version in VERSIONS}

ABSTRACT_CLASSES = (
    *(
        "ComplexSchema",
        "Content",
        "Entity",
        "NamedEntity",
        "NumericSchema",
        "PrimitiveSchema",
        "Schema",
    ),
    *("SchemaField", "TemporalSchema"),
)


def class_terms(version: int) -> tuple[str, ...]:
    """All class names that are terms of a core context, usable in documents or not."""
    primitive = tuple(term[0].upper() + term[1:] for term in PRIMITIVES[version])
    extra = (
        "CommandPayload",
        "CommandType",
        "Unit",
        "UnitAttribute",
        "SemanticType",
        "SemanticUnit",
    )
    later = () if version == 2 else ("AdjunctType", "Alias")
    return tuple(dict.fromkeys((*CLASSES[version], *ABSTRACT_CLASSES, *primitive, *extra, *later)))


def property_terms(version: int) -> tuple[str, ...]:
    """All property names that are terms of a core context."""
    extra = ("languageMajorVersion", "symbol", "exponent") + (
        ("aliasFor",) if version > 2 else ("unit",)
    )
    units = ("baseUnit", "bottomUnit", "prefix", "topUnit") if version == 2 else ()
    used = (name for rule in CLASSES[version].values() for name in rule.properties)
    return tuple(dict.fromkeys((*used, *extra, *units)))
