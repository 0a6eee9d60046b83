"""Changing the own ledger: add, update and delete entries, under conditions, whole or in part.

Each entry of a request stands for itself: one that cannot be changed is answered with the reason,
and the others are changed; unless the request is a transaction, which is carried out whole or not
at all.
"""

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from twinhold.registry import access, twins, variables
from twinhold.registry.errors import InvalidValueError, TransactionRefusedError, quoted
from twinhold.registry.ledgers import gathering, reading, references
from twinhold.registry.ledgers.drafts import Draft, open_draft
from twinhold.registry.ledgers.entries import (
    Address,
    Entries,
    Entry,
    Include,
    Json,
    Reference,
    Text,
    same,
    write,
)
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import ledgers as stored
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.rules import Rule

NULL = msgspec.Raw(b"null")
_MISSING = "Entry not found."
_EXISTS = "Entry already exists."
_HIDDEN = "Entry not accessible."
_UNMET = "Condition not met."
_UNDECIDED = "Conditions take too long."
_NO_SOURCE = "Source not found."


class Given(msgspec.Struct, frozen=True):
    """What a request gives for an entry; of settings, null removes and unset leaves as it is.

    Attributes:
        reference: where the value is copied from; of the three kinds of entries one is given.
        include: where the value is read.
    """

    value: Json = msgspec.UNSET
    reference: Address | None = None
    include: Address | None = None
    visibility: Text = msgspec.UNSET
    history: Text = msgspec.UNSET
    timeseries: Json = msgspec.UNSET
    publish: Json = msgspec.UNSET


class Terms(msgspec.Struct, frozen=True):
    """Under which terms entries change.

    Attributes:
        conditions: by entry, on its state before the change; an entry that is not there is null.
        whole: all entries change or none.
    """

    conditions: "Mapping[str, Rule]" = {}
    whole: bool = False


async def add(
    transaction: Transaction,
    call: Call,
    which: Which,
    given: Mapping[str, Given],
    terms: Terms,
) -> str:
    """Add entries to the own ledger; answers them as JSON text.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        LedgerForbiddenError: it is another account's ledger.
        InvalidValueError: a source is in the same ledger.
        DocumentTooLargeError: the ledger would be over its limit.
        TransactionRefusedError: not all entries can be added, and none is to be added then.
    """
    sources = {one.reference.twin for one in given.values() if one.reference}
    if sources:
        await references.hold(transaction, which.twin, *sources)
    change = await _begin(transaction, call, which, terms)
    for name, one in given.items():
        if name in change.draft.before:
            change.refused[name] = _EXISTS
        elif change.meets(name):
            await change.add(transaction, name, one)
    change.refuse_unseen(call)
    return await change.finish(transaction, call, given.keys())


async def update(
    transaction: Transaction,
    call: Call,
    which: Which,
    given: Mapping[str, Given],
    terms: Terms,
) -> str:
    """Change entries of the own ledger; answers them as JSON text.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        LedgerForbiddenError: it is another account's ledger.
        InvalidValueError: an entry of this kind has no such member.
        DocumentTooLargeError: the ledger would be over its limit.
        TransactionRefusedError: not all entries can be changed, and none is to be changed then.
    """
    change = await _begin(transaction, call, which, terms)
    for name, one in given.items():
        if change.reaches(name) and change.meets(name):
            before = change.draft.before[name]
            change.draft.after[name] = _updated(name, before, one, change.draft.ts)
    return await change.finish(transaction, call, given.keys())


async def delete(
    transaction: Transaction,
    call: Call,
    which: Which,
    names: Collection[str] | None,
    terms: Terms,
) -> str:
    """Delete entries of the own ledger, or all that the caller sees; answers them as JSON text.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        LedgerForbiddenError: it is another account's ledger.
        TransactionRefusedError: not all entries can be deleted, and none is to be deleted then.
    """
    change = await _begin(transaction, call, which, terms)
    asked = list(change.seen if names is None else names)
    for name in asked:
        if change.reaches(name) and change.meets(name):
            del change.draft.after[name]
    return await change.finish(transaction, call, asked)


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Remove all ledgers of a twin; references to them keep their last values."""
    for statement in stored.DELETE_OF_TWIN:
        await transaction.run(statement, {"twin": twin})
    await transaction.run(stored.MARK_ALL_STALE, {"twin": twin, "stale": True})
    await references.settle(transaction, 0, twin)  # only statuses change, and these have no time


class _Change:
    """One request that changes a ledger.

    Attributes:
        seen: the entries before the change that the caller may see.
        refused: why an entry is not changed.
    """

    def __init__(self, call: Call, twin: Facts, draft: Draft, seen: Entries, terms: Terms) -> None:
        self.draft = draft
        self.seen = seen
        self.refused: dict[str, str] = {}
        self._call = call
        self._twin = twin
        self._terms = terms
        self._until = time.thread_time() + access.DECIDING_SECONDS

    def reaches(self, name: str) -> bool:
        """Whether an entry is there for the caller; refuse it otherwise."""
        if name not in self.seen:
            self.refused[name] = _HIDDEN if name in self.draft.before else _MISSING
        return name in self.seen

    def meets(self, name: str) -> bool:
        """Whether the condition on an entry holds; refuse it otherwise, or when time is up."""
        rule = self._terms.conditions.get(name)
        if rule is None:
            return True
        if time.thread_time() > self._until:
            self.refused[name] = _UNDECIDED
            return False
        gather = variables.entry_gatherer(
            self._call, self._twin, self.draft.account, self.seen, rule.variables
        )
        if rule.matches(gather(name, self.seen.get(name))):
            return True
        self.refused[name] = _UNMET
        return False

    async def add(self, transaction: Transaction, name: str, given: Given) -> None:
        """A new entry; refuse an include of what the caller may not see."""
        ts, call = self.draft.ts, Call(self._call.actor, self._call.now)
        place = Address(self.draft.twin, self.draft.account, name)
        source = given.reference or given.include
        if source and source[:2] == place[:2]:
            raise InvalidValueError("The source must be in another ledger.", f"/entries/{name}")
        if given.include:
            if await references.visible(transaction, call, given.include) is None:
                self.refused[name] = _NO_SOURCE
                return
            entry = Entry(include=Include(f"twin://{given.include.twin}/{given.include.entry}"))
        else:
            entry = _with_settings(Entry(value=given.value, visibility=None), given)
        entry = msgspec.structs.replace(
            entry, entry_created_ts=ts, entry_updated_ts=ts, value_changed_ts=ts
        )
        if given.reference:
            status, found = await references.resolve(transaction, call, place, given.reference)
            reference = Reference("twin://" + "/".join(given.reference), status)
            entry = msgspec.structs.replace(entry, value=NULL, ref=reference)
            entry = references.copied(entry, status, found, ts)
        self.draft.after[name] = entry

    def refuse_unseen(self, call: Call) -> None:
        """Take back new entries that the caller could not see."""
        if call.actor.entry_rule is None:
            return
        seen = access.seen_entries(call, self._twin, self.draft.account, self.draft.after)
        for name in self.draft.after.keys() - self.draft.before.keys() - seen.keys():
            self.refused[name] = _HIDDEN
            del self.draft.after[name]

    async def finish(self, transaction: Transaction, call: Call, names: Collection[str]) -> str:
        """Store the change; answer each entry as it is now, or was, or why it did not change."""
        self._require_whole(names)
        if await self.draft.save(transaction, call.actor.user):
            await references.settle(transaction, call.now, self.draft.twin)
        held = {name: self.draft.after.get(name) or self.seen.get(name) for name in names}
        entries = {name: entry for name, entry in held.items() if entry is not None}
        found = await gathering.filled(transaction, self.draft.account, {self.draft.twin: entries})
        answer: dict[str, Any] = {
            name: {"error": self.refused[name]}
            if name in self.refused
            else found[self.draft.twin][name]
            for name in names
        }
        return write(answer)

    def _require_whole(self, names: Collection[str]) -> None:
        if not self._terms.whole:
            return
        for name in self._terms.conditions.keys() - set(names):
            self.meets(name)
        for name, reason in sorted(self.refused.items()):
            raise TransactionRefusedError(f"Nothing is changed. {quoted(name)}: {reason}")


async def _begin(transaction: Transaction, call: Call, which: Which, terms: Terms) -> _Change:
    twin = await twins.hold(transaction, call, which.twin)
    access.require_twin(call, twin)
    account = reading.account_of(twin, which)
    access.require_own_ledger(call, account)
    draft = await open_draft(transaction, which.twin, account, call.now)
    seen = await reading.seen(transaction, call, twin, account, draft.before)
    return _Change(call, twin, draft, seen, terms)


def _updated(name: str, entry: Entry, given: Given, ts: float) -> Entry:
    """An entry with what is given; the same object when nothing changes."""
    if given.value is not msgspec.UNSET and (entry.ref or entry.include):
        raise InvalidValueError(
            "Only an entry of a value can be given one.", f"/entries/{name}/value"
        )
    changed = _with_settings(entry, given)
    if _settings_of(changed) == _settings_of(entry):
        changed = entry
    elif entry.include:
        raise InvalidValueError("An include has no settings.", f"/entries/{name}")
    else:
        changed = msgspec.structs.replace(changed, entry_updated_ts=ts)
    if given.value is msgspec.UNSET or same(entry.value, given.value):
        return changed
    return msgspec.structs.replace(changed, value=given.value, value_changed_ts=ts)


def _with_settings(entry: Entry, given: Given) -> Entry:
    settings: dict[str, Any] = {}
    if given.visibility is not msgspec.UNSET:
        settings["visibility"] = given.visibility
    if given.history is not msgspec.UNSET:
        settings["history"] = given.history or msgspec.UNSET
    for name in ("timeseries", "publish"):
        value: Json = getattr(given, name)
        if value is not msgspec.UNSET:
            settings[name] = msgspec.UNSET if bytes(value) == b"null" else value
    return msgspec.structs.replace(entry, **settings) if settings else entry


def _settings_of(entry: Entry) -> tuple[object, ...]:
    kept = (entry.timeseries, entry.publish)
    texts = (None if value is msgspec.UNSET else bytes(value) for value in kept)
    return (entry.visibility, entry.history, *texts)
