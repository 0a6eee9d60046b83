"""Values of twins over time on the wire: the structs describe them, the shapes write them."""

from typing import Any

import msgspec

from twinhold.api.kit.forms import Instant, Name
from twinhold.store.shape import Json, Quoted, Shape, ShortInstant, shape


class ValueInput(msgspec.Struct, frozen=True, rename="camel"):
    """A value that is sent; `dtId` (or `twinId`) or else `externalId` names its twin."""

    connector_id: Name
    source_timestamp: Instant
    scalar_value: bool | float | str | dict[str, Any]
    dt_id: Name | None = None
    twin_id: Name | None = None
    external_id: Name | None = None
    properties: dict[str, Any] | None = None


class DataQuality(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is known to be wrong with a value: Twinhold does not judge, so nothing ever is."""

    offline: bool
    value_out_of_range: bool
    sparse: bool
    flatline: bool
    delayed: bool


class Value(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """A value of a twin; times have as many decimals as they need."""

    connector_id: str | None
    twin_id: str | None
    external_id: str | None
    source_timestamp: str
    enqueued_timestamp: str
    scalar_value: Any
    properties: dict[str, Any] | None
    data_quality: DataQuality | msgspec.UnsetType = msgspec.UNSET


class MissingTwins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ids that match no twin."""

    message: str
    ids: list[str]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Some values; the vendor's pages have both names for what is missing, so both are written."""

    data: list[Value]
    continuation_token: str | None
    error_list: MissingTwins | None
    error_data: MissingTwins | None


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


_MEMBERS = (
    '{"connectorId":',
    Quoted("connector"),
    ',"twinId":',
    Quoted("twin_id"),
    ',"externalId":',
    Quoted("external"),
    ',"sourceTimestamp":"',
    ShortInstant("source_time"),
    'Z","enqueuedTimestamp":"',
    ShortInstant("enqueued"),
    'Z","scalarValue":',
    Json("scalar"),
    ',"properties":',
    Json("coalesce(properties, 'null')"),
)
_FLAGS = ",".join(f'"{name}":false' for name in DataQuality.__struct_encode_fields__)

VALUE: Shape = shape(*_MEMBERS, "}")

VALUE_WITH_QUALITY: Shape = shape(*_MEMBERS, f',"dataQuality":{{{_FLAGS}}}}}')
