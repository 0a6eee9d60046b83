"""The real server on the real engines, which ends itself at a chosen write.

    crashing_server.py POINT COUNT serve ...

POINT is
    before  die in the write number COUNT when its statements have run and its commit has not;
    after   die when the commit number COUNT is durable and no answer to it has left;
    lying   answer writes before their commit from number COUNT on, a commit that never comes: the
            fault that the checker of these tests must see.

The writes of a start count too: schema, keys, first account, keys again.
"""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from twinhold.cli import main
from twinhold.store.postgres.writes import Writes
from twinhold.store.sqlite import Outcome, SqliteStore, Write

_SQLITE_COMMIT = SqliteStore._commit
_SQLITE_APPLY = SqliteStore._apply
_SQLITE_RUN = SqliteStore._run
_POSTGRES_COMMIT = Writes._commit

_TIME_TO_ANSWER = 0.1

_count = itertools.count(1)


def _override(engine: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(engine, name, method)


def _die_at(last: int) -> None:
    if next(_count) == last:
        _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_commit(last: int) -> None:
    """Die between the statements of a write and its commit.

    Before that there is time for an answer that does not wait for the commit: it must be seen.
    """

    def run(store: SqliteStore, write: Write) -> Outcome:
        outcome = _SQLITE_RUN(store, write)
        if next(_count) == last:
            time.sleep(_TIME_TO_ANSWER)
            _die()
        return outcome

    async def commit(writes: Writes, transaction: Any) -> None:
        if next(_count) == last:
            await asyncio.sleep(_TIME_TO_ANSWER)
            _die()
        await _POSTGRES_COMMIT(writes, transaction)

    _override(SqliteStore, _run=run)
    _override(Writes, _commit=commit)


def die_after_commit(last: int) -> None:
    """Die between a commit and the answer to the writes in it."""

    def commit_group(store: SqliteStore, group: list[Write]) -> list[Outcome]:
        outcomes = _SQLITE_COMMIT(store, group)
        _die_at(last)
        return outcomes

    async def commit(writes: Writes, transaction: Any) -> None:
        await _POSTGRES_COMMIT(writes, transaction)
        _die_at(last)

    _override(SqliteStore, _commit=commit_group)
    _override(Writes, _commit=commit)


def answer_before_commit(first: int) -> None:
    """Answer, and leave the commit for later."""

    def commit_group(store: SqliteStore, group: list[Write]) -> list[Outcome]:
        if next(_count) < first:
            return _SQLITE_COMMIT(store, group)
        if not store._writer.in_transaction:
            store._writer.execute("BEGIN IMMEDIATE")
        return [_SQLITE_APPLY(store, write) for write in group]

    async def commit(writes: Writes, transaction: Any) -> None:
        if next(_count) < first:
            await _POSTGRES_COMMIT(writes, transaction)

    _override(SqliteStore, _commit=commit_group)
    _override(Writes, _commit=commit)


POINTS = {
    "before": die_before_commit,
    "after": die_after_commit,
    "lying": answer_before_commit,
}

if __name__ == "__main__":
    point, number, *arguments = sys.argv[1:]
    POINTS[point](int(number))
    sys.exit(main(arguments))
