"""Handlers of the ledger operations."""

from typing import Any

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import ledgers as wire
from twinhold.api.trusted_twin.wire.common import Validity, seconds
from twinhold.registry import ids
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.ledgers import history, reading, writing
from twinhold.registry.ledgers.history import Span
from twinhold.registry.ledgers.reading import Wanted, Which

_HIDDEN = '"Entry not accessible."'
_ALIASES = {"owner", "creator"}
_MOST_RECORDS = 100
_LATEST = 253_402_300_799.0


async def get_twin_ledger_entry(request: Request) -> bytes:
    """GET /twins/{twin}/ledgers/{ledger}."""
    query = request.query
    wanted = Wanted(
        _names(request),
        query.boolean("show_references", default=True),
        query.boolean("show_public", default=True),
        query.boolean("show_private", default=True),
    )
    return _written(await _look(request, reading.get, wanted))


async def get_twin_ledger_entry_value(request: Request) -> bytes:
    """GET /twins/{twin}/ledgers/{ledger}/value."""
    return _written(await _look(request, reading.get_values, _names(request)))


async def get_twin_ledger_entry_history(request: Request) -> bytes:
    """GET /twins/{twin}/ledgers/{ledger}/history."""
    span = Span(
        _names(request),
        _moment(request, "ge", 0),
        _moment(request, "le", _LATEST),
        request.query.integer("limit", default=_MOST_RECORDS, lowest=1, highest=_MOST_RECORDS),
    )
    found = await _look(request, history.get, span)
    members = (
        f"{_quoted(name)}:{_HIDDEN if records is None else _records(records)}"
        for name, records in found.items()
    )
    return _written("{" + ",".join(members) + "}")


async def add_twin_ledger_entry(request: Request) -> bytes:
    """POST /twins/{twin}/ledgers/{ledger}."""
    given, terms = await wire.added(request.body, request.call.actor.account)
    return await _change(request, writing.add, given, terms)


async def update_twin_ledger_entry(request: Request) -> bytes:
    """PATCH /twins/{twin}/ledgers/{ledger}."""
    given, terms = await wire.updated(request.body)
    return await _change(request, writing.update, given, terms)


async def update_twin_ledger_entry_value(request: Request) -> bytes:
    """PATCH /twins/{twin}/ledgers/{ledger}/value."""
    given, terms = await wire.updated_values(request.body)
    return await _change(request, writing.update, given, terms)


async def delete_twin_ledger_entry(request: Request) -> bytes:
    """DELETE /twins/{twin}/ledgers/{ledger}."""
    names, terms = _names(request), await wire.terms(request.body)
    return await _change(request, writing.delete, names, terms)


async def _look(request: Request, use_case: Any, asked: Any) -> Any:
    """Read a ledger; where rules look at each entry it may take long, and holds nobody up."""
    ask = request.read if request.call.actor.entry_rule is None else request.search
    return await ask(use_case, _which(request), asked)


async def _change(request: Request, use_case: Any, *asked: Any) -> bytes:
    document = await request.write(use_case, _which(request), *asked)
    request.registry.references.wake()
    return _written(document)


def _which(request: Request) -> Which:
    twin, name = ids.parse_uuid(request.path["twin"], "twin"), request.path["ledger"]
    if name == "personal":
        return Which(twin, request.call.actor.account)
    return Which(twin, name if name in _ALIASES else ids.parse_uuid(name, "ledger"))


def _names(request: Request) -> frozenset[str] | None:
    """The names asked for: repeated, or separated by commas."""
    given = request.query.texts("entries")
    if not given:
        return None
    return frozenset(name for text in given for name in text.split(",") if name)


def _moment(request: Request, name: str, default: float) -> int:
    """A time in the query string, in microseconds."""
    text = request.query.text(name)
    try:
        moment = default if text is None else float(text)
    except ValueError:
        moment = -1
    if not 0 <= moment <= _LATEST:
        raise InvalidValueError(
            f"The parameter {name} must be seconds since the epoch, not {quoted(text or '')}."
        )
    return history.microseconds(moment)


def _records(records: list[tuple[int, str]]) -> str:
    return "{" + ",".join(f'"{_seconds(changed)}":{value}' for changed, value in records) + "}"


def _seconds(moment: int) -> str:
    written = seconds(moment)
    return "" if written is None else bytes(written).decode()


def _quoted(name: str) -> str:
    return msgspec.json.encode(name).decode()


def _written(entries: str) -> bytes:
    return f'{{"entries":{entries}}}'.encode()


_ENTRIES = Parameter("entries", list[str], None, "Names of entries; without it all.")

OPERATIONS = (
    Operation(
        name="get_twin_ledger_entry",
        method="GET",
        path="/twins/{twin}/ledgers/{ledger}",
        handler=get_twin_ledger_entry,
        summary="Read a ledger: `personal`, `owner`, `creator` or the UUID of an account.",
        query=(
            _ENTRIES,
            Parameter("show_references", bool, True, "Of the own ledger: references too."),
            Parameter("show_public", bool, True, "Of the own ledger: entries with a visibility."),
            Parameter("show_private", bool, True, "Of the own ledger: entries without one."),
        ),
        response=wire.Ledger,
    ),
    Operation(
        name="add_twin_ledger_entry",
        method="POST",
        path="/twins/{twin}/ledgers/{ledger}",
        handler=add_twin_ledger_entry,
        summary="Add entries to the own ledger.",
        status=201,
        request=wire.LedgerInput,
        response=wire.LedgerChange,
    ),
    Operation(
        name="update_twin_ledger_entry",
        method="PATCH",
        path="/twins/{twin}/ledgers/{ledger}",
        handler=update_twin_ledger_entry,
        summary="Change values and settings of entries of the own ledger.",
        request=wire.LedgerInput,
        response=wire.LedgerChange,
    ),
    Operation(
        name="delete_twin_ledger_entry",
        method="DELETE",
        path="/twins/{twin}/ledgers/{ledger}",
        handler=delete_twin_ledger_entry,
        summary="Delete entries of the own ledger.",
        query=(_ENTRIES,),
        request=wire.TermsInput,
        response=wire.LedgerChange,
    ),
    Operation(
        name="get_twin_ledger_entry_value",
        method="GET",
        path="/twins/{twin}/ledgers/{ledger}/value",
        handler=get_twin_ledger_entry_value,
        summary="Read the values of a ledger.",
        query=(_ENTRIES,),
        response=wire.LedgerValues,
    ),
    Operation(
        name="update_twin_ledger_entry_value",
        method="PATCH",
        path="/twins/{twin}/ledgers/{ledger}/value",
        handler=update_twin_ledger_entry_value,
        summary="Change values of entries of the own ledger, and nothing else.",
        request=wire.LedgerValuesInput,
        response=wire.LedgerChange,
    ),
    Operation(
        name="get_twin_ledger_entry_history",
        method="GET",
        path="/twins/{twin}/ledgers/{ledger}/history",
        handler=get_twin_ledger_entry_history,
        summary="Read the recorded values of a ledger, newest first.",
        query=(
            _ENTRIES,
            Parameter("ge", Validity, None, "Only values set at this time or later."),
            Parameter("le", Validity, None, "Only values set at this time or earlier."),
            Parameter(
                "limit",
                forms.integer(1, _MOST_RECORDS),
                100,
                "How many values of each entry, 1 to 100.",
            ),
        ),
        response=wire.LedgerHistory,
    ),
)
