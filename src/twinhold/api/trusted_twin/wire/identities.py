"""Identities on the wire."""

from typing import Annotated, Any

import msgspec

from twinhold.api.kit.forms import Rule, names
from twinhold.api.trusted_twin.wire.common import Seconds, Validity, microseconds, seconds, times
from twinhold.api.trusted_twin.wire.twins import Twin
from twinhold.registry import documents
from twinhold.registry.identities import Identity, IdentityChange

IDENTITY = "^[A-Za-z_][0-9A-Za-z_]{0,7}#[0-9A-Za-z_=+-]{1,128}$"


class IdentityInput(msgspec.Struct, frozen=True):
    """Null removes, absent leaves as it is; without a visibility the identity is private."""

    validity_ts: Validity | None | msgspec.UnsetType = msgspec.UNSET
    visibility: Rule | None | msgspec.UnsetType = msgspec.UNSET


class IdentitiesInput(msgspec.Struct, frozen=True):
    """The body of create_twin_identity: identities by their names."""

    identities: Annotated[dict[str, IdentityInput], names(IDENTITY, "identity")]


class IdentityCertificate(msgspec.Struct, frozen=True):
    """Made with the identity; never changes."""

    identity: str
    creator: str
    created_ts: Seconds


class IdentityOfTwin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identity."""

    validity_ts: Seconds | None
    visibility: str | None
    updated_ts: Seconds
    creation_certificate: IdentityCertificate


class IdentitiesCreated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identities attached, by their names."""

    identities: dict[str, IdentityOfTwin]


class IdentitySummary(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An identity in a list: `visibility` of the own account's, `creator` of a foreign one."""

    validity_ts: Seconds | None
    created_ts: Seconds
    updated_ts: Seconds
    visibility: str | None | msgspec.UnsetType = msgspec.UNSET
    creator: str | msgspec.UnsetType = msgspec.UNSET


class IdentityList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identities of a twin by their names."""

    identities: dict[str, IdentitySummary]


class Resolved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The twins that an identity stands for: UUIDs, or with `details` twins."""

    twins: list[str | Twin]


def change(sent: IdentityInput, pointer: str = "") -> IdentityChange:
    """What a body asks for.

    Raises:
        InvalidValueError: the time is out of range.
    """
    validity, visibility = sent.validity_ts, sent.visibility
    return IdentityChange(
        validity
        if isinstance(validity, msgspec.UnsetType)
        else microseconds(validity, f"{pointer}/validity_ts"),
        documents.encode(visibility) if isinstance(visibility, str) else visibility,
    )


def written(identity: Identity) -> dict[str, Any]:
    """An identity as it is answered."""
    return {
        "validity_ts": seconds(identity.validity),
        "visibility": _visibility(identity),
        "updated_ts": seconds(identity.updated),
        "creation_certificate": {
            "identity": identity.identity,
            "creator": identity.account,
            "created_ts": seconds(identity.created),
        },
    }


def listed(identity: Identity, own: str) -> dict[str, Any]:
    """An identity as it stands in a list that a user of the account `own` sees."""
    ours = identity.account == own
    return {
        "validity_ts": seconds(identity.validity),
        **times(identity),
        **({"visibility": _visibility(identity)} if ours else {"creator": identity.account}),
    }


def _visibility(identity: Identity) -> msgspec.Raw | None:
    return None if identity.visibility is None else msgspec.Raw(identity.visibility.encode())
