"""Accounts and how they begin: with a role that allows everything, a user and their secret."""

from typing import TypeAlias

import msgspec

from twinhold.registry import ids, user_secrets
from twinhold.registry.errors import InvalidValueError, NotFoundError, quoted
from twinhold.registry.principal import Call, Statement
from twinhold.store import Transaction
from twinhold.store import accounts as stored
from twinhold.store.accounts import AccountRow

Account: TypeAlias = AccountRow

ADMINISTRATOR = "Super Admin"
_LONGEST_NAME = 64
_EVERYTHING = msgspec.json.encode(Statement()).decode()
_NO_RULES = "{}"


class Credentials(msgspec.Struct, frozen=True):
    """What the first user of a new account needs to call; the secret is shown only here."""

    account: str
    user: str
    role: str
    secret: str


def draft() -> Credentials:
    """Fresh identifiers and a fresh secret for an account that is to be."""
    return Credentials(ids.new_uuid(), ids.new_uuid(), ids.new_uuid(), user_secrets.new_secret())


async def create(
    transaction: Transaction, name: str, credentials: Credentials, now: int, *, operator: bool
) -> Credentials:
    """Make an account with its administrator role, user and secret.

    Raises:
        InvalidValueError: the name is empty or longer than 64 characters.
    """
    _check_name(name)
    ids_of = {"account": credentials.account, "user": credentials.user, "role": credentials.role}
    base = ids_of | {"now": now}
    await transaction.run(stored.INSERT_ACCOUNT, base | {"name": name, "operator": operator})
    await transaction.run(
        stored.INSERT_ROLE,
        base | {"name": ADMINISTRATOR, "statement": _EVERYTHING, "rules": _NO_RULES},
    )
    await transaction.run(
        stored.INSERT_USER, base | {"name": ADMINISTRATOR, "description": None, "activity": None}
    )
    await user_secrets.insert(transaction, credentials.user, credentials.secret, None, now)
    return credentials


async def create_by(
    transaction: Transaction, call: Call, name: str, credentials: Credentials
) -> Credentials:
    """Make an account that is not the operator's; see `create`."""
    return await create(transaction, name, credentials, call.now, operator=False)


async def exist(transaction: Transaction) -> bool:
    """Whether the registry has an account yet."""
    return await transaction.one(stored.ANY_ACCOUNT, {}) is not None


async def operator(transaction: Transaction) -> str:
    """The UUID of the operator's account."""
    row = await transaction.one(stored.SELECT_OPERATOR, {"yes": True})
    if row is None:
        raise RuntimeError("A registry with accounts has no operator.")
    uuid: str = row[0]
    return uuid


async def require(transaction: Transaction, uuid: str) -> None:
    """Make sure that an account exists.

    Raises:
        NotFoundError: there is none.
    """
    if await transaction.one(stored.SELECT_ACCOUNT, {"account": uuid}) is None:
        raise NotFoundError(f"The account {uuid} does not exist.")


async def get(transaction: Transaction, call: Call) -> Account:
    """The caller's account."""
    row = await transaction.one(stored.SELECT_ACCOUNT, {"account": call.actor.account})
    if row is None:
        raise RuntimeError("The account of a principal does not exist.")
    return Account._make(row)


async def update(
    transaction: Transaction, call: Call, resource_access_log: str | None | msgspec.UnsetType
) -> Account:
    """Set or remove the access log of the caller's account; unset changes nothing."""
    account = await get(transaction, call)
    if resource_access_log is msgspec.UNSET:
        return account
    account = account._replace(resource_access_log=resource_access_log, updated=call.now)
    await transaction.run(
        stored.UPDATE_ACCOUNT,
        {"account": account.uuid, "resource_access_log": resource_access_log, "now": call.now},
    )
    return account


def _check_name(name: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidValueError(
            f"The name {quoted(name)} must be 1 to {_LONGEST_NAME} printable characters.", "/name"
        )
