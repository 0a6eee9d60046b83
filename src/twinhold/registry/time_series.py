"""Time series: values of Capability twins by the time at which their source recorded them.

A twin has one value a time; the one that was sent last counts. Values belong to their twin: whoever
sees it sees them, and its owner adds to them while it is alive (spec/willow.md 6 and 9).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from twinhold.registry import access, capabilities, documents, modelled_twins
from twinhold.registry.errors import (
    Problems,
    TimeSeriesInvalidError,
    TwinNotFoundError,
    quoted,
)
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import time_series as stored
from twinhold.store.shape import Shape
from twinhold.store.time_series import FACTS_START, Row
from twinhold.store.twins import Facts

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of the values of a page, and of what was said about them; the next page has the rest."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """A value as a client sent it.

    Attributes:
        place: the JSON pointer of what names its twin.
        twin: the id of the twin; without it, `external` names the twin.
        external: the name of the twin outside of the registry.
        connector: where the value came from.
        time: microseconds since the epoch, by the clock of its source.
        scalar: as JSON.
        properties: as JSON, or None when it has none.
    """

    place: str
    twin: str | None
    external: str | None
    connector: str
    time: int
    scalar: str
    properties: str | None


class Position(NamedTuple):
    """Where a list of values stands: behind the value at a time of a twin of a number."""

    time: int
    number: int


class Window(msgspec.Struct, frozen=True):
    """Which values to list: those behind a position and before a time, as many at most."""

    after: Position
    until: int
    count: int
    shape: Shape


class Span(msgspec.Struct, frozen=True):
    """Of which time to take the latest value; each in this shape."""

    since: int
    until: int
    shape: Shape


class Page(msgspec.Struct, frozen=True):
    """Some values, the position of the last one when more follow, and ids that match no twin."""

    values: list[str]
    last: Position | None
    unknown: list[str]


def start_of(since: int) -> Position:
    """The position before all values from a time on."""
    return Position(since, -1)


async def post(transaction: Transaction, call: Call, values: Sequence[Value]) -> None:
    """Store values, all of them or none; the last one of a twin and time counts.

    Raises:
        TimeSeriesInvalidError: some have no twin that can take them; names them all.
        TwinForbiddenError, NotOwnerError: the caller may not change a twin.
    """
    targets = await _find_targets(transaction, call, values)
    rows: dict[tuple[str, int], Row] = {}
    problems = Problems()
    for value in values:
        target = targets.of(value)
        if target.refusal:
            problems.add(value.place, target.refusal)
        else:
            rows[target.uuid, value.time] = _row(target.uuid, value)
    if problems.count:
        raise TimeSeriesInvalidError(problems.first, problems.count)
    # In this order, so that no two batches wait for each other.
    ordered = [rows[key] for key in sorted(rows)]
    parameters = {"rows": msgspec.json.encode(ordered).decode(), "now": call.now}
    await transaction.run(stored.PUT, parameters)


async def get(transaction: Transaction, call: Call, id_: str, window: Window) -> Page:
    """List values of a twin, the earliest first.

    Raises:
        TwinNotFoundError, TwinForbiddenError: the twin does not exist or is hidden.
    """
    twin = await modelled_twins.find(transaction, call, id_)
    return await _page(transaction, {0: twin}, window)


async def get_some(
    transaction: Transaction, call: Call, ids: Collection[str], window: Window
) -> Page:
    """List values of several twins, the earliest first, then in the order of the ids asked for.

    Raises:
        TwinNotFoundError: none of the twins exists, or the caller may see none.
    """
    ordered = sorted(set(ids))
    found = await _find_some(transaction, call, ordered)
    numbered = {number: found[id_] for number, id_ in enumerate(ordered) if id_ in found}
    page = await _page(transaction, numbered, window)
    unknown = [id_ for id_ in ordered if id_ not in found]
    return msgspec.structs.replace(page, unknown=unknown)


async def get_latest(transaction: Transaction, call: Call, id_: str, span: Span) -> list[str]:
    """The latest value of a twin; nothing when it has none.

    Raises:
        TwinNotFoundError, TwinForbiddenError: the twin does not exist or is hidden.
    """
    twin = await modelled_twins.find(transaction, call, id_)
    return await _latest(transaction, {0: twin}, span)


async def get_latest_of_some(
    transaction: Transaction, call: Call, ids: Collection[str], span: Span
) -> list[str]:
    """The latest value of each of some twins that has one, in the order of the ids.

    Raises:
        TwinNotFoundError: none of the twins exists, or the caller may see none.
    """
    found = await _find_some(transaction, call, ids)
    return await _latest(transaction, dict(enumerate(found.values())), span)


class _Twin(NamedTuple):
    """A twin that may take values."""

    facts: Facts
    capable: bool


class _Target(NamedTuple):
    """The twin that takes a value, or why there is none."""

    uuid: str
    refusal: str


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Remove the series of a twin."""
    await transaction.run(stored.DELETE_OF_TWIN, {"twin": twin})


class _Targets:
    """The twins that the values of a batch go to; each name is looked at once."""

    def __init__(self, call: Call, twins: Sequence[_Twin]) -> None:
        self._call = call
        self._twins = {twin.facts.uuid: twin for twin in twins}
        self._outside: dict[str, list[_Twin]] = {}
        for twin in twins:
            name = twin.facts.external_id
            if name is not None and twin.facts.owner == call.actor.account:
                self._outside.setdefault(name, []).append(twin)
        self._known: dict[tuple[str | None, str | None, str], _Target] = {}

    def of(self, value: Value) -> _Target:
        """Where a value goes.

        Raises:
            TwinForbiddenError, NotOwnerError: to a twin that the caller may not change.
        """
        name = (value.twin, None if value.twin else value.external, value.connector)
        target = self._known.get(name)
        if target is None:
            target = self._known[name] = self._find(value)
        return target

    def _find(self, value: Value) -> _Target:
        found = self._of_id(value.twin) if value.twin else self._of_outside(value)
        shown = quoted(value.twin or value.external or "")
        if not found or found[0].facts.id is None:
            return _Target("", f"The twin {shown} does not exist, or has no model.")
        if len(found) > 1:
            return _Target("", f"The external id {shown} is that of {len(found)} twins.")
        return self._target(found[0], shown)

    def _target(self, twin: _Twin, shown: str) -> _Target:
        access.require_twin(self._call, twin.facts)
        access.require_ownership(self._call, twin.facts)
        if twin.facts.terminated is not None:
            return _Target("", f"The twin {shown} is terminated.")
        if not twin.capable:
            return _Target("", f"The model of the twin {shown} is no Capability.")
        return _Target(twin.facts.uuid, "")

    def _of_id(self, id_: str) -> list[_Twin]:
        uuids = modelled_twins.uuids_of(self._call, id_)
        return [self._twins[uuid] for uuid in uuids if uuid in self._twins][:1]

    def _of_outside(self, value: Value) -> list[_Twin]:
        """Twins of an external id: those of the connector, or else those that name none."""
        by_connector: dict[str | None, list[_Twin]] = {}
        for twin in self._outside.get(value.external or "", ()):
            contents = documents.decode(twin.facts.contents or "{}")
            by_connector.setdefault(capabilities.connector_id(contents), []).append(twin)
        return by_connector.get(value.connector) or by_connector.get(None, [])


async def _find_targets(transaction: Transaction, call: Call, values: Sequence[Value]) -> _Targets:
    """The twins that values name, held until the transaction ends."""
    ids = {value.twin for value in values if value.twin}
    uuids = {uuid for id_ in ids for uuid in modelled_twins.uuids_of(call, id_)}
    externals = {value.external for value in values if value.external and not value.twin}
    rows = await transaction.all(
        stored.SELECT_TWINS,
        {
            "uuids": msgspec.json.encode(sorted(uuids)).decode(),
            "externals": msgspec.json.encode(sorted(externals)).decode(),
            "owner": call.actor.account,
            "capability": capabilities.CAPABILITY,
        },
    )
    facts = (row[FACTS_START:] for row in rows)
    found = await gathering.twins_of(transaction, call, facts)
    return _Targets(call, [_Twin(twin, row[0]) for twin, row in zip(found, rows, strict=True)])


def _row(uuid: str, value: Value) -> Row:
    return Row(uuid, value.time, value.scalar, value.properties, value.connector, value.external)


async def _find_some(
    transaction: Transaction, call: Call, ids: Collection[str]
) -> dict[str, Facts]:
    """Those of some twins that there are and that the caller may see, by their ids."""
    found = await modelled_twins.find_each(transaction, call, ids)
    if ids and not found:
        raise TwinNotFoundError("None of the twins exists.")
    return found


async def _page(transaction: Transaction, twins: Mapping[int, Facts], window: Window) -> Page:
    parameters = {
        "twins": _numbered(twins),
        "time": window.after.time,
        "number": window.after.number,
        "until": window.until,
        # One more than asked for tells whether any remain.
        "count": window.count + 1,
        "most": MOST_BYTES,
    }
    rows = await transaction.all(stored.PAGE.shaped(window.shape), parameters)
    page = rows[: window.count]
    if not page:
        return Page([], None, [])
    time, number, _, reached = page[-1]
    last = Position(time, number) if len(page) < reached else None
    return Page([document for _, _, document, _ in page], last, [])


async def _latest(transaction: Transaction, twins: Mapping[int, Facts], span: Span) -> list[str]:
    parameters = {"twins": _numbered(twins), "since": span.since, "until": span.until}
    rows = await transaction.all(stored.LATEST.shaped(span.shape), parameters)
    return [document for (document,) in rows]


def _numbered(twins: Mapping[int, Facts]) -> str:
    """Twins as the one parameter in which many of them travel; each once, by its first number."""
    items: dict[str, tuple[int, str, str | None]] = {}
    for number, twin in twins.items():
        items.setdefault(twin.uuid, (number, twin.uuid, twin.id))
    return msgspec.json.encode(list(items.values())).decode()
