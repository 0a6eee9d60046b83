"""Relationships on the wire."""

from typing import Any

import msgspec

from twinhold.api.kit.forms import Filled
from twinhold.store.shape import Json, Quoted, Text, optional, shape


class Relationship(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """A relationship; properties only when it has some."""

    id: str
    target_id: str
    source_id: str
    name: str
    properties: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class RelationshipInput(msgspec.Struct, frozen=True, rename="camel"):
    """The body that makes a relationship; its id is derived, whatever the body says."""

    target_id: Filled
    source_id: Filled
    name: Filled
    properties: dict[str, Any] = {}
    id: str | None = None


RELATIONSHIP = shape(
    '{"id":',
    Quoted("relationship"),
    ',"targetId":',
    Quoted("target_id"),
    ',"sourceId":',
    Quoted("source_id"),
    ',"name":"',
    Text("name"),
    '"',
    optional("properties", ',"properties":', Json("properties")),
    "}",
)
