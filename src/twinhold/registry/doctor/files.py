"""Files one by one: whether what the registry knows is in the blob store, and what it was."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from twinhold.blobs import BlobDamagedError, BlobMissingError, Blobs, verified
from twinhold.registry import kept_files
from twinhold.registry.errors import quoted
from twinhold.store import Transaction
from twinhold.store.blobs import BlobRow


class Files(NamedTuple):
    """The files of a registry.

    Attributes:
        blobs: where they are.
        is_kept: whether the registry, as it is by now, has a file at its place.
        read: each to its end, and compare its digest.
    """

    blobs: Blobs
    is_kept: Callable[[BlobRow], Awaitable[bool]]
    read: bool


async def check(files: Files, transaction: Transaction) -> AsyncIterator[str]:
    """What is wrong with files."""
    async for row in kept_files.every(transaction):
        fault = await _fault(files, row)
        # It may have gone since the view that is looked at, because nobody needs it any more.
        if fault is not None and await files.is_kept(row):
            yield f"The file {row.digest} {fault}."


async def _fault(files: Files, row: BlobRow) -> str | None:
    try:
        size = await files.blobs.size(row.place)
        if size != row.size:
            return f"has {size} bytes instead of {row.size}"
        if files.read:
            await _read(files.blobs, row)
    except ValueError:
        return f"lies at {quoted(row.place)}, which is no place"
    except BlobMissingError:
        return "is missing"
    except BlobDamagedError:
        return "is damaged: its content has another SHA-256"
    return None


async def _read(blobs: Blobs, row: BlobRow) -> None:
    async for _ in verified(await blobs.get(row.place), row.digest):
        pass
