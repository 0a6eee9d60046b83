"""A disk that refuses for a while, and a clock that goes back: the store goes on without a hand.

The refusals are those of SQLite for a full disk, a disk that became read-only and one that fails.
They begin in the middle of the writing, and last until every client has met them.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import apsw
from reliability.disk import Disk
from reliability.findings import Tally, check
from reliability.writes import Client, move_log_after

from twinhold.store import StoreUnavailableError, migrations
from twinhold.store.open import DATABASE_FILE
from twinhold.store.sqlite import SqliteStore

REFUSALS = {"full": apsw.FullError, "read-only": apsw.ReadOnlyError, "failing": apsw.IOError}
CLIENTS = 3
_WRITES = 12
_MOST_OPERATIONS = 150
_LOG_PAGES = 100
_BACK_SECONDS = 86_400


def refuse(times: int, random: Random, refusal: type[apsw.Error]) -> Tally:
    """Let a disk refuse so many times while clients write.

    A write that failed must have left nothing: the store says that it did not happen. The log is
    moved into the file only while the disk obeys: SQLite takes a move that fails for no error and
    tries again, but an error that is raised in Python reaches the write that is committed already.
    """

    async def go(folder: Path, tally: Tally) -> None:
        disk = Disk(folder)
        store, clients = await _begun(folder, random, disk)
        for _ in range(times):
            await store.write(move_log_after, _LOG_PAGES)
            await asyncio.gather(*(_write(client, store) for client in clients))
            await store.write(move_log_after, 0)
            disk.refuse_after(random.randrange(_MOST_OPERATIONS), refusal)
            await asyncio.gather(*(_write_to_failure(client, store) for client in clients))
            disk.refusal = None
            tally.interruptions += 1
            await _check(store, clients, tally)
        await _end(store, folder, clients, tally)
        disk.unregister()

    return _run(go)


def turn_back(times: int, random: Random) -> Tally:
    """Let the clock go back, by up to a day each time, while clients write."""

    async def go(folder: Path, tally: Tally) -> None:
        store, clients = await _begun(folder, random, None)
        for _ in range(times):
            wrong = -random.randrange(_BACK_SECONDS)
            for client in clients:
                client.wrong = wrong
            await asyncio.gather(*(_write(client, store) for client in clients))
            tally.interruptions += 1
            await _check(store, clients, tally)
        await _end(store, folder, clients, tally)

    return _run(go)


def _run(go: Callable[[Path, Tally], Coroutine[None, None, None]]) -> Tally:
    tally = Tally()
    with TemporaryDirectory(prefix="twinhold-refusals-") as folder:
        asyncio.run(go(Path(folder), tally))
    return tally


async def _begun(
    folder: Path, random: Random, disk: Disk | None
) -> tuple[SqliteStore, list[Client]]:
    store = SqliteStore(folder / DATABASE_FILE, vfs=disk.name if disk else None)
    await store.write(migrations.migrate)
    clients = [Client(Random(random.random())) for _ in range(CLIENTS)]
    for client in clients:
        await client.begin(store)
    return store, clients


async def _write(client: Client, store: SqliteStore) -> None:
    for _ in range(_WRITES):
        await client.write(store)


async def _write_to_failure(client: Client, store: SqliteStore) -> None:
    """Write until the store says that it cannot: what it refused must not be there."""
    with contextlib.suppress(StoreUnavailableError):
        while True:
            await client.write(store)
    client.settle(client.kept)


async def _check(store: SqliteStore, clients: list[Client], tally: Tally) -> None:
    tally.outcomes += 1
    await check(store, clients, tally)


async def _end(store: SqliteStore, folder: Path, clients: list[Client], tally: Tally) -> None:
    """Check once more what a new start finds."""
    await store.close()
    store = SqliteStore(folder / DATABASE_FILE)
    await _check(store, clients, tally)
    await store.close()
    tally.acknowledged += sum(client.acknowledged for client in clients)
