"""Twins one by one: their documents, their UUIDs, and what indexes say of them."""

from collections.abc import AsyncIterator, Iterator, Mapping

import msgspec

from twinhold.registry import documents, ids
from twinhold.registry.errors import quoted
from twinhold.registry.index_values import index_value
from twinhold.store import Transaction
from twinhold.store import doctor as stored
from twinhold.store.doctor import TwinRow

_PAGE = 1000

Indexes = Mapping[str, Mapping[str, bool]]
"""By account and attribute whether an index is finished."""


async def check(transaction: Transaction) -> AsyncIterator[str]:
    """What is wrong with twins."""
    indexes: dict[str, dict[str, bool]] = {}
    for owner, name, ready in await transaction.all(stored.ALL_INDEXES, {}):
        indexes.setdefault(owner, {})[name] = bool(ready)
    after = {"owner": ids.LOWEST, "uuid": ids.LOWEST}
    while rows := await transaction.all(stored.PAGE_OF_TWINS, after | {"count": _PAGE}):
        page = [TwinRow._make(row) for row in rows]
        after = {"owner": page[-1].owner, "uuid": page[-1].uuid}
        indexed = await _indexed(transaction, page, indexes)
        for twin in page:
            for fault in _faults(twin, indexes.get(twin.owner, {}), indexed):
                yield fault
        await transaction.breathe()


async def _indexed(
    transaction: Transaction, page: list[TwinRow], indexes: Indexes
) -> dict[tuple[str, str], str | None]:
    """What indexes have of those twins whose owners have any."""
    wanted = [twin.uuid for twin in page if twin.owner in indexes]
    if not wanted:
        return {}
    rows = await transaction.all(stored.INDEXED, {"twins": documents.encode(wanted)})
    return {(uuid, name): value for uuid, name, value in rows}


def _faults(
    twin: TwinRow, indexes: Mapping[str, bool], indexed: Mapping[tuple[str, str], str | None]
) -> Iterator[str]:
    if twin.id is not None and twin.uuid not in {
        twin.id,
        ids.named_twin_uuid(twin.owner, twin.id),
    }:
        yield f"The twin {twin.uuid} has the id {quoted(twin.id)}, whose UUID is another."
    if _object(twin.contents) is None:
        yield f"The contents of the twin {twin.uuid} are no JSON object."
    description = _object(twin.description)
    if description is None:
        yield f"The description of the twin {twin.uuid} is no JSON object."
        return
    for name, ready in indexes.items():
        place = twin.uuid, name
        if place not in indexed:
            if ready:
                yield f"The index {name} does not have the twin {twin.uuid}."
        elif indexed[place] != index_value(description.get(name)):
            yield f"The index {name} has another value of the twin {twin.uuid} than it has."


def _object(text: str | None) -> dict[str, object] | None:
    """The object that a document is; None when it is none; of no document an empty one."""
    try:
        value = {} if text is None else documents.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
