"""A table of twins in each engine, and the rows that a predicate finds in it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import apsw
import asyncpg

from twinhold.rules import Columns, Engine, Hidden, Json, Text

COLUMNS: Columns = {
    "TWIN": Json("description"),
    "LEDGER": Json("t.ledger"),
    "twin_status": Text("status"),
    "entry_name": Hidden(),
}
Row = tuple[int, str | None, str | None, str]
_CREATE = "CREATE TABLE twins (id INTEGER, description TEXT, ledger TEXT, status TEXT)"


class Store(Protocol):
    """An engine with one table of twins."""

    engine: Engine

    def fill(self, rows: Sequence[Row]) -> None:
        """Replace all twins: number, description, ledger, status."""
        ...

    def select(self, sql: str, parameters: Mapping[str, object]) -> set[int]:
        """Return the numbers of the twins a condition finds."""
        ...


class SqliteStore:
    """SQLite in memory."""

    engine: Engine = "sqlite"

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        self._connection.execute(_CREATE)

    def fill(self, rows: Sequence[Row]) -> None:
        """See `Store`."""
        self._connection.execute("DELETE FROM twins")
        self._connection.executemany("INSERT INTO twins VALUES (?, ?, ?, ?)", rows)

    def select(self, sql: str, parameters: Mapping[str, object]) -> set[int]:
        """See `Store`."""
        sql = f"SELECT id FROM twins AS t WHERE {sql}"
        return {row[0] for row in self._connection.execute(sql, parameters)}


class PostgresStore:
    """PostgreSQL on a connection of its own; the table is temporary."""

    engine: Engine = "postgresql"

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: Any = self._runner.run(asyncpg.connect(url))
        self._runner.run(self._connection.execute(_CREATE.replace("TABLE", "TEMPORARY TABLE")))

    def close(self) -> None:
        """Close the connection and its event loop."""
        self._runner.run(self._connection.close())
        self._runner.close()

    def fill(self, rows: Sequence[Row]) -> None:
        """See `Store`."""
        self._runner.run(self._connection.execute("DELETE FROM twins"))
        statement = "INSERT INTO twins VALUES ($1, $2, $3, $4)"
        self._runner.run(self._connection.executemany(statement, rows))

    def select(self, sql: str, parameters: Mapping[str, object]) -> set[int]:
        """See `Store`."""
        names = list(parameters)
        numbered = re.sub(r":((?:further_)?r\d+)", lambda n: f"${names.index(n[1]) + 1}", sql)
        sql = f"SELECT id FROM twins AS t WHERE {numbered}"
        values = parameters.values()
        return {row[0] for row in self._runner.run(self._connection.fetch(sql, *values))}
