"""The entries of a ledger as values, and as the JSON text in which they are stored and read."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from twinhold.registry import documents, ids
from twinhold.registry.errors import InvalidValueError, quoted

LARGEST = 64 * 1024
"""Bytes of a whole ledger (spec section 1, limits)."""

_LONGEST_NAME = 128
_NAME = re.compile(r"[a-z_][0-9a-z_]*|_*[a-z0-9]+(?:[_-][0-9a-z]+)*")
_SOURCE = re.compile(r"twin://([^/]*)/(?:([^/]*)/)?([^/]*)")

Status = Literal["ok", "not_found", "loop_detected", "too_many_hops"]
Text = str | None | msgspec.UnsetType
Json = msgspec.Raw | msgspec.UnsetType


class Reference(msgspec.Struct, frozen=True):
    """Where the value of a reference is copied from, and whether that can be done."""

    source: str
    status: Status


class Include(msgspec.Struct, frozen=True):
    """Where the value of an include is read."""

    source: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry: of a value, a reference or an include; times in seconds, as rules see them.

    Attributes:
        value: JSON text; an include has one only after it was read through.
        visibility: a rule; an include has none.
        entry_updated_ts: when anything but the value was last changed.
    """

    value: Json = msgspec.UNSET
    ref: Reference | msgspec.UnsetType = msgspec.UNSET
    include: Include | msgspec.UnsetType = msgspec.UNSET
    visibility: Text = msgspec.UNSET
    history: str | msgspec.UnsetType = msgspec.UNSET
    timeseries: Json = msgspec.UNSET
    publish: Json = msgspec.UNSET
    entry_created_ts: float = 0
    entry_updated_ts: float = 0
    value_changed_ts: float = 0


Entries = Mapping[str, Entry]


class Address(NamedTuple):
    """An entry of an account's ledger on a twin."""

    twin: str
    account: str
    entry: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Entry]).decode
_read = msgspec.json.Decoder(float_hook=Decimal).decode
_canonical = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def read(text: str | None) -> dict[str, Entry]:
    """The entries of a stored ledger; of none where there is no ledger."""
    return {} if text is None else _decode(text)


def write(entries: Mapping[str, Any]) -> str:
    """Entries as they are stored and read."""
    return _encode(entries).decode()


def has_includes(text: str) -> bool:
    """Whether a stored ledger may have includes; a text in a value may look like one."""
    return '"include":' in text


def value_of(entry: Entry) -> Any:
    """The value of an entry as rules see it."""
    return None if entry.value is msgspec.UNSET else documents.decode(text_of(entry.value))


def values(entries: Entries) -> dict[str, Any]:
    """The values of some entries as rules see them: `LEDGER`."""
    return {name: value_of(entry) for name, entry in entries.items()}


def text_of(value: Json) -> str:
    """The JSON text of a value."""
    return "null" if value is msgspec.UNSET else bytes(value).decode()


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same to the last digit, however they are written."""
    texts = text_of(one), text_of(other)
    if texts[0] == texts[1]:
        return True
    try:
        return _canonical(_read(texts[0])) == _canonical(_read(texts[1]))
    except (msgspec.MsgspecError, OverflowError, ValueError):
        return False


def check_name(name: str, pointer: str) -> None:
    """Refuse a text that is no name of an entry (spec section 1, identifiers).

    Raises:
        InvalidValueError: it has another form, or more than 128 characters.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidValueError(
            f"The entry name {quoted(name)} must be up to 128 of the characters a-z, 0-9, _ and -, "
            "such as serial_no or size-2.",
            pointer,
        )


def parse_source(text: str, account: str, pointer: str) -> Address:
    """The entry that `twin://<twin>/<account>/<entry>` names; without an account, the given one's.

    Raises:
        InvalidValueError: the text has another form.
    """
    match = _SOURCE.fullmatch(text)
    if match is None:
        raise InvalidValueError(
            f"The source {quoted(text)} must be twin://<twin>/<account>/<entry>.", pointer
        )
    check_name(match[3], pointer)
    whose = account if match[2] is None else ids.parse_uuid(match[2], "account", pointer)
    return Address(ids.parse_uuid(match[1], "twin", pointer), whose, match[3])


def source_of(entry: Entry, account: str) -> Address | None:
    """Where the entry of an account has its value from; None when it is its own."""
    held = entry.ref or entry.include
    return None if not held else parse_source(held.source, account, "")
