"""Twins on the wire: the structs describe it for the reference, the shape writes it."""

from typing import Annotated, Any, Literal

import msgspec

from twinhold.api.kit.forms import Dtmi, TwinId, described
from twinhold.api.willow.wire.relationships import Relationship
from twinhold.store.shape import Instant, Json, Quoted, Text, shape


class DigitalTwin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A twin; its times have seven decimals."""

    id: str
    model_id: str
    last_update_time: str
    contents: dict[str, Any]


class DigitalTwinInput(msgspec.Struct, frozen=True, rename="camel"):
    """The body that creates or replaces a twin; the server's clock decides `lastUpdateTime`."""

    id: TwinId
    model_id: Dtmi
    contents: dict[str, Any] = {}
    last_update_time: Any = None


class PatchInput(msgspec.Struct, frozen=True):
    """An operation of a JSON Patch on a twin; a value is needed by all but `remove`."""

    op: Literal["add", "replace", "remove", "test"]
    path: Annotated[str, described(pattern="^/", format="patch-path")]
    value: Any = msgspec.UNSET


class RelatedTwin(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """A twin, with its relationships where they were asked for."""

    id: str
    model_id: str
    last_update_time: str
    contents: dict[str, Any]
    incoming_relationships: list[Relationship] | msgspec.UnsetType = msgspec.UNSET
    outgoing_relationships: list[Relationship] | msgspec.UnsetType = msgspec.UNSET


TWIN = shape(
    '{"id":',
    Quoted("id"),
    ',"modelId":"',
    Text("model"),
    '","lastUpdateTime":"',
    Instant("updated"),
    '+00:00","contents":',
    Json("contents"),
    "}",
)
