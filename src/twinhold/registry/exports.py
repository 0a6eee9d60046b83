"""Exports: all that an account has, as lines of an exchange file, a page after the other.

The order depends on nothing but what is exported: models so that each comes after those that it
depends on, twins by id, relationships by the id of their source and their own. So two registries
with the same content export the same bytes. Each page is as of the time at which it was read.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any, Literal, NamedTuple

import msgspec

from twinhold.registry import access, exchange_lines, models
from twinhold.registry.errors import CursorInvalidError
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import exports as stored
from twinhold.store.relationships import EdgeRow
from twinhold.store.twins import Facts

Section = Literal["models", "twins", "relationships"]
PAGE = 1_000
_PAGE_OF_MODELS = 250


class Page(NamedTuple):
    """Some lines of a section.

    Attributes:
        cursor: where the next page begins; None when none follows.
        left_out: how many records were passed over; those that the caller may not see do not count.
    """

    lines: list[str]
    cursor: str | None
    left_out: int


async def page(
    transaction: Transaction, call: Call, section: Section, cursor: str | None, count: int = PAGE
) -> Page:
    """The lines of a section behind a cursor, or the first ones.

    Raises:
        PermissionDeniedError: the caller may not read what the section holds.
        CursorInvalidError: the cursor is none of this section.
    """
    if section == "models":
        access.require_permission(call.actor, "get_models")
        (after,) = _open(cursor, 1)
        return await _models(transaction, call, after)
    if section == "twins":
        access.require_permission(call.actor, "scan_twins")
        (after,) = _open(cursor, 1)
        return await _twins(transaction, call, after, count)
    access.require_permission(call.actor, "get_relationships")
    source, after = _open(cursor, 2)
    return await _relationships(transaction, call, (source, after), count)


async def _models(transaction: Transaction, call: Call, after: str) -> Page:
    account = {"account": call.actor.account}
    edges = await transaction.all(stored.MODEL_EDGES, account)
    order = _bases_first(edges)
    if after and after not in order:
        raise CursorInvalidError("The model that the cursor stands behind does not exist any more.")
    start = order.index(after) + 1 if after else 0
    wanted = order[start : start + _PAGE_OF_MODELS]
    rows = await transaction.all(stored.MODEL_DOCUMENTS, account | {"dtmis": models.names(wanted)})
    documents: Mapping[str, str] = {row[0]: row[1] for row in rows}
    lines = [exchange_lines.write_model(documents[dtmi]) for dtmi in wanted]
    more = start + len(wanted) < len(order)
    return Page(lines, _seal(wanted[-1]) if more else None, 0)


def _bases_first(edges: Iterable[Any]) -> list[str]:
    """Models in an order in which each follows all that it depends on, else by their ids."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for row in edges:
        sorter.add(row[0], *([] if row[1] is None else [row[1]]))
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


async def _twins(transaction: Transaction, call: Call, after: str, count: int) -> Page:
    owner = {"owner": call.actor.account}
    rows = await transaction.all(stored.TWINS, owner | {"after": after, "count": count + 1})
    twins = await gathering.twins_of(transaction, call, rows[:count])
    seen = [twin for twin in twins if access.sees_twin(call, twin)]
    alive = [twin for twin in seen if twin.terminated is None]
    lines = [
        exchange_lines.write_twin(twin.id or "", twin.model or "", twin.contents or "{}")
        for twin in alive
    ]
    left_out = len(seen) - len(alive)
    if len(rows) > count:
        return Page(lines, _seal(twins[-1].id or ""), left_out)
    return Page(lines, None, left_out + await _faceless(transaction, call))


async def _faceless(transaction: Transaction, call: Call) -> int:
    """How many twins have no model face; a caller with a rule is not told of twins it may hide."""
    if call.actor.twin_rule is not None:
        return 0
    row = await transaction.one(stored.FACELESS, {"owner": call.actor.account})
    return 0 if row is None else int(row[0])


async def _relationships(
    transaction: Transaction, call: Call, after: tuple[str, str], count: int
) -> Page:
    rows = await transaction.all(
        stored.RELATIONSHIPS,
        {
            "owner": call.actor.account,
            "source": after[0],
            "after": after[1],
            "count": count + 1,
            "whole": call.actor.twin_rule is not None,
        },
    )
    lines, left_out, middle = [], 0, stored.EDGE + stored.FACTS_COUNT
    sources = [row[stored.EDGE : middle] for row in rows[:count]]
    targets = [row[middle:] for row in rows[:count]]
    every = await gathering.twins_of(transaction, call, sources + targets)
    for row, *ends in zip(rows[:count], every, every[len(sources) :], strict=False):
        if not all(access.sees_twin(call, twin) for twin in ends):
            continue
        if all(_is_exported(call, twin) for twin in ends):
            lines.append(exchange_lines.write_relationship(EdgeRow._make(row[: stored.EDGE])))
        else:
            left_out += 1
    if len(rows) <= count:
        return Page(lines, None, left_out)
    last = EdgeRow._make(rows[count - 1][: stored.EDGE])
    return Page(lines, _seal(last.source_id, last.relationship), left_out)


def _is_exported(call: Call, twin: Facts) -> bool:
    """Whether a twin that the caller may see is among the exported ones."""
    return twin.id is not None and twin.terminated is None and twin.owner == call.actor.account


def _seal(*position: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode()


def _open(cursor: str | None, count: int) -> list[str]:
    """The texts in a cursor, empty ones for the beginning.

    Raises:
        CursorInvalidError: it holds no such texts.
    """
    if cursor is None:
        return [""] * count
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        position = msgspec.json.decode(text, type=list[str])
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError, UnicodeDecodeError):
        position = []
    # PostgreSQL has no text with a NUL.
    if len(position) != count or any("\0" in text for text in position):
        raise CursorInvalidError("The cursor is not one of this section.")
    return position
