"""Cursors: where a scan or list stands, sealed so that only its own account can use it.

The cursor of a scan holds the UUID of the last twin looked at, nothing else: a scan goes by UUID,
so it neither skips nor repeats a twin that exists throughout, whatever is created or terminated
around it. Other lists have positions of their own, sealed for what exactly is listed.
"""

import base64
import binascii
import hashlib
import hmac
import uuid

import msgspec

from twinhold.registry.errors import CursorInvalidError

_SEAL_BYTES = 8
_TEXT_SEAL_BYTES = 16
_UUID_BYTES = 16


class Cursors:
    """Seals and opens cursors with a key of the registry."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, account: str, last: str) -> str:
        """The cursor that stands behind a twin."""
        position = bytes.fromhex(last.replace("-", ""))
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

    def seal_text(self, account: str, purpose: str, position: str) -> str:
        """A position of a list.

        Args:
            account: the account that may go on.
            purpose: all that makes the list what it is; the cursor opens for no other.
            position: where the list stands; it can be read by whoever has the cursor.
        """
        mark = self._text_mark(account, purpose, position)
        return base64.urlsafe_b64encode(mark + position.encode()).decode()

    def open_text(self, account: str, purpose: str, cursor: str) -> str:
        """The position in a cursor.

        Raises:
            CursorInvalidError: it is damaged, made up, another account's, or of another list.
        """
        try:
            sealed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
            mark, position = sealed[:_TEXT_SEAL_BYTES], sealed[_TEXT_SEAL_BYTES:].decode()
        except (UnicodeError, binascii.Error):
            mark, position = b"", ""
        if not hmac.compare_digest(mark, self._text_mark(account, purpose, position)):
            raise CursorInvalidError("The cursor was not given to this account for this list.")
        return position

    def _text_mark(self, account: str, purpose: str, position: str) -> bytes:
        sealed = msgspec.json.encode((account, purpose, position))
        return hashlib.blake2b(
            sealed, key=self._key, digest_size=_TEXT_SEAL_BYTES, person=b"text"
        ).digest()

    def _mark(self, account: str, position: bytes) -> bytes:
        return hashlib.blake2b(
            account.encode() + position, key=self._key, digest_size=_SEAL_BYTES
        ).digest()
