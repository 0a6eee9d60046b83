"""The history of an entry's values: recorded with the change, kept as long as the entry says."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from twinhold.registry.errors import DocumentTooLargeError, InvalidValueError, quoted
from twinhold.registry.ledgers import reading
from twinhold.registry.ledgers.entries import Address, Entry, read, text_of
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import ledgers as stored

MOST_RECORDS = 1000
"""Records of an entry; the newest are kept (spec section 7.3)."""

LARGEST_ANSWER = 8 * 1024 * 1024
_DURATION = re.compile(r"([1-9][0-9]{0,2})([DWMY])|INF")
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}
_DAY = 24 * 3600 * 1_000_000
_DROPPED_A_RECORD = 4


class Span(msgspec.Struct, frozen=True):
    """Which records of each entry are asked for: the last `count` of a span, both ends included."""

    names: frozenset[str] | None
    ge: int
    le: int
    count: int


def check_duration(text: str, pointer: str) -> None:
    """Refuse a text that is no time to keep records for (spec section 1).

    Raises:
        InvalidValueError: it is neither days, weeks, months or years nor `INF`.
    """
    if not _DURATION.fullmatch(text):
        raise InvalidValueError(
            f"The history {quoted(text)} must be such as 7D, 2W, 3M, 1Y or INF.", pointer
        )


def oldest_kept(duration: str, now: int) -> int:
    """The time before which records are dropped."""
    match = _DURATION.fullmatch(duration)
    if match is None or match[1] is None:
        return 0
    return now - int(match[1]) * _DAYS[match[2]] * _DAY


async def follow(
    transaction: Transaction, now: int, place: Address, before: Entry | None, after: Entry | None
) -> None:
    """Record what a change of an entry does to its value; drop what is no longer kept.

    The current value of an entry with history is always its newest record.
    """
    kept = after.history if after else msgspec.UNSET
    was_kept = before.history if before else msgspec.UNSET
    if after is None or not kept:
        if was_kept:
            await transaction.run(stored.FORGET_ENTRY, _of(place))
    elif before is None or not was_kept or before.value_changed_ts != after.value_changed_ts:
        await _record(transaction, now, place, after, kept)


async def _record(
    transaction: Transaction, now: int, place: Address, entry: Entry, kept: str
) -> None:
    changed = microseconds(entry.value_changed_ts)
    record = {**_of(place), "changed": changed, "value": text_of(entry.value)}
    row = await transaction.one(stored.RECORD, record)
    if row is not None and row[0] > MOST_RECORDS:
        last = row[0] - MOST_RECORDS
        await transaction.run(stored.FORGET_BEFORE, {**_of(place), "number": last})
    if oldest := oldest_kept(kept, now):
        expired = {"oldest": oldest, "most": _DROPPED_A_RECORD}
        await transaction.run(stored.FORGET_EXPIRED, _of(place) | expired)


async def get(
    transaction: Transaction, call: Call, which: Which, span: Span
) -> Mapping[str, list[tuple[int, str]] | None]:
    """The records of entries, newest first, as times and JSON texts.

    None stands for an entry that was asked for by name and is not accessible.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        DocumentTooLargeError: the answer would be over its limit.
    """
    twin, account = await reading.find(transaction, call, which)
    seen = await reading.seen(transaction, call, twin, account, read(twin.document))
    names = seen.keys() if span.names is None else span.names & seen.keys()
    found: dict[str, list[tuple[int, str]] | None] = dict.fromkeys(span.names or ())
    found.update((name, []) for name in names)
    kept = {name: seen[name] for name in names if seen[name].history}
    if kept:
        for name, changed, value in await _records(
            transaction, call.now, Address(which.twin, account, ""), kept, span
        ):
            records = found[name]
            if records is not None:
                records.append((changed, value))
    return found


async def _records(
    transaction: Transaction, now: int, ledger: Address, kept: Mapping[str, Entry], span: Span
) -> list[tuple[str, int, str]]:
    asked = [
        (name, oldest_kept(entry.history or "", now), microseconds(entry.value_changed_ts))
        for name, entry in kept.items()
    ]
    rows = await transaction.all(
        stored.HISTORY,
        {
            "twin": ledger.twin,
            "account": ledger.account,
            "asked": msgspec.json.encode(asked).decode(),
            "ge": span.ge,
            "le": span.le,
            "count": span.count,
            "most": LARGEST_ANSWER,
        },
    )
    if rows and rows[0][3] > LARGEST_ANSWER:
        raise DocumentTooLargeError(
            f"The history is larger than {LARGEST_ANSWER} bytes: ask for fewer entries or a "
            "lower limit."
        )
    return [(name, changed, value) for name, changed, value, _ in rows]


def microseconds(seconds: float) -> int:
    """A time of an entry as the store has it, to the millisecond."""
    return round(seconds * 1000) * 1000


def _of(place: Address) -> dict[str, Any]:
    return place._asdict()
