"""Opening a store: choose the engine by the address, take the data directory, migrate."""

import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO

from twinhold.store import migrations, sqlite
from twinhold.store.engine import Store, Transaction
from twinhold.store.errors import StoreInUseError, StoreUnavailableError
from twinhold.store.sqlite import SqliteStore

DATABASE_FILE = "twinhold.db"
LOCK_FILE = "lock"


async def open_store(data: Path, database: str | None, *, alone: bool = False) -> Store:
    """Open the registry at a PostgreSQL address, or without one the SQLite file in `data`.

    Args:
        data: the data directory.
        database: the PostgreSQL address.
        alone: nobody waits for an answer, so a SQLite file may be written in large steps.

    Raises:
        StoreUnavailableError: the engine cannot be reached or the directory not be written.
        StoreInUseError: another process holds the data directory.
        SchemaTooNewError: a later Twinhold wrote this store.
    """
    if database:
        from twinhold.store import postgres  # noqa: PLC0415 - 4 MB that SQLite does without

        await postgres.write_alone(database, migrations.migrate)
        return await postgres.connect(database)
    store = SqliteStore(data / DATABASE_FILE, alone=alone)
    try:
        await store.write(migrations.migrate)
    except BaseException:
        await store.close()
        raise
    return store


@contextlib.asynccontextmanager
async def open_reading(data: Path, database: str | None) -> AsyncGenerator[Transaction, None]:
    """One unchanging view of a registry, which a server may serve meanwhile; changes nothing.

    Raises:
        StoreUnavailableError: it cannot be read, or there is none.
    """
    if database:
        from twinhold.store import postgres  # noqa: PLC0415 - likewise

        async with postgres.reading(database) as view:
            yield view
    else:
        with sqlite.reading(data / DATABASE_FILE) as view:
            yield view


class DirectoryLock:
    """One process at a time on a data directory; the lock goes with the process."""

    def __init__(self, data: Path) -> None:
        """Take the lock.

        Raises:
            StoreInUseError: another process has it; the text names that process.
            StoreUnavailableError: the directory cannot be made or written.
        """
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[str] = (data / LOCK_FILE).open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreUnavailableError(f"{data} cannot be used: {error}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise StoreInUseError(
                f"{data} is in use by another Twinhold (process {holder}): "
                "stop it first, or choose another --data."
            ) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let another process have the directory."""
        self._file.close()
