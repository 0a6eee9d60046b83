"""Schemas as types for msgspec, whose decoder then checks a text while it reads it.

A type is for the many values that conform: each text that it takes, and of which no member is lost,
conforms to the schema. Where no type says that much there is none. Decoders pass over members that
a type does not name and keep the last of those that repeat a name: whoever encodes the value again,
or counts its members, sees whether one was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from twinhold.dtdl import standard, values
from twinhold.dtdl.schemas import Array, Enum, Map, Object, Schema


class Types:
    """The types of the schemas of one Interface.

    Args:
        schemas: The complex schemas of the Interface, by DTMI; standard ones are known anyway.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._types: dict[str, Any] = {}

    def of(self, dtmi: str) -> Any | None:
        """The type of a schema, if there is one; a schema has none inside of itself."""
        if dtmi not in self._types:
            self._types[dtmi] = None
            self._types[dtmi] = self._make(dtmi)
        return self._types[dtmi]

    def _make(self, dtmi: str) -> Any | None:
        term = standard.primitive(dtmi)
        if term is not None:
            return values.PRIMITIVES[term].typed
        schema = standard.SCHEMAS[dtmi] if dtmi in standard.SCHEMAS else self._schemas[dtmi]
        match schema:
            case Array():
                item = self.of(schema.element)
                return None if item is None else list[item]  # type: ignore[valid-type]
            case Enum():
                allowed = tuple(choice.value for choice in schema.values)
                return Literal[allowed] if allowed else None
            case Map():
                member = self.of(schema.value)
                return None if member is None else dict[str, member]  # type: ignore[valid-type]
            case Object():
                return members({field.name: self.of(field.schema) for field in schema.fields})


def members(types: Mapping[str, Any | None]) -> Any:
    """The type of an object with some members, each of which may be absent."""
    named = {name: type_ for name, type_ in types.items() if type_ is not None}
    return TypedDict("Members", named, total=False)  # type: ignore[operator]
