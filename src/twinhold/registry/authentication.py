"""From a credential to the principal behind it.

A principal is remembered by the digest of its secret, so that a request costs one look-up in
memory; unknown secrets are never remembered.
"""

import msgspec

from twinhold.registry.access import Principal, Statement
from twinhold.registry.accounts import digest
from twinhold.registry.errors import UnauthenticatedError
from twinhold.store import Store, Transaction
from twinhold.store import accounts as stored

_MOST_REMEMBERED = 10_000
_LONGEST_SECRET = 4096
_decode_statement = msgspec.json.Decoder(Statement).decode


class Authenticator:
    """Knows who is behind a secret."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[bytes, Principal] = {}

    async def principal(self, secret: str, now: int) -> Principal:
        """The user behind a secret.

        Raises:
            UnauthenticatedError: nobody is, or the secret has expired.
        """
        if not 0 < len(secret) <= _LONGEST_SECRET:
            raise UnauthenticatedError("The request carries no credential.")
        key = digest(secret)
        found = self._remembered.get(key)
        if found is None:
            found = await self._look_up(key)
        if found.validity is not None and found.validity <= now:
            raise UnauthenticatedError("The credential has expired.")
        return found

    async def _look_up(self, key: bytes) -> Principal:
        found = await self._store.read(_principal, key)
        if found is None:
            raise UnauthenticatedError("The credential is not known.")
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = found
        return found


async def _principal(transaction: Transaction, key: bytes) -> Principal | None:
    row = await transaction.one(stored.PRINCIPAL_BY_DIGEST, {"digest": key})
    if row is None:
        return None
    account, user, role, operator, statement, description, validity = row
    return Principal(
        account=account,
        user=user,
        role=role,
        operator=bool(operator),
        statement=_decode_statement(statement),
        description=description,
        validity=validity,
    )
