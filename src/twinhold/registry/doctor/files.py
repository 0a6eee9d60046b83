"""Files one by one: whether what the registry knows is in the blob store, and what it was."""

from collections.abc import AsyncIterator

from twinhold.blobs import BlobDamagedError, BlobMissingError, Blobs, verified
from twinhold.registry import kept_files
from twinhold.store import Transaction
from twinhold.store.blobs import BlobRow


async def check(blobs: Blobs, transaction: Transaction, *, read: bool) -> AsyncIterator[str]:
    """What is wrong with files."""
    async for row in kept_files.every(transaction):
        try:
            size = await blobs.size(row.place)
            if size != row.size:
                yield f"The file {row.digest} has {size} bytes instead of {row.size}."
            elif read:
                await _read(blobs, row)
        except BlobMissingError:
            yield f"The file {row.digest} is missing."
        except BlobDamagedError:
            yield f"The file {row.digest} is damaged: its content has another SHA-256."


async def _read(blobs: Blobs, row: BlobRow) -> None:
    async for _ in verified(await blobs.get(row.place), row.digest):
        pass
