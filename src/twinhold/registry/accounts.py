"""Accounts and how they begin: with a role that allows everything, a user and his secret."""

import base64
import hashlib
import os

import msgspec

from twinhold.registry import ids
from twinhold.registry.access import Statement
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.store import Transaction
from twinhold.store import accounts as stored

ADMINISTRATOR = "Super Admin"
_LONGEST_NAME = 64
_SECRET_BYTES = 48
_FINGERPRINT = 4
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
    return Credentials(ids.new_uuid(), ids.new_uuid(), ids.new_uuid(), new_secret())


def new_secret() -> str:
    """64 characters of the base64 alphabet from 48 random bytes (spec section 3)."""
    return base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def digest(secret: str) -> bytes:
    """What is kept of a secret.

    A plain SHA-256 is enough, and no comparison can leak the secret: it has 384 random bits, so
    neither a dictionary nor a lucky prefix of the digest leads back to it.
    """
    return hashlib.sha256(secret.encode()).digest()


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
    await transaction.run(
        stored.INSERT_SECRET,
        base
        | {
            "digest": digest(credentials.secret),
            "fingerprint": credentials.secret[-_FINGERPRINT:],
            "validity": None,
        },
    )
    return credentials


async def exist(transaction: Transaction) -> bool:
    """Whether the registry has an account yet."""
    return await transaction.one(stored.ANY_ACCOUNT, {}) is not None


def _check_name(name: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidValueError(
            f"The name {quoted(name)} must be 1 to {_LONGEST_NAME} printable characters.", "/name"
        )
