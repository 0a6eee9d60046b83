"""References: entries whose value is copied from an entry of another ledger.

The copy is stored, because a broken reference keeps its last value, a change of it is a change of
the entry (its time, its history, what refers to it in turn), and rules and SQL read it like any
other value. So a write marks the references to what it changed as stale. On SQLite they are
refreshed in the same transaction, as many as there is time for; on PostgreSQL, and for the rest on
SQLite, the `Refresher` does it at once afterwards, each in a transaction of its own, so that nobody
waits for the accounts that refer to them.

A reference sees what the user who added it sees, whenever it is refreshed; so it shows nobody more
than that user was ever shown.
"""

import asyncio
import contextlib
import time

import msgspec

from twinhold.registry import authentication, background
from twinhold.registry.errors import (
    DocumentTooLargeError,
    TwinForbiddenError,
    TwinNotFoundError,
)
from twinhold.registry.ledgers import gathering, reading
from twinhold.registry.ledgers.drafts import open_draft
from twinhold.registry.ledgers.entries import (
    Address,
    Entry,
    Reference,
    Status,
    read,
    same,
    source_of,
)
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.principal import Call
from twinhold.store import Store, StoreError, Transaction
from twinhold.store import ledgers as stored
from twinhold.store.engine import EngineName
from twinhold.store.ledgers import ReferenceRow

MOST_HOPS = 8
SETTLING_SECONDS = 0.1
"""Processor time of the writer of SQLite that a change may take for what refers to it."""

_BATCH = 100
_LOOK_SECONDS = 0.5
_READING = "get_twin_ledger_entry"


async def resolve(
    transaction: Transaction, call: Call | None, place: Address, source: Address
) -> tuple[Status, Entry | None]:
    """What has become of a reference, and the entry to copy when that is `ok`.

    Args:
        transaction: holds both twins.
        call: of the user who added the reference; None when there is no such user any more.
        place: where the reference is.
        source: what it refers to.
    """
    entry = await visible(transaction, call, source) if call else None
    if entry is None or entry.include:
        return "not_found", None
    passed = {place, source}
    following = source_of(entry, source.account)
    while following is not None:
        if following in passed:
            return "loop_detected", None
        if len(passed) > MOST_HOPS:
            return "too_many_hops", None
        passed.add(following)
        account, found = following.account, await _entry(transaction, following)
        following = source_of(found, account) if found and found.ref else None
    return (entry.ref.status if entry.ref else "ok"), entry


def copied(entry: Entry, status: Status, source: Entry | None, ts: float) -> Entry:
    """A reference with its new status, and the source's value where it could be copied.

    What is as it was stays the same object.
    """
    if entry.ref and entry.ref.status != status:
        reference = Reference(entry.ref.source, status)
        entry = msgspec.structs.replace(entry, ref=reference)
    if status != "ok" or source is None or same(entry.value, source.value):
        return entry
    return msgspec.structs.replace(entry, value=source.value, value_changed_ts=ts)


async def hold(transaction: Transaction, *twins_: str) -> None:
    """Hold some twins: who changes a ledger on one of them waits, and everybody in one order."""
    asked = msgspec.json.encode(twins_).decode()
    await transaction.all(stored.LOCK_TWINS, {"twins": asked})


async def settle(transaction: Transaction, now: int, twin: str) -> None:
    """On SQLite, refresh what a change on a twin has made stale, and what becomes stale by that."""
    if transaction.engine == "postgresql":
        return
    until = time.thread_time() + SETTLING_SECONDS
    changed = {twin}
    while changed:
        source = changed.pop()
        while stale := await transaction.all(stored.STALE_OF, {"source": source, "count": _BATCH}):
            for reference in map(ReferenceRow._make, stale):
                if time.thread_time() > until:
                    return
                if await _refresh(transaction, now, reference):
                    changed.add(reference.twin)


async def visible(transaction: Transaction, call: Call, source: Address) -> Entry | None:
    """The entry at an address, when the caller may read it."""
    if not call.actor.statement.allows(_READING):
        return None
    try:
        twin, account = await reading.find(transaction, call, Which(source.twin, source.account))
    except (TwinNotFoundError, TwinForbiddenError):
        return None
    seen = await reading.seen(transaction, call, twin, account, read(twin.document))
    return seen.get(source.entry)


class Refresher:
    """Refreshes stale references in the background of one process.

    On PostgreSQL it is woken by the writes of its process, and on both engines it looks twice a
    second for what others have left.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._woken = asyncio.Event()
        self._follows_writes = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._follows_writes = await self._store.read(_engine) == "postgresql"
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """Look now, where a write may have left anything."""
        if self._follows_writes:
            self._woken.set()

    async def close(self) -> None:
        """Leave the rest to others, or to the next start."""
        if self._task:
            await background.end([self._task])

    async def _run(self) -> None:
        while True:
            try:
                for reference in await self._store.read(_stale):
                    now = time.time_ns() // 1000
                    await self._store.write(_refresh, now, reference)
                    self._woken.set()
            except StoreError:
                await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _LOOK_SECONDS)
            self._woken.clear()


async def _engine(transaction: Transaction) -> EngineName:
    return transaction.engine


async def _stale(transaction: Transaction) -> list[ReferenceRow]:
    rows = await transaction.all(stored.STALE, {"count": _BATCH})
    return [ReferenceRow._make(row) for row in rows]


async def _refresh(transaction: Transaction, now: int, reference: ReferenceRow) -> bool:
    """Bring one reference up to its source; whether what refers to it may have become stale."""
    place = Address(reference.twin, reference.account, reference.entry)
    await hold(transaction, reference.twin, reference.source)
    row = await transaction.one(stored.SELECT_REFERENCE, place._asdict())
    if row is None or ReferenceRow._make(row) != reference:  # replaced while we waited
        return False
    await transaction.run(stored.MARK_FRESH, {**place._asdict(), "stale": False})
    draft = await open_draft(transaction, place.twin, place.account, now)
    entry = draft.before[place.entry]
    maker = await authentication.of_user(transaction, reference.maker)
    call = Call(maker, now) if maker else None
    status, source = await resolve(transaction, call, place, Address(*reference[3:6]))
    draft.after[place.entry] = copied(entry, status, source, draft.ts)
    try:
        return await draft.save(transaction, reference.maker)
    except DocumentTooLargeError:
        draft.after[place.entry] = copied(entry, "not_found", None, draft.ts)
        return await draft.save(transaction, reference.maker)


async def _entry(transaction: Transaction, place: Address) -> Entry | None:
    found = await gathering.unfilled(transaction, place.account, [place.twin])
    return found.get(place.twin, {}).get(place.entry)
