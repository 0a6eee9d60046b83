"""The entries behind the rule variable `LEDGER`, and the values behind includes.

However many twins are asked for, it takes two statements: one for the ledgers, and one for the
ledgers that those include from.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from twinhold.registry.ledgers.entries import Entries, Entry, read, source_of
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import ledgers as stored
from twinhold.store.engine import Row
from twinhold.store.twins import Facts

Ledgers = Mapping[str, Entries]
"""Entries of one account by the UUID of the twin."""


async def twins_of(
    transaction: Transaction, call: Call, rows: Iterable[Row], further: Iterable[str | None] = ()
) -> list[Facts]:
    """The twins of some rows, with all that rules read of them.

    Args:
        transaction: the transaction.
        call: who asks; the rules of their role count.
        rows: `Facts` as the engine has them.
        further: texts of other rules that are asked about these twins.
    """
    twins = [Facts._make(row) for row in rows]
    if call.actor.rules_read_ledgers:
        return await with_ledgers(transaction, call, twins)
    for text in further:
        if text is not None and "LEDGER" in text:
            return await with_ledgers(transaction, call, twins)
    return twins


async def twin_of(transaction: Transaction, call: Call, row: Row) -> Facts:
    """The twin of a row, with all that rules read of it."""
    twin = Facts._make(row)
    if call.actor.rules_read_ledgers:
        return await with_ledger(transaction, call, twin)
    return twin


async def with_ledgers(transaction: Transaction, call: Call, twins: Sequence[Facts]) -> list[Facts]:
    """Some twins with what the caller's account keeps about each."""
    found = await of_twins(transaction, call.actor.account, [twin.uuid for twin in twins])
    return [twin._replace(ledger=found.get(twin.uuid, {})) for twin in twins]


async def with_ledger(transaction: Transaction, call: Call, twin: Facts) -> Facts:
    """A twin with what the caller's account keeps about it."""
    return (await with_ledgers(transaction, call, [twin]))[0]


async def of_twins(transaction: Transaction, account: str, twins: Iterable[str]) -> Ledgers:
    """What an account keeps about some twins, includes read through."""
    found = await unfilled(transaction, account, twins)
    return await filled(transaction, account, found)


async def unfilled(transaction: Transaction, account: str, twins: Iterable[str]) -> Ledgers:
    """What an account keeps about some twins, as it is stored."""
    asked = msgspec.json.encode(list(twins)).decode()
    rows = await transaction.all(stored.OF_TWINS, {"account": account, "twins": asked})
    return {twin: read(entries) for twin, entries in rows}


async def filled(transaction: Transaction, account: str, ledgers: Ledgers) -> Ledgers:
    """Ledgers of an account with the values of their includes, where the sources have any."""
    included = {
        source.twin
        for entries in ledgers.values()
        for entry in entries.values()
        if entry.include and (source := source_of(entry, account))
    }
    if not included:
        return ledgers
    sources = await unfilled(transaction, account, included)
    return {twin: _filled(account, entries, sources) for twin, entries in ledgers.items()}


def _filled(account: str, entries: Entries, sources: Ledgers) -> Entries:
    return {
        name: _read_through(account, entry, sources) if entry.include else entry
        for name, entry in entries.items()
    }


def _read_through(account: str, entry: Entry, sources: Ledgers) -> Entry:
    """An include with its source's value; an include of an include is null, so none goes round."""
    source = source_of(entry, account)
    found = source and sources.get(source.twin, {}).get(source.entry)
    if not found or found.include:
        return msgspec.structs.replace(entry, value=msgspec.Raw(b"null"))
    return msgspec.structs.replace(
        entry, value=found.value, value_changed_ts=found.value_changed_ts
    )
