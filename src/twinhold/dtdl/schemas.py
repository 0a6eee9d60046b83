"""Complex schemas as values: Array, Enum, Map and Object.

Schemas refer to each other by DTMI, never by nesting, so that reusable and recursive schemas need
no special case. A DTMI of a primitive (`dtmi:dtdl:instance:Schema:double;2`) has no value here; see
`standard.primitive`.
"""

from __future__ import annotations

import msgspec


class Array(msgspec.Struct, frozen=True, tag="Array"):
    """An ordered collection whose items conform to `element`."""

    dtmi: str
    element: str


class EnumValue(msgspec.Struct, frozen=True):
    """One value of an Enum; twins hold `value`, never `name`."""

    name: str
    value: int | str
    display_name: dict[str, str] = {}


class Enum(msgspec.Struct, frozen=True, tag="Enum"):
    """A choice between values, all integers or all strings."""

    dtmi: str
    values: tuple[EnumValue, ...]


class Map(msgspec.Struct, frozen=True, tag="Map"):
    """An object with free keys, whose members conform to the schema `value`.

    `key_name` and `value_name` say what keys and values are.
    """

    dtmi: str
    value: str
    key_name: str = ""
    value_name: str = ""


class Field(msgspec.Struct, frozen=True):
    """A member of an Object."""

    name: str
    schema: str
    display_name: dict[str, str] = {}


class Object(msgspec.Struct, frozen=True, tag="Object"):
    """An object with the named fields, each of which may be absent."""

    dtmi: str
    fields: tuple[Field, ...]


Schema = Array | Enum | Map | Object
