"""Copying a SQLite registry while others write to it."""

import os
from collections.abc import Callable
from pathlib import Path

import apsw

from twinhold.store.errors import StoreUnavailableError
from twinhold.store.sqlite import snapshot

_PAGES = 2_000
"""A step of 8 MB: what is between two updates of a progress bar."""


def copy(source: Path, target: Path, tell: Callable[[int, int], None]) -> None:
    """Copy a database as it is at one moment; the copy is one plain file, durable when this ends.

    The pages are read from a view that does not change, so that the copy never has to start over
    and no writer waits: what is written meanwhile stays in the write-ahead log until the end.

    Args:
        source: a database, which others may have open.
        target: a file that does not exist.
        tell: told after each step how many pages are copied, and of how many.

    Raises:
        StoreUnavailableError: the source cannot be read or the target not be written.
    """
    with snapshot(source) as reader:
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            _copy(reader, target, tell)
            _sync(target)
        except (OSError, apsw.Error) as error:
            raise StoreUnavailableError(f"{source} cannot be copied: {error}") from error


def _copy(reader: apsw.Connection, target: Path, tell: Callable[[int, int], None]) -> None:
    writer = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        writer.execute("PRAGMA synchronous = OFF")  # synced once, at the end
        with writer.backup("main", reader, "main") as copying:
            while not copying.done:
                copying.step(_PAGES)
                tell(copying.page_count - copying.remaining, copying.page_count)
        # Without a log beside it a copy is one file, and can be read where nothing can be written.
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        writer.close()


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
