"""Cursors of scans: where a scan stands, sealed so that only its own account can use it.

A cursor holds the UUID of the last twin looked at, nothing else: a scan goes by UUID, so it neither
skips nor repeats a twin that exists throughout, whatever is created or terminated around it.
"""

import base64
import binascii
import hashlib
import hmac
import uuid

from twinhold.registry.errors import CursorInvalidError

_SEAL_BYTES = 8
_UUID_BYTES = 16


class Cursors:
    """Seals and opens cursors with a key of the registry."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, account: str, last: str) -> str:
        """The cursor that stands behind a twin."""
        position = uuid.UUID(last).bytes
        return base64.urlsafe_b64encode(position + self._mark(account, position)).decode()

    def open(self, account: str, cursor: str) -> str:
        """The UUID that a cursor stands behind.

        Raises:
            CursorInvalidError: it is damaged, made up, or another account's.
        """
        try:
            sealed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            sealed = b""
        position, mark = sealed[:_UUID_BYTES], sealed[_UUID_BYTES:]
        if not hmac.compare_digest(mark, self._mark(account, position)):
            raise CursorInvalidError("The cursor is not one that this account was given.")
        return str(uuid.UUID(bytes=position))

    def _mark(self, account: str, position: bytes) -> bytes:
        return hashlib.blake2b(
            account.encode() + position, key=self._key, digest_size=_SEAL_BYTES
        ).digest()
