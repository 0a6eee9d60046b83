"""Putting millions of rows straight into the tables of a registry that no server is using.

The rows end up as if the registry had written them, in every table and index; only the order in
which pages of the file were filled is another.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import asyncpg
from bench.estate import EdgeRow, TwinRow

Rows = Iterable[tuple[TwinRow, list[EdgeRow]]]

_TWIN = ("uuid", "created", "description", "id", "model", "contents", "external_id")
_EDGE = ("source", "relationship", "name", "target", "source_id", "target_id")
_BATCH = 20_000
_CACHE_KIB = 1_000_000
_SEEDING = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'8GB'"}


def fill_sqlite(path: Path, account: str, now: int, rows: Rows) -> None:
    """Fill a file: by the order of the keys, then index by index, which touches each page once."""
    connection = apsw.Connection(str(path))
    for pragma in (
        "journal_mode = DELETE",  # from WAL there is no direct way to OFF
        "journal_mode = OFF",
        "synchronous = OFF",
        f"cache_size = -{_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("ATTACH '' AS staged")
    connection.execute(f"CREATE TABLE staged.twins ({', '.join(_TWIN)})")
    connection.execute(f"CREATE TABLE staged.edges ({', '.join(_EDGE)})")
    with connection:
        for twins, edges in _batches(rows):
            connection.executemany(f"INSERT INTO staged.twins VALUES ({_marks(_TWIN)})", twins)
            connection.executemany(f"INSERT INTO staged.edges VALUES ({_marks(_EDGE)})", edges)
    indexes = connection.execute(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('twins', 'relationships')"
    ).fetchall()
    with connection:
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        columns = ", ".join(_TWIN)
        connection.execute(
            f"INSERT INTO main.twins (owner, creator, updated, {columns})"
            f" SELECT ?1, ?1, created, {columns} FROM staged.twins ORDER BY uuid",
            (account,),
        )
        columns = ", ".join(_EDGE)
        connection.execute(
            f"INSERT INTO main.relationships (changed, {columns})"
            f" SELECT ?1, {columns} FROM staged.edges ORDER BY source, relationship",
            (now,),
        )
        for _, definition in indexes:
            connection.execute(str(definition))
    connection.close()


def fill_postgresql(address: str, account: str, now: int, rows: Rows) -> None:
    """Fill a database in the order of creation, and leave it as autovacuum would."""
    asyncio.run(_fill_postgresql(address, account, now, rows))


async def _fill_postgresql(address: str, account: str, now: int, rows: Rows) -> None:
    connection = await asyncpg.connect(address)
    await _set(connection, _SEEDING)
    try:
        for twins, edges in _batches(rows):
            await connection.copy_records_to_table(
                "twins",
                records=[(account, account, twin.created, *twin) for twin in twins],
                columns=("owner", "creator", "updated", *_TWIN),
            )
            await connection.copy_records_to_table(
                "relationships",
                records=[(now, *edge) for edge in edges],
                columns=("changed", *_EDGE),
            )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await _set(connection, dict.fromkeys(_SEEDING))
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _set(connection: Any, settings: Mapping[str, str | None]) -> None:
    """Change settings of the whole server while it runs; None is its default."""
    for name, value in settings.items():
        change = f"SET {name} = {value}" if value else f"RESET {name}"
        await connection.execute(f"ALTER SYSTEM {change}")
    await connection.execute("SELECT pg_reload_conf()")


def _batches(rows: Rows) -> Iterator[tuple[list[TwinRow], list[EdgeRow]]]:
    waiting = iter(rows)
    while batch := list(itertools.islice(waiting, _BATCH)):
        yield [twin for twin, _ in batch], [edge for _, edges in batch for edge in edges]


def _marks(columns: tuple[str, ...]) -> str:
    return ", ".join("?" * len(columns))
