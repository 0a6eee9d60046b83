"""Secrets of users, and the PINs by which a user fetches their own.

An administrator asks for a PIN, hands it to the person, and the person changes it for the secret;
so nobody but the user ever sees it. A PIN lives ten minutes, works once, and dies after ten wrong
guesses at any PIN of its account: of 36^6 combinations nobody can search more than ten.
"""

import base64
import hashlib
import hmac
import os
import secrets
from typing import TypeAlias

import msgspec

from twinhold.registry import roles, users
from twinhold.registry.errors import NotFoundError
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import accounts as stored
from twinhold.store.accounts import PinRow, SecretRow

Secret: TypeAlias = SecretRow

PIN_SECONDS = 600
MOST_WRONG_PINS = 10
_PIN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PIN_LENGTH = 6
_SECRET_BYTES = 48
_FINGERPRINT = 4
_SECOND = 1_000_000


class Issued(msgspec.Struct, frozen=True):
    """A secret at the one moment when it is shown; times in microseconds."""

    account: str
    user: str
    secret: str
    validity: int | None
    created: int


def new_secret() -> str:
    """64 characters of the base64 alphabet from 48 random bytes (spec section 3)."""
    return base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def new_pin() -> str:
    """Six capitals and digits."""
    return "".join(secrets.choice(_PIN_ALPHABET) for _ in range(_PIN_LENGTH))


def digest(secret: str) -> bytes:
    """What is kept of a secret.

    A plain SHA-256 is enough, and no comparison can leak the secret: it has 384 random bits, so
    neither a dictionary nor a lucky prefix of the digest leads back to it.
    """
    return hashlib.sha256(secret.encode()).digest()


def name_of(secret_digest: bytes) -> str:
    """A name by which tokens refer to the secret that they descend from."""
    return hashlib.blake2b(secret_digest, digest_size=12).hexdigest()


async def insert(
    transaction: Transaction, user: str, secret: str, validity: int | None, now: int
) -> None:
    """Keep what is kept of a user's secret."""
    await transaction.run(
        stored.INSERT_SECRET,
        {
            "user": user,
            "digest": digest(secret),
            "fingerprint": secret[-_FINGERPRINT:],
            "validity": validity,
            "now": now,
        },
    )


async def create_pin(
    transaction: Transaction, call: Call, user: str, pin: bytes, validity: int | None
) -> None:
    """Let a user fetch a secret by a PIN, in place of any earlier PIN of their.

    Args:
        transaction: the transaction.
        call: who calls.
        user: of the caller's account.
        pin: the keyed digest of the PIN.
        validity: of the secret to come, in microseconds.

    Raises:
        NotFoundError: there is no such user.
        EscalationError: their role holds more than the caller's own.
    """
    holder = await users.get(transaction, call, user)
    await roles.require_assignable(transaction, call, holder.role)
    await transaction.run(
        stored.PUT_PIN,
        {
            "user": user,
            "account": holder.account,
            "digest": pin,
            "validity": validity,
            "expires": call.now + PIN_SECONDS * _SECOND,
        },
    )


async def waiting(transaction: Transaction, account: str) -> bool:
    """Whether a PIN of the account waits: without one, a guess costs no write."""
    return bool(await transaction.all(stored.SELECT_PINS, {"account": account}))


async def exchange(
    transaction: Transaction, account: str, pin: bytes, secret: str, now: int
) -> Issued | None:
    """Change a PIN for a secret, which replaces the user's former one at once.

    None when the PIN is not one that waits; the wrong guess is then counted, which a raised error
    would undo.
    """
    await transaction.change_access()
    await transaction.run(
        stored.DELETE_DEAD_PINS,
        {"account": account, "now": now, "most_wrong": MOST_WRONG_PINS},
    )
    rows = await transaction.all(stored.SELECT_PINS, {"account": account})
    found = [
        row
        for row in map(PinRow._make, rows)
        if hmac.compare_digest(row.digest, pin)
        and row.wrong < MOST_WRONG_PINS
        and now < row.expires
    ]
    if not found:
        await transaction.run(stored.COUNT_WRONG_PIN, {"account": account})
        return None
    user, validity = found[0].user, found[0].validity
    await transaction.run(stored.DELETE_PIN, {"user": user})
    await transaction.run(stored.DELETE_SECRET, {"user": user})
    await insert(transaction, user, secret, validity, now)
    return Issued(account, user, secret, validity, now)


async def get(transaction: Transaction, call: Call, user: str) -> Secret:
    """What is known of a user's secret.

    Raises:
        NotFoundError: the account has no such user, or they have no secret.
    """
    row = await transaction.one(stored.SELECT_SECRET, {"user": user, "account": call.actor.account})
    if row is None:
        raise NotFoundError(f"The user {user} has no secret.")
    return Secret._make(row)


async def update(
    transaction: Transaction, call: Call, user: str, validity: int | None | msgspec.UnsetType
) -> Secret:
    """Set how long a user's secret is valid; unset changes nothing.

    Raises:
        NotFoundError: the account has no such user, or they have no secret.
    """
    await transaction.change_access()
    secret = await get(transaction, call, user)
    if validity is msgspec.UNSET:
        return secret
    secret = secret._replace(validity=validity, updated=call.now)
    await transaction.run(
        stored.UPDATE_SECRET, {"user": user, "validity": validity, "now": call.now}
    )
    return secret


async def delete(transaction: Transaction, call: Call, user: str) -> Secret:
    """End a user's secret and the tokens that descend from it.

    Raises:
        NotFoundError: the account has no such user, or they have no secret.
    """
    await transaction.change_access()
    secret = await get(transaction, call, user)
    await transaction.run(stored.DELETE_SECRET, {"user": user})
    return secret
