"""Reading ledgers: the own one, and those of others as far as they show themselves."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from twinhold.registry import access, twins
from twinhold.registry.ledgers import gathering
from twinhold.registry.ledgers.entries import Entries, Entry, Json, has_includes, read, write
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import ledgers as stored
from twinhold.store.twins import Facts


class Which(NamedTuple):
    """A ledger.

    Attributes:
        twin: the UUID of the twin that it is about.
        whose: it is: `owner` or `creator` of the twin, or the UUID of an account.
    """

    twin: str
    whose: str


class Wanted(msgspec.Struct, frozen=True):
    """Which entries a read is for; all but the names only narrow the own ledger.

    Attributes:
        names: of the entries; None means all.
    """

    names: frozenset[str] | None = None
    references: bool = True
    public: bool = True
    private: bool = True


EVERYTHING = Wanted()


class Valued(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a read of values shows of an entry."""

    value: Json
    entry_created_ts: float
    entry_updated_ts: float
    value_changed_ts: float


async def get(transaction: Transaction, call: Call, which: Which, wanted: Wanted) -> str:
    """The entries of a ledger as JSON text; settings only of the own.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
    """
    twin, account = await find(transaction, call, which)
    own = account == call.actor.account
    text = twin.document or "{}"
    if own and wanted == EVERYTHING and call.actor.entry_rule is None and not has_includes(text):
        return text
    found = _narrowed(await _seen(transaction, call, twin, account), wanted, own=own)
    return write(found if own else {name: _shown(entry) for name, entry in found.items()})


async def get_values(
    transaction: Transaction, call: Call, which: Which, names: frozenset[str] | None
) -> str:
    """The values in a ledger and their times as JSON text.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
    """
    twin, account = await find(transaction, call, which)
    found = await _seen(transaction, call, twin, account)
    return write({name: _valued(entry) for name, entry in _named(found, names).items()})


async def find(transaction: Transaction, call: Call, which: Which) -> tuple[Facts, str]:
    """A twin that the caller may see, with a ledger's entries as its document; and whose it is.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
    """
    account = call.actor.account if which.whose in {"owner", "creator"} else which.whose
    asked = {"uuid": which.twin, "whose": which.whose, "account": account}
    twin = await twins.complete(
        transaction, call, await transaction.one(stored.READ, asked), which.twin
    )
    access.require_twin(call, twin)
    return twin, account_of(twin, which)


def account_of(twin: Facts, which: Which) -> str:
    """The account whose ledger it is."""
    return {"owner": twin.owner, "creator": twin.creator}.get(which.whose, which.whose)


async def seen(
    transaction: Transaction, call: Call, twin: Facts, account: str, entries: Entries
) -> Entries:
    """Those entries of a ledger that the caller may see, includes read through."""
    ledgers = await gathering.filled(transaction, account, {twin.uuid: entries})
    return access.seen_entries(call, twin, account, ledgers[twin.uuid])


async def _seen(transaction: Transaction, call: Call, twin: Facts, account: str) -> Entries:
    return await seen(transaction, call, twin, account, read(twin.document))


def _narrowed(entries: Entries, wanted: Wanted, *, own: bool) -> Entries:
    named = _named(entries, wanted.names)
    if not own:
        return named
    return {name: entry for name, entry in named.items() if _is_wanted(entry, wanted)}


def _named(entries: Entries, names: Collection[str] | None) -> Entries:
    if names is None:
        return entries
    return {name: entry for name, entry in entries.items() if name in names}


def _is_wanted(entry: Entry, wanted: Wanted) -> bool:
    if entry.ref and not wanted.references:
        return False
    return wanted.public if entry.visibility else wanted.private


def _shown(entry: Entry) -> Entry:
    """An entry as other accounts see it: how it is kept is its own account's business."""
    nothing = msgspec.UNSET
    return msgspec.structs.replace(
        entry, visibility=nothing, history=nothing, timeseries=nothing, publish=nothing
    )


def _valued(entry: Entry) -> Valued:
    return Valued(
        entry.value, entry.entry_created_ts, entry.entry_updated_ts, entry.value_changed_ts
    )
