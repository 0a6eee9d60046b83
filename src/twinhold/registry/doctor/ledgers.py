"""Ledgers one by one: their entries, and what stands beside them in other tables."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple

import msgspec

from twinhold.registry import documents, ids
from twinhold.registry.errors import RegistryError
from twinhold.registry.ledgers.entries import LARGEST, Address, Entry, read, source_of
from twinhold.store import Row, Transaction
from twinhold.store import doctor as stored
from twinhold.store.doctor import LedgerRow

_PAGE = 500


class _Beside(NamedTuple):
    """What other tables have of entries."""

    references: dict[Address, Address]
    histories: set[Address]


async def check(transaction: Transaction) -> AsyncIterator[str]:
    """What is wrong with ledgers."""
    after = {"twin": ids.LOWEST, "account": ids.LOWEST}
    while rows := await transaction.all(stored.PAGE_OF_LEDGERS, after | {"count": _PAGE}):
        page = [LedgerRow._make(row) for row in rows]
        after = {"twin": page[-1].twin, "account": page[-1].account}
        beside = await _beside(transaction, page)
        for ledger in page:
            for fault in _faults(ledger, beside):
                whose = f"of the account {ledger.account} on the twin {ledger.twin}"
                yield f"The ledger {whose} {fault}."
        await transaction.breathe()


async def _beside(transaction: Transaction, page: list[LedgerRow]) -> _Beside:
    twins = {"twins": documents.encode(sorted({ledger.twin for ledger in page}))}
    references: Iterable[Row] = await transaction.all(stored.REFERENCES, twins)
    histories: Iterable[Row] = await transaction.all(stored.HISTORIES, twins)
    return _Beside(
        {Address._make(row[:3]): Address._make(row[3:]) for row in references},
        {Address._make(row) for row in histories},
    )


def _faults(ledger: LedgerRow, beside: _Beside) -> Iterator[str]:
    if len(ledger.entries.encode()) > LARGEST:
        yield f"is larger than {LARGEST} bytes"
    try:
        entries = read(ledger.entries)
        sources = {name: source_of(entry, ledger.account) for name, entry in entries.items()}
    except (msgspec.MsgspecError, RegistryError):
        yield "cannot be read"
        return
    if bool(ledger.includes) != any(entry.include for entry in entries.values()):
        yield "is wrongly marked as one with or without includes"
    yield from _misplaced(ledger, entries, sources, beside)


def _misplaced(
    ledger: LedgerRow,
    entries: dict[str, Entry],
    sources: dict[str, Address | None],
    beside: _Beside,
) -> Iterator[str]:
    """Where other tables say something else of the entries."""
    places = {name: Address(ledger.twin, ledger.account, name) for name in entries}
    for name, entry in entries.items():
        known = beside.references.get(places[name])
        if known != (sources[name] if entry.ref else None):
            yield f"has the entry {name}, whose source is not the one in ledger_references"
        if places[name] in beside.histories and not entry.history:
            yield f"has the entry {name}, which keeps no history and has records"
