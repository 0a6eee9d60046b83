"""Users of an account. Nobody gives a user a role that holds more than their own."""

from typing import TypeAlias

import msgspec

from twinhold.registry import roles
from twinhold.registry.changes import given
from twinhold.registry.errors import NotFoundError, OwnAccessError
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import accounts as stored
from twinhold.store.accounts import UserRow

User: TypeAlias = UserRow


class UserChange(msgspec.Struct, frozen=True):
    """What is to become of a user; what is unset stays. Documents are JSON texts."""

    role: str | msgspec.UnsetType
    name: str | msgspec.UnsetType
    description: str | None | msgspec.UnsetType
    activity: str | None | msgspec.UnsetType


async def create(
    transaction: Transaction, call: Call, uuid: str, role: str, change: UserChange
) -> User:
    """Make a user in the caller's account; they cannot call before they have a secret.

    Raises:
        NotFoundError: the account has no such role.
        EscalationError: the role holds more than the caller's own.
    """
    await roles.require_assignable(transaction, call, role)
    base = User(uuid, call.actor.account, role, "User Name", None, None, call.now, call.now)
    user = base._replace(**given(change))
    await transaction.run(stored.INSERT_USER, _parameters(user) | {"account": user.account})
    return user


async def get(transaction: Transaction, call: Call, uuid: str) -> User:
    """Read a user of the caller's account.

    Raises:
        NotFoundError: there is none.
    """
    row = await transaction.one(stored.SELECT_USER, {"user": uuid, "account": call.actor.account})
    if row is None:
        raise NotFoundError(f"The user {uuid} does not exist.")
    return User._make(row)


async def get_all(transaction: Transaction, call: Call) -> list[User]:
    """All users of the caller's account, oldest first."""
    rows = await transaction.all(stored.SELECT_USERS, {"account": call.actor.account})
    return [User._make(row) for row in rows]


async def update(transaction: Transaction, call: Call, uuid: str, change: UserChange) -> User:
    """Change a user; it counts from the next request on.

    Raises:
        NotFoundError: there is no such user or role.
        EscalationError: the role holds more than the caller's own.
    """
    await transaction.change_access()
    before = await get(transaction, call, uuid)
    user = before._replace(**given(change), updated=call.now)
    if user.role != before.role:
        await roles.require_assignable(transaction, call, user.role)
    await transaction.run(stored.UPDATE_USER, _parameters(user))
    return user


async def delete(transaction: Transaction, call: Call, uuid: str) -> User:
    """Delete a user with their secret, their tokens and their PIN.

    Raises:
        NotFoundError: there is none.
        OwnAccessError: it is the caller.
    """
    await transaction.change_access()
    user = await get(transaction, call, uuid)
    if uuid == call.actor.user:
        raise OwnAccessError("The own user cannot be deleted.")
    for statement in (stored.DELETE_PIN, stored.DELETE_SECRET, stored.DELETE_USER):
        await transaction.run(statement, {"user": uuid})
    return user


def _parameters(user: User) -> dict[str, object]:
    return {
        "user": user.uuid,
        "role": user.role,
        "name": user.name,
        "description": user.description,
        "activity": user.activity,
        "now": user.updated,
    }
