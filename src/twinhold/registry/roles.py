"""Roles: what users may do. Nobody makes a role that holds more than their own."""

import msgspec

from twinhold.registry import access, rule_texts
from twinhold.registry.changes import given
from twinhold.registry.errors import InvalidValueError, NotFoundError, OwnAccessError, quoted
from twinhold.registry.principal import Call, RoleRules, Statement
from twinhold.store import Transaction
from twinhold.store import accounts as stored
from twinhold.store.accounts import RoleRow

_decode_statement = msgspec.json.Decoder(Statement).decode
_decode_rules = msgspec.json.Decoder(RoleRules).decode


class Role(msgspec.Struct, frozen=True):
    """A role; times in microseconds since the epoch."""

    uuid: str
    account: str
    name: str
    statement: Statement
    rules: RoleRules
    created: int
    updated: int


class RoleChange(msgspec.Struct, frozen=True):
    """What is to become of a role; what is unset stays, or takes its default on create."""

    name: str | msgspec.UnsetType
    statement: Statement | msgspec.UnsetType
    rules: RoleRules | msgspec.UnsetType


async def create(
    transaction: Transaction, call: Call, uuid: str, change: RoleChange, known: frozenset[str]
) -> Role:
    """Make a role in the caller's account.

    Raises:
        InvalidValueError, RuleInvalidError: an action is not known, or a rule does not parse.
        EscalationError: it would hold more than the caller's own.
    """
    base = Role(
        uuid, call.actor.account, "User Role Name", Statement(), RoleRules(), call.now, call.now
    )
    role = msgspec.structs.replace(base, **given(change))
    _check(call, role, known)
    await transaction.run(stored.INSERT_ROLE, _parameters(role) | {"account": role.account})
    return role


async def get(transaction: Transaction, call: Call, uuid: str) -> Role:
    """Read a role of the caller's account.

    Raises:
        NotFoundError: there is none.
    """
    row = await transaction.one(stored.SELECT_ROLE, {"role": uuid, "account": call.actor.account})
    if row is None:
        raise NotFoundError(f"The role {uuid} does not exist.")
    return _read(RoleRow._make(row))


async def get_all(transaction: Transaction, call: Call) -> list[Role]:
    """All roles of the caller's account, oldest first."""
    rows = await transaction.all(stored.SELECT_ROLES, {"account": call.actor.account})
    return [_read(RoleRow._make(row)) for row in rows]


async def update(
    transaction: Transaction, call: Call, uuid: str, change: RoleChange, known: frozenset[str]
) -> Role:
    """Change a role; it counts from the next request on.

    Raises:
        NotFoundError: there is none.
        InvalidValueError, RuleInvalidError: an action is not known, or a rule does not parse.
        EscalationError: it would hold more than the caller's own.
    """
    await transaction.change_access()
    before = await get(transaction, call, uuid)
    role = msgspec.structs.replace(before, **given(change), updated=call.now)
    _check(call, role, known)
    await transaction.run(stored.UPDATE_ROLE, _parameters(role))
    return role


async def delete(transaction: Transaction, call: Call, uuid: str) -> Role:
    """Delete a role; users who have it have no access from the next request on.

    Raises:
        NotFoundError: there is none.
        OwnAccessError: it is the caller's own.
    """
    await transaction.change_access()
    role = await get(transaction, call, uuid)
    if uuid == call.actor.role:
        raise OwnAccessError("The own role cannot be deleted.")
    await transaction.run(stored.DELETE_ROLE, {"role": uuid})
    return role


async def require_assignable(transaction: Transaction, call: Call, uuid: str) -> None:
    """Let a role be given to somebody only when it holds no more than the caller's own.

    Raises:
        NotFoundError: there is none.
        EscalationError: it holds more.
    """
    role = await get(transaction, call, uuid)
    access.require_cover(call.actor, role.statement, role.rules)


def _check(call: Call, role: Role, known: frozenset[str]) -> None:
    unknown = sorted((role.statement.actions or frozenset()) - known)
    if unknown:
        raise InvalidValueError(
            f"The action {quoted(unknown[0])} is not known.", "/statement/actions"
        )
    for name in RoleRules.__struct_fields__:
        text = getattr(role.rules, name)
        if text is not None:
            rule_texts.parse(text, f"/rules/{name}")
    access.require_cover(call.actor, role.statement, role.rules)


def _parameters(role: Role) -> dict[str, object]:
    return {
        "role": role.uuid,
        "name": role.name,
        "statement": msgspec.json.encode(role.statement).decode(),
        "rules": msgspec.json.encode(role.rules).decode(),
        "now": role.updated,
    }


def _read(row: RoleRow) -> Role:
    return Role(
        uuid=row.uuid,
        account=row.account,
        name=row.name,
        statement=_decode_statement(row.statement),
        rules=_decode_rules(row.rules),
        created=row.created,
        updated=row.updated,
    )
