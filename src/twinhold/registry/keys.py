"""The registry's own keys: made at the first start, kept in the store."""

import os

import msgspec

from twinhold.registry.principal import Call
from twinhold.registry.tokens import Keyring
from twinhold.store import Transaction
from twinhold.store import keys as stored

KEY_BYTES = 32
_CURSORS = "cursor"
_DOWNLOADS = "download"
_PINS = "pin"
_TOKENS = "token-"


class Keys(msgspec.Struct, frozen=True):
    """Every key of a registry.

    Attributes:
        cursors: seals cursors.
        downloads: seals download URLs.
        pins: makes the digests of PINs, which are too short for one without a key.
        tokens: sign tokens.
    """

    cursors: bytes
    downloads: bytes
    pins: bytes
    tokens: Keyring


async def load(transaction: Transaction) -> Keys:
    """Read the keys; make those that are missing."""
    await transaction.run(stored.ALONE, {})
    kept: dict[str, bytes] = dict(await transaction.all(stored.SELECT_KEYS, {}))
    for purpose in (_CURSORS, _DOWNLOADS, _PINS, f"{_TOKENS}{0:06d}"):
        if purpose not in kept:
            kept[purpose] = await _make(transaction, purpose)
    return _sorted(kept)


async def reload(transaction: Transaction) -> Keys:
    """Read the keys that `load` has made, or another process since."""
    return _sorted(dict(await transaction.all(stored.SELECT_KEYS, {})))


async def rotate(transaction: Transaction) -> Keys:
    """Add a key that signs tokens from now on; tokens signed by the former ones stay valid.

    Every process learns of it with its next request.
    """
    await transaction.change_access()
    await transaction.run(stored.ALONE, {})
    kept: dict[str, bytes] = dict(await transaction.all(stored.SELECT_KEYS, {}))
    purpose = f"{_TOKENS}{sum(name.startswith(_TOKENS) for name in kept):06d}"
    kept[purpose] = await _make(transaction, purpose)
    return _sorted(kept)


async def rotate_by(transaction: Transaction, _: Call) -> Keys:
    """See `rotate`."""
    return await rotate(transaction)


async def _make(transaction: Transaction, purpose: str) -> bytes:
    key = os.urandom(KEY_BYTES)
    await transaction.run(stored.INSERT_KEY, {"purpose": purpose, "key": key})
    return key


def _sorted(kept: dict[str, bytes]) -> Keys:
    tokens = {name: kept[name] for name in sorted(kept) if name.startswith(_TOKENS)}
    return Keys(kept[_CURSORS], kept[_DOWNLOADS], kept[_PINS], Keyring(tokens))
