"""The files that a registry keeps, for those who look at all of them."""

from collections.abc import AsyncIterator

from twinhold.store import Transaction
from twinhold.store import blobs as stored
from twinhold.store.blobs import BlobRow

_PAGE = 1000


async def every(transaction: Transaction) -> AsyncIterator[BlobRow]:
    """All files, by digest."""
    after = ""
    while rows := await transaction.all(stored.PAGE, {"after": after, "count": _PAGE}):
        for row in rows:
            yield BlobRow._make(row)
        after = rows[-1][0]


async def count(transaction: Transaction) -> int:
    """How many files there are."""
    row = await transaction.one(stored.COUNT, {})
    return row[0] if row else 0


async def knows(transaction: Transaction, file: BlobRow) -> bool:
    """Whether there is a file, at the same place."""
    row = await transaction.one(stored.SELECT, {"digest": file.digest})
    return row is not None and BlobRow._make(row).place == file.place
