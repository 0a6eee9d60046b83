"""An open registry: the store, who is known to it, and its keys."""

import os

import msgspec

from twinhold.registry import accounts
from twinhold.registry.authentication import Authenticator
from twinhold.registry.cursors import KEY_BYTES, Cursors
from twinhold.store import Store, Transaction
from twinhold.store import keys as stored

_CURSOR_KEY = "cursor"


class Registry(msgspec.Struct, frozen=True):
    """What the dialects work on."""

    store: Store
    authenticator: Authenticator
    cursors: Cursors

    @classmethod
    async def open(cls, store: Store) -> "Registry":
        """A registry over an open store; makes its keys when they are missing."""
        key = await store.write(_key, _CURSOR_KEY, os.urandom(KEY_BYTES))
        return cls(store=store, authenticator=Authenticator(store), cursors=Cursors(key))

    async def create_account(self, name: str, now: int) -> accounts.Credentials:
        """Make an account; see `accounts.create`."""
        return await self.store.write(accounts.create, name, accounts.draft(), now, operator=False)


async def _key(transaction: Transaction, purpose: str, fresh: bytes) -> bytes:
    await transaction.run(stored.ALONE, {})
    row = await transaction.one(stored.SELECT_KEY, {"purpose": purpose})
    if row is not None:
        found: bytes = row[0]
        return found
    await transaction.run(stored.INSERT_KEY, {"purpose": purpose, "key": fresh})
    return fresh
