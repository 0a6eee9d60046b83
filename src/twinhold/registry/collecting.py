"""The collector: clears away, in the background, files that nobody needs any more.

Every step is a transaction that any process may take at any time, so that each of several workers
can have a collector of its own. A file goes in three: its record goes when nobody refers to it,
which leaves its place loose; a loose place whose time is over is doomed, after which nothing can
make it needed again; then the file is deleted, and at last the place forgotten. A process that dies
in between leaves the rest to the next one.
"""

import asyncio
import logging
import time
from collections import Counter

from twinhold.blobs import Blobs, BlobsError
from twinhold.registry import background, uploads
from twinhold.store import Store, StoreError, Transaction
from twinhold.store import blobs as stored
from twinhold.store import uploads as stored_uploads

_PAUSE_SECONDS = 30.0
_STEP = 100
_LOGGER = logging.getLogger("twinhold")


class Collector:
    """Collects for one process, now and then."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to collect in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Leave the rest to the next start."""
        if self._task is not None:
            await background.end([self._task])

    async def collect(self, now: int) -> None:
        """Clear away all that nobody needs at a time, in microseconds."""
        while await self._store.write(_end_uploads, now):
            pass
        while await self._store.write(_drop_blobs, now):
            pass
        while places := await self._store.write(_doom, now):
            for place in places:
                await self._blobs.delete(place)
            await self._store.write(_forget, places)

    async def _run(self) -> None:
        while True:
            try:
                await self.collect(time.time_ns() // 1000)
            except (StoreError, BlobsError) as error:
                _LOGGER.warning("Files that nobody needs wait to be deleted: %s", error)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _end_uploads(transaction: Transaction, now: int) -> bool:
    """End uploads whose time is over; whether there may be more."""
    ended = await transaction.all(
        stored_uploads.DELETE_EXPIRED,
        {"now": now, "abandoned": now - uploads.LONGEST_MICROSECONDS, "count": _STEP},
    )
    counts = Counter(digest for _, digest in ended if digest is not None)
    for digest, count in sorted(counts.items()):
        await uploads.release(transaction, digest, count)
    return len(ended) == _STEP


async def _drop_blobs(transaction: Transaction, now: int) -> bool:
    """Forget blobs that nobody needs, and leave their places loose; whether there may be more."""
    dropped = await transaction.all(stored.DROP_UNNEEDED, {"count": _STEP})
    for (place,) in dropped:
        await transaction.run(stored.LOOSEN, {"place": place, "expires": now, "doomed": False})
    return len(dropped) == _STEP


async def _doom(transaction: Transaction, now: int) -> list[str]:
    """Some places that nothing can make needed again."""
    rows = await transaction.all(stored.DOOM, {"now": now, "count": _STEP, "yes": True})
    return [place for (place,) in rows]


async def _forget(transaction: Transaction, places: list[str]) -> None:
    for place in places:
        await transaction.run(stored.FORGET, {"place": place})
