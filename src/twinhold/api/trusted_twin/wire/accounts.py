"""Accounts on the wire."""

from typing import Annotated, Any

import msgspec

from twinhold.api.kit.forms import described
from twinhold.api.trusted_twin.wire.common import Seconds


class AccountInput(msgspec.Struct, frozen=True):
    """The body of create_account: a name of 1 to 64 printable characters."""

    name: Annotated[str, described(format="account-name", minLength=1, maxLength=64)]


class AccountCredentials(msgspec.Struct, frozen=True):
    """A new account; the secret of its first user is shown only here."""

    account: str
    user: str
    role: str
    secret: str


class Account(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An account; the access log only when it is set."""

    uuid: str
    created_ts: Seconds
    updated_ts: Seconds
    resource_access_log: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_NoTables = Annotated[dict[str, Any], described(maxProperties=0)]


class AccountUpdate(msgspec.Struct, frozen=True):
    """The body of update_account; the tables of an access log are not there yet."""

    resource_access_log: (
        Annotated[dict[str, Any], described(maxProperties=0)] | None | msgspec.UnsetType
    ) = msgspec.UNSET
