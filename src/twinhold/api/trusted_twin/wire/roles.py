"""Roles on the wire."""

from typing import Literal

import msgspec

from twinhold.api.kit.forms import Rule
from twinhold.api.trusted_twin.wire.common import Name, Seconds


class Statement(msgspec.Struct, frozen=True):
    """What a role allows: only the actions (`allow`), or all but the actions (`deny`)."""

    effect: Literal["allow", "deny"]
    actions: list[str] | None = None


class Rules(msgspec.Struct, frozen=True):
    """The rules of a role; null covers the own account and nothing foreign."""

    twin_rule: str | None = None
    entry_rule: str | None = None
    identity_rule: str | None = None


class RulesInput(msgspec.Struct, frozen=True):
    """The rules of a role in a body, under either of the names that the vendor uses."""

    twin_rule: Rule | None = None
    entry_rule: Rule | None = None
    identity_rule: Rule | None = None
    twin: Rule | None = None
    entry: Rule | None = None
    identity: Rule | None = None


class RoleInput(msgspec.Struct, frozen=True):
    """The body of create_user_role and update_user_role."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    statement: Statement | None | msgspec.UnsetType = msgspec.UNSET
    rules: RulesInput | None | msgspec.UnsetType = msgspec.UNSET


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role."""

    uuid: str
    name: str
    account: str
    statement: Statement
    rules: Rules
    created_ts: Seconds
    updated_ts: Seconds


class RoleSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role in a list."""

    name: str
    created_ts: Seconds
    updated_ts: Seconds


class RoleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of an account by their UUIDs."""

    roles: dict[str, RoleSummary]
