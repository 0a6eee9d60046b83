"""Download URLs: sealed handlers that open one doc's file to whoever holds one, for a while.

A handler says which doc is meant and until when, sealed so that nobody else can make or change one.
It names the moment the doc was attached, so that it ends with the doc and never opens another file
of the same name.
"""

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from typing import NamedTuple

from twinhold.registry.errors import DocNotFoundError

_SEAL_BYTES = 16
_FIXED = struct.Struct(">16sQQ")
_LONGEST = 512


class Grant(NamedTuple):
    """What a handler opens; times in microseconds."""

    twin: str
    account: str
    name: str
    created: int
    validity: int


class Downloads:
    """Seals and opens handlers with a key of the registry."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, grant: Grant) -> str:
        """The handler of a grant."""
        fixed = _FIXED.pack(uuid.UUID(grant.twin).bytes, grant.created, grant.validity)
        said = fixed + grant.name.encode()
        return _encoded(self._mark(grant.account, said) + said)

    def open(self, account: str, handler: str, now: int) -> Grant:
        """The grant of a handler.

        Raises:
            DocNotFoundError: it is damaged, made up, another account's, or over.
        """
        sealed = _decoded(handler)
        mark, said = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(mark, self._mark(account, said)):
            raise DocNotFoundError("The download URL is not known.")
        twin, created, validity = _FIXED.unpack_from(said)
        if validity <= now:
            raise DocNotFoundError("The download URL has expired.")
        name = said[_FIXED.size :].decode()
        return Grant(str(uuid.UUID(bytes=twin)), account, name, created, validity)

    def _mark(self, account: str, said: bytes) -> bytes:
        return hashlib.blake2b(
            account.encode() + said, key=self._key, digest_size=_SEAL_BYTES
        ).digest()


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _decoded(handler: str) -> bytes:
    """What a handler holds; nothing where it is not written as it was made."""
    if len(handler) > _LONGEST:
        return b""
    padded = handler + "=" * (-len(handler) % 4)
    try:
        sealed = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
    return sealed if _encoded(sealed) == handler else b""
