"""Uploads: a URL that takes one file, and the file until it is attached or its hour is over.

The URL is a capability: whoever has it may put a file there, once. The file goes to the blob store
as it arrives; when all of it is there, one transaction makes it the upload's, and forgets the bytes
where the same content is kept already. Until then nothing refers to them, so whatever breaks the
upload leaves only what the collector clears away.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterable
from typing import NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from twinhold.blobs import BlobMissingError, Blobs, Tally, new_place
from twinhold.registry.errors import RegistryError, UploadNotFoundError
from twinhold.registry.principal import Call
from twinhold.store import Store, Transaction
from twinhold.store import blobs as stored_blobs
from twinhold.store import uploads as stored
from twinhold.store.blobs import BlobRow
from twinhold.store.uploads import UploadRow

Upload: TypeAlias = UploadRow


class Ticket(NamedTuple):
    """What an upload URL says: the upload, and the token that proves the URL."""

    upload: str
    token: str


LARGEST_FILE = 5 * 1024**3
"""Bytes of a file."""

VALID_MICROSECONDS = 3600 * 1_000_000
LONGEST_MICROSECONDS = 24 * VALID_MICROSECONDS
"""How long a file may be on its way."""

MOST_AT_ONCE = 16
"""Files of an account that one process takes in at a time."""


def new_token() -> str:
    """The secret part of an upload URL."""
    return secrets.token_urlsafe(32)


async def create(transaction: Transaction, call: Call, upload: str, token: str) -> Upload:
    """Make room for one file of the caller's account, for an hour."""
    made = Upload(
        upload, call.actor.account, _digest(token), call.now + VALID_MICROSECONDS, None, None
    )
    await transaction.run(stored.INSERT, made._asdict() | {"upload": upload})
    return made


async def invalidate(transaction: Transaction, call: Call, upload: str) -> None:
    """End an upload of the caller's account; docs that have its file keep it.

    Raises:
        UploadNotFoundError: there is none.
    """
    found = await _valid(transaction, upload, call.now)
    if found.account != call.actor.account:
        raise _unknown()
    await transaction.run(stored.DELETE, {"upload": upload})
    await release(transaction, found.digest)


async def require_file(transaction: Transaction, call: Call, upload: str) -> tuple[str, int]:
    """The digest and size of the file of an upload of the caller's account.

    Raises:
        UploadNotFoundError: there is no such upload, or no file has come.
    """
    found = await _valid(transaction, upload, call.now)
    if found.account != call.actor.account:
        raise _unknown()
    if found.digest is None or found.size is None:
        raise UploadNotFoundError(f"No file has been put to the upload {upload} yet.")
    return found.digest, found.size


class Arrivals:
    """Takes in files as they arrive; the rest of an account's files wait while many do.

    Of each file as much stands in memory as its blob store takes at once.
    """

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def receive(self, ticket: Ticket, chunks: AsyncIterable[bytes], now: int) -> Upload:
        """Take in the file of an upload.

        Raises:
            UploadNotFoundError: the URL is not known, used, or over.
        """
        place = new_place()
        found = await self._store.write(_begin, ticket, place, now)
        async with self._rooms.setdefault(found.account, asyncio.Semaphore(MOST_AT_ONCE)):
            return await self._take(ticket.upload, place, chunks, now)

    async def _take(
        self, upload: str, place: str, chunks: AsyncIterable[bytes], now: int
    ) -> Upload:
        tally = Tally(chunks)
        try:
            await self._blobs.put(place, tally)
            blob = BlobRow(tally.digest, place, tally.size)
            return await self._store.write(_complete, upload, blob, now)
        except BlobMissingError:  # it took so long that the collector has cleared it away
            raise _unknown() from None
        except RegistryError:
            await self._blobs.delete(place)
            raise


async def release(transaction: Transaction, digest: str | None, count: int = 1) -> None:
    """Let a blob be needed by fewer; the collector deletes it when nobody needs it."""
    if digest is not None:
        await transaction.run(stored_blobs.RELEASE, {"digest": digest, "count": count})


async def _begin(transaction: Transaction, ticket: Ticket, place: str, now: int) -> Upload:
    found = await _valid(transaction, ticket.upload, now)
    if not hmac.compare_digest(bytes(found.token), _digest(ticket.token)):
        raise _unknown()
    _require_unused(found)
    await transaction.run(
        stored_blobs.LOOSEN,
        {"place": place, "expires": now + LONGEST_MICROSECONDS, "doomed": False},
    )
    return found


async def _complete(transaction: Transaction, upload: str, blob: BlobRow, now: int) -> Upload:
    """Make a blob that has come whole the file of an upload."""
    row = await transaction.one(stored.SELECT_FOR_UPDATE, {"upload": upload})
    if row is None or await transaction.one(stored_blobs.FASTEN, {"place": blob.place}) is None:
        raise _unknown()
    found = Upload._make(row)
    _require_unused(found)
    kept = await transaction.one(stored_blobs.PUT, blob._asdict())
    if kept is None or kept[0] != blob.place:  # the same content is there already
        loose = {"place": blob.place, "expires": now, "doomed": True}
        await transaction.run(stored_blobs.LOOSEN, loose)
    validity = now + VALID_MICROSECONDS
    done = {"upload": upload, "digest": blob.digest, "size": blob.size, "validity": validity}
    await transaction.run(stored.COMPLETE, done)
    return found._replace(digest=blob.digest, size=blob.size, validity=validity)


async def _valid(transaction: Transaction, upload: str, now: int) -> Upload:
    row = await transaction.one(stored.SELECT, {"upload": upload})
    if row is None or (found := Upload._make(row)).validity <= now:
        raise _unknown()
    return found


def _require_unused(found: Upload) -> None:
    if found.digest is not None:
        raise UploadNotFoundError("The upload URL has been used; it takes one file.")


def _unknown() -> UploadNotFoundError:
    return UploadNotFoundError("The upload does not exist, or its time is over.")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
