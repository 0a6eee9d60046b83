"""Tokens on the wire."""

from typing import Literal

import msgspec

from twinhold.api.trusted_twin.wire.common import Description, Seconds, Validity


class TokenInput(msgspec.Struct, frozen=True):
    """The body of create_user_token."""

    secret_dict: Description | None = None
    options: list[Literal["create", "refresh"]] | None = None
    validity_ts: Validity | None = None


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token at the one moment when it is shown."""

    token: str
    options: list[str]
    validity_ts: Seconds | None


class RefreshedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refreshed token at the one moment when it is shown."""

    token: str
    validity_ts: Seconds | None


class KeyRotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many keys verify tokens now; the newest signs."""

    keys: int
