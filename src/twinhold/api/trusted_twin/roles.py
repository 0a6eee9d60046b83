"""Handlers of the role operations."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import roles as wire
from twinhold.api.trusted_twin.wire.common import times
from twinhold.registry import ids, roles
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.principal import RoleRules, Statement
from twinhold.registry.roles import Role, RoleChange


async def get_user_roles(request: Request) -> bytes:
    """GET /roles."""
    found = await request.read(roles.get_all)
    return msgspec.json.encode(
        {"roles": {role.uuid: {"name": role.name, **times(role)} for role in found}}
    )


async def create_user_role(request: Request) -> bytes:
    """POST /roles."""
    change, actions = _change(request.body), request.registry.actions
    return _written(await request.write(roles.create, ids.new_uuid(), change, actions))


async def get_user_role(request: Request) -> bytes:
    """GET /roles/{role}."""
    return _written(await request.read(roles.get, _role(request)))


async def update_user_role(request: Request) -> bytes:
    """PATCH /roles/{role}."""
    uuid, change, actions = _role(request), _change(request.body), request.registry.actions
    return _written(await request.write(roles.update, uuid, change, actions))


async def delete_user_role(request: Request) -> bytes:
    """DELETE /roles/{role}."""
    return _written(await request.write(roles.delete, _role(request)))


def _role(request: Request) -> str:
    return ids.parse_uuid(request.path["role"], "role")


def _change(body: bytes) -> RoleChange:
    """What a body asks for; null stands for the default (spec section 3)."""
    given = decode(body, wire.RoleInput)
    return RoleChange(given.name, _statement(given.statement), _rules(given.rules))


def _statement(
    given: wire.Statement | None | msgspec.UnsetType,
) -> Statement | msgspec.UnsetType:
    if isinstance(given, msgspec.UnsetType):
        return given
    if given is None:
        return Statement()
    actions = None if given.actions is None else frozenset(given.actions)
    return Statement(given.effect, actions)


def _rules(given: wire.RulesInput | None | msgspec.UnsetType) -> RoleRules | msgspec.UnsetType:
    if isinstance(given, msgspec.UnsetType):
        return given
    if given is None:
        return RoleRules()
    return RoleRules(
        twin_rule=_one(given.twin_rule, given.twin, "twin"),
        entry_rule=_one(given.entry_rule, given.entry, "entry"),
        identity_rule=_one(given.identity_rule, given.identity, "identity"),
    )


def _one(rule: str | None, other: str | None, name: str) -> str | None:
    """A rule that has two names; a body that gives them different rules means neither for sure."""
    if rule is not None and other is not None and rule != other:
        message = f"The names {name} and {name}_rule stand for one rule, and have two."
        raise InvalidValueError(message, f"/rules/{name}")
    return other if rule is None else rule


def _written(role: Role) -> bytes:
    actions = role.statement.actions
    statement = wire.Statement(role.statement.effect, None if actions is None else sorted(actions))
    return msgspec.json.encode(
        {
            "uuid": role.uuid,
            "name": role.name,
            "account": role.account,
            "statement": statement,
            "rules": role.rules,
            **times(role),
        }
    )


OPERATIONS = (
    Operation(
        name="get_user_roles",
        method="GET",
        path="/roles",
        handler=get_user_roles,
        summary="List the roles of the caller's account.",
        response=wire.RoleList,
    ),
    Operation(
        name="create_user_role",
        method="POST",
        path="/roles",
        handler=create_user_role,
        summary="Make a role.",
        status=201,
        request=wire.RoleInput,
        response=wire.Role,
        gives={"role": "/uuid"},
    ),
    Operation(
        name="get_user_role",
        method="GET",
        path="/roles/{role}",
        handler=get_user_role,
        summary="Read a role.",
        response=wire.Role,
    ),
    Operation(
        name="update_user_role",
        method="PATCH",
        path="/roles/{role}",
        handler=update_user_role,
        summary="Change a role.",
        status=201,
        request=wire.RoleInput,
        response=wire.Role,
    ),
    Operation(
        name="delete_user_role",
        method="DELETE",
        path="/roles/{role}",
        handler=delete_user_role,
        summary="Delete a role; its users have no access.",
        response=wire.Role,
    ),
)
