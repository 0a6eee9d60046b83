"""The embedded engine: one SQLite file, one writer that groups commits, readers beside it.

Durability: WAL with `synchronous=FULL`, so a commit has reached the disk before it returns. One
connection, in a thread of its own, does every write and every checkpoint. Writes that arrive while
a commit is under way share the next one; what raised leaves no trace, and each is answered only
after the commit that holds it.

A read runs inline on the event loop: a primary-key read costs less than any hand-over. No await in
a use case ever suspends here, so the writer drives a use case to its end in one step.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import apsw

from twinhold.store.dialect import SQLITE
from twinhold.store.engine import EngineName, Parameters, Row, UseCase
from twinhold.store.errors import AccessChangedError, StoreError, StoreUnavailableError
from twinhold.store.statement import Statement

P = ParamSpec("P")
T = TypeVar("T")

# Releases up to 3.51.2 can lose acknowledged rows when a checkpoint races a commit.
OLDEST_SOUND_SQLITE = (3, 51, 3)
GROUP_LIMIT = 256
_SEARCHERS = 2
_BUSY_MILLISECONDS = 10_000
_CACHE_KIB = 2_048
"""Of a reading connection, which forgets its pages at each commit. The pages that it misses are
mostly in the system's memory: with a million twins eight times as much made nothing cheaper."""
_LARGEST_CACHE_KIB = 8_192
_FILE_FOR_CACHE = 1_000
"""A file larger by so much than the cache gets a larger one: there the inner pages of its tables
alone, through which every look-up goes, are more than the cache holds."""
_WRITER_CACHE_KIB = 8_192
_CHECKPOINT_PAGES = 8_000
"""Pages of the log (32 MB) after which it is moved into the file: pages written often move once."""
_WIDE_CACHE_KIB = 131_072
_WIDE_LOG_PAGES = 50_000

_AWAY = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.InterruptError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
)
"""What the engine raises when it cannot answer; anything else it raises is a defect of ours."""


class Generation:
    """How often access has changed; one process has the file, so a number in memory is enough."""

    __slots__ = ("changing", "number")

    def __init__(self) -> None:
        self.number = 0
        self.changing = False

    def committed(self) -> None:
        """Count what the transaction changed, once it is durable."""
        if self.changing:
            self.number += 1
            self.changing = False

    def rolled_back(self) -> None:
        """Count too what was undone: a write of the same group may remember what it saw."""
        self.committed()

    def require(self, number: int | None) -> None:
        """Refuse an earlier generation.

        Raises:
            AccessChangedError: it is one.
        """
        if number is not None and number != self.number:
            raise AccessChangedError("Access has changed.")


class SqliteTransaction:
    """Statements on one connection; nothing in it suspends."""

    def __init__(self, connection: apsw.Connection, generation: Generation) -> None:
        self._execute = connection.execute
        self._generation = generation

    @property
    def engine(self) -> EngineName:
        """See `Transaction.engine`."""
        return "sqlite"

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """See `Transaction.one`."""
        try:
            rows = self._execute(statement.spelled(SQLITE), statement.bind(parameters))
            first: Row | None = rows.fetchone()
            rows.close()  # a statement left open would hold its snapshot
        except _AWAY as error:
            raise _unavailable(error) from error
        return first

    async def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """See `Transaction.all`."""
        try:
            rows = self._execute(statement.spelled(SQLITE), statement.bind(parameters))
            return rows.fetchall()
        except _AWAY as error:
            raise _unavailable(error) from error

    async def run(self, statement: Statement, parameters: Parameters) -> None:
        """See `Transaction.run`."""
        try:
            self._execute(statement.spelled(SQLITE), statement.bind(parameters)).close()
        except _AWAY as error:
            raise _unavailable(error) from error

    async def breathe(self) -> None:
        """See `Transaction.breathe`: long use cases have a thread of their own here."""

    async def generation(self) -> int:
        """See `Transaction.generation`."""
        return self._generation.number

    async def change_access(self) -> None:
        """See `Transaction.change_access`."""
        self._generation.changing = True


class Write(NamedTuple):
    """A use case on its way through the writer, and the request that waits for it."""

    generation: int | None
    start: Callable[[], Coroutine[Any, Any, Any]]
    answer: asyncio.Future[Any]


class Outcome(NamedTuple):
    """What became of a write: its result, or the error that it raised."""

    answer: asyncio.Future[Any]
    result: Any
    error: Exception | None


class SqliteStore:
    """A registry in one file; see `Store` for what its methods promise."""

    def __init__(self, path: Path, *, alone: bool = False, vfs: str | None = None) -> None:
        """Open the file; through a VFS that is registered with SQLite, or the usual one."""
        self._path = path
        self._vfs = vfs
        self._writer = _connect(path, vfs)
        if alone:
            _widen(self._writer)
        self._reader = _connect(path, vfs, read_only=True)
        self._generation = Generation()
        self._writing = SqliteTransaction(self._writer, self._generation)
        self._reading = SqliteTransaction(self._reader, self._generation)
        self._searchers = ThreadPoolExecutor(_SEARCHERS, thread_name_prefix="search")
        self._spares: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Write] = []
        self._arrived = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve_writes, name="writer", daemon=True)
        self._thread.start()

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        return await use_case(self._reading, *args, **kwargs)

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        return await self._write(None, partial(use_case, self._writing, *args, **kwargs))

    async def read_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.read_at`."""
        self._generation.require(generation)
        return await use_case(self._reading, *args, **kwargs)

    async def write_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.write_at`."""
        return await self._write(generation, partial(use_case, self._writing, *args, **kwargs))

    async def write_twin_at(
        self,
        generation: int,
        twin: str,
        use_case: UseCase[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """See `Store.write_twin_at`: all writes share a transaction here."""
        del twin
        return await self.write_at(generation, use_case, *args, **kwargs)

    async def search_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Store.search_at`: runs on a connection of its own, in a thread of its own."""
        self._generation.require(generation)

        def search() -> T:
            with self._spare() as transaction:
                return _drive(use_case(transaction, *args, **kwargs))

        return await self._loop.run_in_executor(self._searchers, search)

    @contextlib.contextmanager
    def _spare(self) -> Generator[SqliteTransaction, None, None]:
        """A reading connection that no other thread uses meanwhile."""
        try:
            connection = self._spares.get_nowait()
        except queue.Empty:
            connection = _connect(self._path, self._vfs, read_only=True)
        try:
            yield SqliteTransaction(connection, self._generation)
        finally:
            self._spares.put(connection)

    async def _write(
        self, generation: int | None, start: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """Hand a use case to the writer and wait for its commit."""
        answer: asyncio.Future[T] = self._loop.create_future()
        write = Write(generation, start, answer)
        with self._arrived:
            if self._closing:
                raise StoreUnavailableError("The store is closing.")
            self._waiting.append(write)
            self._arrived.notify()
        return await answer

    async def close(self) -> None:
        """Finish the writes under way, move the log into the file, and let it go."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._searchers.shutdown)
        while not self._spares.empty():
            self._spares.get().close()
        self._reader.close()
        self._writer.close()

    def _serve_writes(self) -> None:
        while group := self._next_group():
            outcomes = self._commit(group)
            self._loop.call_soon_threadsafe(_acknowledge, outcomes)

    def _next_group(self) -> list[Write]:
        """Everything that waits; nothing only when the store closes."""
        with self._arrived:
            while not self._waiting and not self._closing:
                self._arrived.wait()
            group = self._waiting[:GROUP_LIMIT]
            del self._waiting[:GROUP_LIMIT]
            return group

    def _commit(self, group: list[Write]) -> list[Outcome]:
        """Run a group in one transaction; when that fails, nothing of it is stored."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes = self._apply_all(group)
            self._writer.execute("COMMIT")
            self._generation.committed()
        except apsw.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            self._generation.rolled_back()
            lost = _unavailable(error)
            return [Outcome(write.answer, None, lost) for write in group]
        return outcomes

    def _apply_all(self, group: list[Write]) -> list[Outcome]:
        """Run the use cases of a group; what raised leaves no trace.

        Few raise when they have changed something, so no savepoints are made: each costs two
        statements, and a statement half a hand-over to the event loop. If one does, the whole
        group is undone and run again, with savepoints.
        """
        outcomes = []
        for write in group:
            before = self._writer.total_changes()
            outcome = self._run(write)
            if outcome.error is not None and self._writer.total_changes() != before:
                self._writer.execute("ROLLBACK")
                self._generation.rolled_back()
                self._writer.execute("BEGIN IMMEDIATE")
                return [self._apply(write) for write in group]
            outcomes.append(outcome)
        return outcomes

    def _apply(self, write: Write) -> Outcome:
        """Run one use case inside its savepoint."""
        self._writer.execute("SAVEPOINT one_write")
        outcome = self._run(write)
        if outcome.error is not None:
            self._writer.execute("ROLLBACK TO one_write")
        self._writer.execute("RELEASE one_write")
        return outcome

    def _run(self, write: Write) -> Outcome:
        """Run one use case."""
        try:
            self._generation.require(write.generation)
            return Outcome(write.answer, _drive(write.start()), None)
        except Exception as error:
            if not self._writer.in_transaction:
                # SQLite gave up the whole transaction (a full disk): so must the group.
                raise apsw.AbortError(str(error)) from error
            return Outcome(write.answer, None, error)


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteTransaction, None, None]:
    """One unchanging view of a database, which others may write to meanwhile.

    Raises:
        StoreUnavailableError: it cannot be read, or holds no registry.
    """
    with snapshot(path) as connection:
        try:
            yield SqliteTransaction(connection, Generation())
        except apsw.SQLError as error:
            raise StoreUnavailableError(f"{path} holds no registry: {error}") from error


@contextlib.contextmanager
def snapshot(path: Path) -> Generator[apsw.Connection, None, None]:
    """A reading connection that sees the database as it is when it is opened."""
    if not path.is_file():
        raise StoreUnavailableError(f"There is no registry in {path.parent}.")
    connection = _connect(path, read_only=True)
    try:
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # the view begins here
        yield connection
    except _AWAY as error:
        raise StoreUnavailableError(f"{path} cannot be read: {error}") from error
    finally:
        connection.close()


def _connect(path: Path, vfs: str | None = None, *, read_only: bool = False) -> apsw.Connection:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST_SOUND_SQLITE:
        raise StoreError(f"SQLite {apsw.sqlite_lib_version()} can lose data; install apsw 3.53+.")
    flags = (
        apsw.SQLITE_OPEN_READONLY
        if read_only
        else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    )
    try:
        if not read_only:
            path.touch(mode=0o600)  # it holds keys; the engine would leave its mode to the umask
        connection = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=256)
        # There are no statistics by which the values of a statement could choose its plan: without
        # this it is prepared anew for each of them all the same, which costs more than a read.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA synchronous = FULL")
        kept = _reading_cache(path) if read_only else _WRITER_CACHE_KIB
        connection.execute(f"PRAGMA cache_size = -{kept}")
    except (*_AWAY, OSError) as error:
        raise StoreUnavailableError(f"{path} cannot be opened: {error}") from error
    return connection


def _reading_cache(path: Path) -> int:
    """How much a reading connection keeps of a file, in KiB."""
    share = path.stat().st_size // 1024 // _FILE_FOR_CACHE
    return min(max(_CACHE_KIB, share), _LARGEST_CACHE_KIB)


def _widen(connection: apsw.Connection) -> None:
    """Let pages that change again and again be written once: 2 times faster for many twins."""
    connection.execute(f"PRAGMA cache_size = -{_WIDE_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WIDE_LOG_PAGES}")


def _drive(use_case: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends to its end."""
    try:
        use_case.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    use_case.close()
    raise RuntimeError("A use case suspended on SQLite: it awaited something that is no statement.")


def _acknowledge(outcomes: list[Outcome]) -> None:
    for answer, result, error in outcomes:
        if answer.done():  # its client went away
            continue
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"The SQLite store does not answer: {error}")
