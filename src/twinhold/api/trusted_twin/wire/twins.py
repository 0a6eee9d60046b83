"""Twins on the wire: what bodies hold, and the shapes in which the store writes them.

The structs describe the wire for the reference; a test holds the two to each other.
"""

from typing import Any, Literal

import msgspec

from twinhold.api.trusted_twin.wire import common
from twinhold.api.trusted_twin.wire.common import Seconds
from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.twins import Description
from twinhold.store import shape as sql
from twinhold.store.shape import STATUS, Json, Text, optional, shape


class CreationCertificate(msgspec.Struct, frozen=True):
    """Made with the twin; never changes."""

    uuid: str
    creator: str
    created_ts: Seconds


class TerminationCertificate(msgspec.Struct, frozen=True):
    """Made when the twin is terminated; never changes."""

    issuer: str
    terminated_ts: Seconds


class Twin(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A twin; `description` only when it is set, `termination_certificate` only when terminated."""

    owner: str
    status: Literal["alive", "terminated"]
    updated_ts: Seconds
    creation_certificate: CreationCertificate
    description: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    termination_certificate: TerminationCertificate | msgspec.UnsetType = msgspec.UNSET


class TwinInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of create and update: keys of the description match `^[a-z_][0-9a-z_]{0,63}$`."""

    description: common.Description | None | msgspec.UnsetType = msgspec.UNSET


class TwinPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a scan: UUIDs, or with `details` twins; `cursor` is null when none remain."""

    cursor: str | None
    twins: list[str | Twin]


TWIN = shape(
    '{"owner":"',
    Text("owner"),
    '","status":"',
    STATUS,
    '","updated_ts":',
    sql.Seconds("updated"),
    optional("description", ',"description":', Json("description")),
    ',"creation_certificate":{"uuid":"',
    Text("uuid"),
    '","creator":"',
    Text("creator"),
    '","created_ts":',
    sql.Seconds("created"),
    "}",
    optional(
        "terminated",
        ',"termination_certificate":{"issuer":"',
        Text("issuer"),
        '","terminated_ts":',
        sql.Seconds("terminated"),
        "}",
    ),
    "}",
)


TWIN_UUID = shape('"', Text("uuid"), '"')


def description(body: bytes) -> Description:
    """The description in the body of create and update, as JSON text.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: the body or the description is no object, or a key has a wrong form.
    """
    members = documents.parse_object(body)
    if "description" not in members:
        return msgspec.UNSET
    value = members["description"]
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValueError(
            f"The description must be an object or null, not {documents.kind(value)}.",
            "/description",
        )
    documents.check_description_keys(value)
    return documents.member_text(body, "description")
