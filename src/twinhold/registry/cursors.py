"""Cursors: where a scan or a list stands, sealed so that only its own account can use it.

A cursor holds the UUID or the id of the last twin looked at, nothing else: twins are gone through
in that order, so none that exists throughout is skipped or repeated, whatever is created or ended
around it.
"""

import base64
import binascii
import hashlib
import hmac
import uuid

from twinhold.registry.errors import CursorInvalidError

_SEAL_BYTES = 8
_UUID_BYTES = 16
_DIGEST_BYTES = 32


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
        sealed = _decoded(cursor)
        position, mark = sealed[:_UUID_BYTES], sealed[_UUID_BYTES:]
        if not hmac.compare_digest(mark, self._mark(account, position)):
            raise CursorInvalidError("The cursor is not one that this account was given.")
        return str(uuid.UUID(bytes=position))

    def seal_id(self, account: str, filters: str, last: str) -> str:
        """The cursor that stands behind a twin's id, good only for the same filters."""
        position = last.encode()
        return base64.urlsafe_b64encode(
            self._mark_id(account, filters, position) + position
        ).decode()

    def open_id(self, account: str, filters: str, cursor: str) -> str:
        """The id that a cursor of `seal_id` stands behind.

        Raises:
            CursorInvalidError: it is damaged, made up, another account's or of other filters.
        """
        sealed = _decoded(cursor)
        mark, position = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(mark, self._mark_id(account, filters, position)):
            raise CursorInvalidError(
                "The token is not one that this account was given for these filters."
            )
        return position.decode()

    def _mark_id(self, account: str, filters: str, position: bytes) -> bytes:
        said = hashlib.blake2b(filters.encode(), digest_size=_DIGEST_BYTES).digest()
        return hashlib.blake2b(
            account.encode() + said + position,
            key=self._key,
            digest_size=_SEAL_BYTES,
            person=b"id",
        ).digest()

    def _mark(self, account: str, position: bytes) -> bytes:
        return hashlib.blake2b(
            account.encode() + position, key=self._key, digest_size=_SEAL_BYTES
        ).digest()


def _decoded(cursor: str) -> bytes:
    """What a cursor holds; nothing where it is none."""
    try:
        return base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
