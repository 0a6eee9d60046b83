"""Cut the power under the SQLite engine, again and again, and look at what is left.

A round opens the registry that the round before left, on a disk that loses its power at a random
operation: while the file is opened and mended, while it is written, while the log is moved into
it. A cut may leave many states of the disk; several are drawn, each is opened as an operator would
and checked, and the next round goes on with one of them.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import apsw
from reliability.disk import Disk
from reliability.findings import Tally, check
from reliability.writes import Client, State, move_log_after

from twinhold.store import StoreUnavailableError, migrations
from twinhold.store.open import DATABASE_FILE
from twinhold.store.sqlite import SqliteStore

CLIENTS = 3
OUTCOMES = 3
"""How many states of the disk are looked at after each cut."""

_ROUNDS = 40
"""Rounds after which an empty registry is begun, so that a check stays cheap."""

_MOST_OPERATIONS = 250
_FIRST_OPERATIONS = 400
"""Somewhat more than a first start needs."""

_LOG_PAGES = (4, 30, 200)
"""Lengths of the log at which it is moved into the file: often, so that cuts meet it."""

Sabotage = Callable[[SqliteStore], None]
Live = Callable[[SqliteStore], Awaitable[None]]


def cut(cuts: int, seed: int, sabotage: Sabotage | None = None) -> Tally:
    """Cut the power so many times.

    Args:
        cuts: how many.
        seed: of all that is left to chance but the timing of threads.
        sabotage: a fault for each store, which the check must see.
    """
    tally, random = Tally(), Random(seed)
    while tally.interruptions < cuts:
        with _quiet(), TemporaryDirectory(prefix="twinhold-cuts-") as folder:
            rounds = min(_ROUNDS, cuts - tally.interruptions)
            run = _Run(Path(folder), random, sabotage)
            asyncio.run(run.go(rounds))
            tally.include(run.tally)
    return tally


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Print nothing of what SQLite cannot tidy up without power: nobody waits for the answer."""
    before, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = before


def sync_never(store: SqliteStore) -> None:
    """A fault: leave it to the operating system when to write."""
    store._writer.execute("PRAGMA synchronous = OFF")


def sync_log_late(store: SqliteStore) -> None:
    """A fault: sync the log when it is moved into the file, not with each commit."""
    store._writer.execute("PRAGMA synchronous = NORMAL")


class _Run:
    """One registry from its first start on."""

    def __init__(self, folder: Path, random: Random, sabotage: Sabotage | None) -> None:
        self._folder = folder
        self._random = random
        self.tally = Tally()
        self._sabotage = sabotage
        self._clients = [Client(Random(random.random())) for _ in range(CLIENTS)]
        self._found: Mapping[str, State] = {}
        self._folders = 0

    async def go(self, rounds: int) -> None:
        """Cut the power in the first start, then in so many lives of the registry.

        Ends early with the first finding, for nothing is promised of what comes after it.
        """
        place = await self._cut(self._new_folder({}), _FIRST_OPERATIONS, self._start)
        if not self.tally.found:
            await self._begin(place)
        while rounds > 1 and not self.tally.found:
            rounds -= 1
            place = await self._cut(place, _MOST_OPERATIONS, self._live)
        self.tally.acknowledged += sum(client.acknowledged for client in self._clients)

    async def _begin(self, place: Path) -> None:
        """Let every client have a model, with the power on."""
        async with _opened(place) as store:
            for client in self._clients:
                await client.begin(store)

    async def _cut(self, place: Path, most: int, live: Live) -> Path:
        """Let the registry live until the power is gone; answer a folder with what is left."""
        disk = Disk(place, self._random.randrange(most))
        with contextlib.suppress(StoreUnavailableError):
            async with _opened(place, disk, self._sabotage) as store:
                await live(store)
        disk.unregister()
        self.tally.interruptions += 1
        self.tally.torn += disk.is_torn
        for _ in range(OUTCOMES):
            left = disk.survivors(self._random)
            await self._look_at(left)
        self._settle()
        return self._new_folder(left)

    async def _start(self, store: SqliteStore) -> None:
        """Nothing more than a start; the power goes before or after its end."""

    async def _live(self, store: SqliteStore) -> None:
        """Everybody writes until nobody can."""
        pages = self._random.choice(_LOG_PAGES)
        await store.write(move_log_after, pages)
        ends = (self._write_until_cut(client, store) for client in self._clients)
        await asyncio.gather(*ends)

    async def _write_until_cut(self, client: Client, store: SqliteStore) -> None:
        with contextlib.suppress(StoreUnavailableError):
            while True:
                await client.write(store)

    async def _look_at(self, left: dict[str, bytes]) -> None:
        """Check a state of the disk."""
        self.tally.outcomes += 1
        try:
            async with _opened(self._new_folder(left)) as store:
                self._found = await check(store, self._clients, self.tally)
        except Exception as error:  # noqa: BLE001 - what a damaged file causes can be anything
            self.tally.add("damaged", repr(error))

    def _settle(self) -> None:
        """Take the state that was looked at last for what is there from now on."""
        for client in self._clients:
            client.settle(self._found.get(client.account, {}))

    def _new_folder(self, files: dict[str, bytes]) -> Path:
        self._folders += 1
        folder = self._folder / str(self._folders)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder


@contextlib.asynccontextmanager
async def _opened(
    folder: Path, disk: Disk | None = None, sabotage: Sabotage | None = None
) -> AsyncIterator[SqliteStore]:
    """A registry in a folder, perhaps on a disk whose power can be cut."""
    store = SqliteStore(folder / DATABASE_FILE, vfs=disk.name if disk else None)
    if sabotage:
        sabotage(store)
    try:
        await store.write(migrations.migrate)
        yield store
    finally:
        with contextlib.suppress(apsw.IOError):  # tidying up, without power
            await store.close()
