"""The variables of a rule, gathered from a call and a twin (spec/trusted-twin.md section 4.4).

Only what a rule reads is gathered; a variable that is not here, or has no meaning where the rule
stands, is null.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twinhold.registry import documents
from twinhold.registry.ledgers import entries
from twinhold.registry.ledgers.entries import Entries, Entry
from twinhold.registry.principal import Call
from twinhold.store.identities import IdentityRow
from twinhold.store.twins import Facts

Scope = dict[str, Any]

_OF_CALL: Mapping[str, Callable[[Call], Any]] = {
    "account": lambda call: call.actor.account,
    "user": lambda call: call.actor.user,
    "role": lambda call: call.actor.role,
    "now": lambda call: seconds(call.now),
    "USER": lambda call: _members(call.actor.description),
    "DICT": lambda call: call.dictionary,
}

_OF_TWIN: Mapping[str, Callable[[Facts], Any]] = {
    "twin": lambda twin: twin.uuid,
    "twin_status": lambda twin: "alive" if twin.terminated is None else "terminated",
    "twin_owner": lambda twin: twin.owner,
    "twin_creator": lambda twin: twin.creator,
    "owner": lambda twin: twin.owner,
    "creator": lambda twin: twin.creator,
    "twin_created_ts": lambda twin: seconds(twin.created),
    "twin_updated_ts": lambda twin: seconds(twin.updated),
    "twin_terminated_ts": lambda twin: (
        None if twin.terminated is None else seconds(twin.terminated)
    ),
    "TWIN": lambda twin: _members(twin.description),
    "LEDGER": lambda twin: entries.values(twin.ledger or {}),
    "twin_id": lambda twin: twin.id,
    "twin_model": lambda twin: twin.model,
    "CONTENTS": lambda twin: _members(twin.contents),
}

_OF_ENTRY: Mapping[str, Callable[[Entry], Any]] = {
    "entry_value": entries.value_of,
    "value": entries.value_of,
    "visibility": lambda entry: entry.visibility or None,
    "entry_created_ts": lambda entry: entry.entry_created_ts,
    "entry_updated_ts": lambda entry: entry.entry_updated_ts,
    "value_changed_ts": lambda entry: entry.value_changed_ts,
}

_OF_IDENTITY: Mapping[str, Callable[[IdentityRow], Any]] = {
    "identity": lambda identity: identity.identity,
    "identity_creator": lambda identity: identity.account,
    "identity_created_ts": lambda identity: seconds(identity.created),
    "identity_updated_ts": lambda identity: seconds(identity.updated),
    "identity_validity_ts": lambda identity: (
        None if identity.validity is None else seconds(identity.validity)
    ),
}


def of(call: Call, twin: Facts, names: Iterable[str]) -> Scope:
    """The values of those names for a call on a twin."""
    scope = {}
    for name in names:
        if name in _OF_TWIN:
            scope[name] = _OF_TWIN[name](twin)
        elif name in _OF_CALL:
            scope[name] = _OF_CALL[name](call)
    return scope


def of_call(call: Call, names: Iterable[str]) -> Scope:
    """The values of those names that are the same for every twin of a call."""
    return {name: _OF_CALL[name](call) for name in names if name in _OF_CALL}


def of_twin(twin: Facts, names: Iterable[str]) -> Scope:
    """The values of those names that belong to a twin."""
    return {name: _OF_TWIN[name](twin) for name in names if name in _OF_TWIN}


def of_identity(identity: IdentityRow, names: Iterable[str]) -> Scope:
    """The values of those names that belong to an identity."""
    return {name: _OF_IDENTITY[name](identity) for name in names if name in _OF_IDENTITY}


def gatherer(call: Call, names: Iterable[str]) -> Callable[[Facts], Scope]:
    """Gathers the values of those names for one twin after the other.

    The scope that it answers is the same each time: look at it before the next twin.
    """
    scope = of_call(call, names)
    getters = [(name, _OF_TWIN[name]) for name in names if name in _OF_TWIN]

    def gather(twin: Facts) -> Scope:
        for name, getter in getters:
            scope[name] = getter(twin)
        return scope

    return gather


def entry_gatherer(
    call: Call, twin: Facts, account: str, ledger: Entries, names: Iterable[str]
) -> Callable[[str, Entry | None], Scope]:
    """Gathers the values of those names for one entry of an account's ledger after the other.

    Args:
        call: who asks.
        twin: what the ledger is about.
        account: whose ledger it is.
        ledger: the entries that `LEDGER` shows.
        names: what is gathered; like `gatherer`, into the same scope each time.
    """
    scope = of(call, twin._replace(ledger=ledger), names)
    scope["ledger"] = account
    getters = [(name, _OF_ENTRY[name]) for name in names if name in _OF_ENTRY]

    def gather(entry_name: str, entry: Entry | None) -> Scope:
        scope["entry_name"] = entry_name
        for name, getter in getters:
            scope[name] = None if entry is None else getter(entry)
        return scope

    return gather


def seconds(microseconds: int) -> float:
    """A stored time as rules see it: seconds with three decimals, as on the wire."""
    return microseconds // 1000 / 1000


def _members(document: str | None) -> Any:
    return {} if document is None else documents.decode(document)
