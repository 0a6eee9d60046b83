"""The model language: a DTDL v2, v3 and v4 parser and value validator, usable on its own.

`parse` turns documents into a `ModelSet`; a `Model` of it says what a twin may hold and checks what
it holds.
"""

from twinhold.dtdl.contexts import Undefined
from twinhold.dtdl.dtmi import Dtmi
from twinhold.dtdl.interfaces import (
    Command,
    Component,
    Content,
    Interface,
    Notes,
    Payload,
    Property,
    Relationship,
    Telemetry,
)
from twinhold.dtdl.models import Model, ModelSet
from twinhold.dtdl.parser import Options, Resolver, parse
from twinhold.dtdl.schemas import Array, Enum, EnumValue, Field, Map, Object, Schema
from twinhold.dtdl.violations import CODES, InvalidModelError, Violation

__all__ = [
    "CODES",
    "Array",
    "Command",
    "Component",
    "Content",
    "Dtmi",
    "Enum",
    "EnumValue",
    "Field",
    "Interface",
    "InvalidModelError",
    "Map",
    "Model",
    "ModelSet",
    "Notes",
    "Object",
    "Options",
    "Payload",
    "Property",
    "Relationship",
    "Resolver",
    "Schema",
    "Telemetry",
    "Undefined",
    "Violation",
    "parse",
]
