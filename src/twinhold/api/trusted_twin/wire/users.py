"""Users on the wire."""

from typing import Any

import msgspec

from twinhold.api.kit.forms import Uuid
from twinhold.api.trusted_twin.wire.common import Description, Name, Seconds


class UserCreate(msgspec.Struct, frozen=True):
    """The body of create_user."""

    role: Uuid
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | None | msgspec.UnsetType = msgspec.UNSET
    activity: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class UserUpdate(msgspec.Struct, frozen=True):
    """The body of update_user."""

    role: Uuid | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | None | msgspec.UnsetType = msgspec.UNSET
    activity: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A user; the description only when it is set."""

    uuid: str
    role: str
    account: str
    name: str
    activity: dict[str, Any] | None
    created_ts: Seconds
    updated_ts: Seconds
    description: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class UserSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user in a list."""

    name: str
    role: str
    created_ts: Seconds
    updated_ts: Seconds


class UserList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The users of an account by their UUIDs."""

    users: dict[str, UserSummary]
