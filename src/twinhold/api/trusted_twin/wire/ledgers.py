"""Ledgers on the wire (spec/trusted-twin.md section 7)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.decode import decode, decode_texts
from twinhold.api.trusted_twin.wire.common import Seconds
from twinhold.registry import documents, rule_texts
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.ledgers import history
from twinhold.registry.ledgers.entries import Json, Text, check_name, parse_source
from twinhold.registry.ledgers.writing import Given, Terms

MOST_RULES = 100
"""Different rules of entries in a request, and different conditions."""

ENTRIES = forms.names("^([a-z_][0-9a-z_]*|_*[a-z0-9]+([_-][0-9a-z]+)*)$", "entry", maxLength=128)

Unset = msgspec.UnsetType


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the value of a reference is copied from, and whether it can be."""

    source: str
    status: Literal["ok", "not_found", "loop_detected", "too_many_hops"]


class Include(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the value of an include is read."""

    source: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An entry; its settings are shown to its own account only."""

    entry_created_ts: Seconds
    entry_updated_ts: Seconds
    value_changed_ts: Seconds
    value: Any
    ref: Reference | Unset = msgspec.UNSET
    include: Include | Unset = msgspec.UNSET
    visibility: str | None | Unset = msgspec.UNSET
    history: str | Unset = msgspec.UNSET
    timeseries: dict[str, Any] | Unset = msgspec.UNSET
    publish: dict[str, Any] | Unset = msgspec.UNSET


class EntryValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value of an entry and its times."""

    value: Any
    entry_created_ts: Seconds
    entry_updated_ts: Seconds
    value_changed_ts: Seconds


class EntryError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an entry was not changed."""

    error: str


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries of a ledger by their names."""

    entries: dict[str, Entry]


class LedgerValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of a ledger by the names of their entries."""

    entries: dict[str, EntryValue]


class LedgerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For each entry: what became of it (`Entry`), or why it did not change (`EntryError`)."""

    entries: dict[str, dict[str, Any]]


class LedgerHistory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For each entry its values by the time they were set, newest first, or a text why not."""

    entries: dict[str, dict[str, Any] | str]


class ReferenceInput(msgspec.Struct, frozen=True):
    """`twin://<twin>/<account>/<entry>`; the visibility may stand here too."""

    source: str
    visibility: Text = msgspec.UNSET


class EntryInput(msgspec.Struct, frozen=True):
    """An entry to add: with a value, a `ref` or an `include`; or what to change of one.

    In `history` stands how long values are kept: `7D`, `2W`, `3M`, `1Y`, `INF`.
    """

    value: Json = msgspec.UNSET
    ref: ReferenceInput | Unset = msgspec.UNSET
    include: Include | Unset = msgspec.UNSET
    visibility: Text = msgspec.UNSET
    history: Text = msgspec.UNSET
    timeseries: Json = msgspec.UNSET
    publish: Json = msgspec.UNSET


class TermsInput(msgspec.Struct, frozen=True):
    """`conditions`: a rule for an entry; `transaction`: all entries change or none."""

    conditions: dict[str, forms.Rule] | None = None
    transaction: bool | None = None


class LedgerInput(TermsInput, frozen=True):
    """The body of add and update."""

    entries: Annotated[dict[str, EntryInput], ENTRIES] = {}


class _Change(TermsInput, frozen=True):
    """`LedgerInput` with its entries still to be read, each by its name."""

    entries: dict[str, msgspec.Raw] = {}


class EntryValueInput(msgspec.Struct, frozen=True):
    """A new value, and nothing else."""

    value: Any


class LedgerValuesInput(TermsInput, frozen=True):
    """The body of an update of values."""

    entries: Annotated[dict[str, EntryValueInput], ENTRIES] = {}


async def added(body: bytes, account: str) -> tuple[Mapping[str, Given], Terms]:
    """The entries in the body of add, and under which terms.

    Args:
        body: as it was sent.
        account: whose ledger a source without an account is in.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError, RuleInvalidError: the body is not as it must
            be; names the place.
    """
    found, terms = await _changes(body)
    given: dict[str, Given] = {}
    for name, entry in found.items():
        kinds = [kind for kind in ("value", "ref", "include") if getattr(entry, kind) is not _UNSET]
        if len(kinds) != 1:
            raise InvalidValueError(
                "An entry must have one of value, ref and include.", f"/entries/{name}"
            )
        given[name] = _given(name, entry, account)
    return given, terms


async def updated(body: bytes) -> tuple[Mapping[str, Given], Terms]:
    """The changes in the body of update, and under which terms.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError, RuleInvalidError: see `added`.
    """
    found, terms = await _changes(body)
    for name, entry in found.items():
        if entry.ref or entry.include:
            raise InvalidValueError("The kind of an entry never changes.", f"/entries/{name}")
    return {name: _given(name, entry, "") for name, entry in found.items()}, terms


async def updated_values(body: bytes) -> tuple[Mapping[str, Given], Terms]:
    """The values in the body of an update of values, and under which terms.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError, RuleInvalidError: see `added`.
    """
    given, terms = await updated(body)
    for name, one in given.items():
        if one.value is msgspec.UNSET or one != Given(value=one.value):
            raise InvalidValueError(
                "An entry must have a value, and only that.", f"/entries/{name}"
            )
    return given, terms


async def terms(body: bytes) -> Terms:
    """The terms in the body of delete.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError, RuleInvalidError: see `added`.
    """
    return await _terms(decode(body, TermsInput))


async def _changes(body: bytes) -> tuple[dict[str, EntryInput], Terms]:
    documents.parse_object(body)
    found = decode_texts(body or b"{}", _Change)
    entries: dict[str, EntryInput] = {}
    rules: dict[str, str] = {}
    for name, text in found.entries.items():
        check_name(name, f"/entries/{documents.escape(name[:128])}")
        entries[name] = decode_texts(text, EntryInput, f"/entries/{name}")
        rules |= _rules(entries[name], f"/entries/{name}")
    await _read(rules)
    return entries, await _terms(found)


def _rules(entry: EntryInput, place: str) -> dict[str, str]:
    """The rules of an entry, and where each stands."""
    rules = dict.fromkeys(_publish(entry.publish, f"{place}/publish"), f"{place}/publish")
    visibility = _visibility(entry)
    if isinstance(visibility, str):
        rules[visibility] = f"{place}/visibility"
    return rules


def _visibility(entry: EntryInput) -> Text:
    if entry.ref and entry.visibility is msgspec.UNSET:
        return entry.ref.visibility
    return entry.visibility


def _publish(value: Json, pointer: str) -> dict[str, str | list[str]]:
    if value is msgspec.UNSET:
        return {}
    try:
        return msgspec.json.decode(value, type=dict[str, str | list[str]] | None) or {}
    except msgspec.ValidationError:
        raise InvalidValueError("The publish must be topics by rule.", pointer) from None


_UNSET = msgspec.UNSET


def _given(name: str, entry: EntryInput, account: str) -> Given:
    place = f"/entries/{name}"
    if isinstance(entry.history, str):
        history.check_duration(entry.history, f"{place}/history")
    _check_timeseries(entry.timeseries, f"{place}/timeseries")
    given = Given(
        value=entry.value,
        visibility=_visibility(entry),
        history=entry.history,
        timeseries=entry.timeseries,
        publish=entry.publish,
    )
    if entry.ref:
        source = parse_source(entry.ref.source, account, f"{place}/ref/source")
        return msgspec.structs.replace(given, reference=source)
    if entry.include:
        return _included(name, given, entry.include.source, account)
    return given


def _included(name: str, given: Given, text: str, account: str) -> Given:
    place = f"/entries/{name}/include/source"
    source = parse_source(text, account, place)
    if source.account != account:
        raise InvalidValueError("An include reads from ledgers of the own account.", place)
    if given != Given():
        raise InvalidValueError("An include has no settings.", f"/entries/{name}")
    return Given(include=source)


def _check_timeseries(value: Json, pointer: str) -> None:
    if value is msgspec.UNSET:
        return
    try:
        msgspec.json.decode(value, type=dict[str, dict[str, Any]] | None)
    except msgspec.ValidationError:
        raise InvalidValueError("The timeseries must be objects by table.", pointer) from None


async def _terms(given: TermsInput) -> Terms:
    texts = given.conditions or {}
    places = {text: f"/conditions/{documents.escape(name[:128])}" for name, text in texts.items()}
    await _read(places)
    rules = {name: rule_texts.parse(text) for name, text in texts.items()}
    return Terms(rules, bool(given.transaction))


async def _read(rules: Mapping[str, str]) -> None:
    """Read rules, each with its place; one may take some milliseconds, and others go on between."""
    if len(rules) > MOST_RULES:
        raise InvalidValueError(f"The body holds more than {MOST_RULES} different rules.")
    await rule_texts.check(rules.items())
