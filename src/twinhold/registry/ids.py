"""UUIDs of twins and of everything else; as strings, lower case with dashes."""

import hashlib
import os
import re
import uuid
from functools import lru_cache

from twinhold.registry.errors import InvalidValueError, quoted

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOW_BITS = (1 << 62) - 1
_HIGH_BITS = (1 << 12) - 1
_FIRST_BITS = (1 << 73) - 1  # leaves room for 500 more of the same millisecond
_STEP_BITS = (1 << 64) - 1
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A digit of a digest as that which tells the variant of a UUID."""

LOWEST = "00000000-0000-0000-0000-000000000000"
"""Before every UUID: where a scan starts."""

HIGHEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Behind every UUID."""


class TwinUuids:
    """Makes UUIDs of twins, each behind those that it has made for the same time or an earlier one.

    The first of a millisecond has 73 random bits, and each further one is at random up to 2**64
    behind the one before; so none of them can be guessed from another.
    """

    def __init__(self) -> None:
        self._time = 0
        self._bits = 0

    def next(self, now: int, entropy: bytes) -> str:
        """The next UUID; see `twin_uuid` for the arguments."""
        time = now // 1000
        bits = int.from_bytes(entropy[:10]) & _FIRST_BITS
        if time == self._time:
            bits = self._bits + 1 + (bits & _STEP_BITS)
        if time >= self._time:
            self._time, self._bits = time, bits
        return _twin_uuid(time, bits)


def twin_uuid(now: int, entropy: bytes) -> str:
    """A version-4 UUID whose first 48 bits are its time of creation: UUIDs sort by age.

    Args:
        now: microseconds since the epoch.
        entropy: ten random bytes, of which 74 bits are used.
    """
    return _twin_uuid(now // 1000, int.from_bytes(entropy[:10]))


_twin_uuids = TwinUuids()


def new_twin_uuid(now: int) -> str:
    """The next UUID of this process, with fresh randomness."""
    return _twin_uuids.next(now, os.urandom(10))


def named_twin_uuid(account: str, name: str) -> str:
    """The UUID of the twin that an account knows by a name: version 5, in the account's UUID.

    So a look-up by id is one by UUID, and a repeated PUT meets the same twin on every machine.
    """
    begun = _begun_in(account).copy()
    begun.update(name.encode())
    digest = begun.hexdigest()
    variant = _VARIANTS[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


@lru_cache(maxsize=64)
def _begun_in(account: str) -> "hashlib._Hash":
    """The digest of what the names of an account have in common."""
    return hashlib.sha1(bytes.fromhex(account.replace("-", "")), usedforsecurity=False)


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID, in lower case."""
    return _UUID.fullmatch(text) is not None


def new_uuid() -> str:
    """A random UUID, for accounts, users, roles and traces."""
    return str(uuid.uuid4())


def parse_uuid(text: str, what: str, pointer: str | None = None) -> str:
    """A UUID that a client sent, in any case, as the store knows it.

    Raises:
        InvalidValueError: the text is no UUID.
    """
    lowered = text.lower()
    if not _UUID.fullmatch(lowered):
        raise InvalidValueError(f"The {what} {quoted(text)} is not a UUID.", pointer)
    return lowered


def _twin_uuid(time: int, random: int) -> str:
    bits = time << 80 | 4 << 76 | (random >> 62 & _HIGH_BITS) << 64 | 2 << 62 | random & _LOW_BITS
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
