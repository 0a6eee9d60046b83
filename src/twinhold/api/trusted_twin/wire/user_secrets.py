"""User secrets on the wire."""

import msgspec

from twinhold.api.trusted_twin.wire.common import Seconds


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PIN: six capitals and digits, for ten minutes and one use."""

    pin: str


class SecretInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a secret; the fingerprint is its last four characters."""

    account: str
    user: str
    validity_ts: Seconds | None
    created_ts: Seconds
    updated_ts: Seconds
    fingerprint: str


class IssuedSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret at the one moment when it is shown."""

    account: str
    user: str
    secret: str
    validity_ts: Seconds | None
    created_ts: Seconds
    updated_ts: Seconds
