"""The certificate face of twins: create, read, update, terminate, scan.

Every use case answers the twin as JSON text in the shape that its dialect asked for.
"""

import msgspec

from twinhold.registry import access, attribute_indexes
from twinhold.registry.errors import TwinNotFoundError, TwinTerminatedError
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.registry.searches import Page, read_page
from twinhold.store import Transaction
from twinhold.store import twins as stored
from twinhold.store.engine import Row
from twinhold.store.shape import NOTHING, Shape
from twinhold.store.statement import Statement
from twinhold.store.twins import Facts

Description = str | None | msgspec.UnsetType
"""The description as JSON text; null removes it, unset leaves it as it is."""


async def create(
    transaction: Transaction, call: Call, uuid: str, description: Description, shape: Shape
) -> str:
    """Create a twin that the caller's account owns."""
    owner, text = call.actor.account, description or None
    document = await _changed(
        transaction,
        stored.INSERT.shaped(shape),
        {"uuid": uuid, "owner": owner, "description": text, "now": call.now},
    )
    await attribute_indexes.put(transaction, owner, uuid, call.actor.indexes.kept, text)
    return document


async def get(
    transaction: Transaction, call: Call, uuid: str, shape: Shape, *, show_terminated: bool
) -> str:
    """Read a twin.

    Raises:
        TwinNotFoundError: there is none, or it is terminated and those are left out.
        TwinForbiddenError: the caller may not see it.
    """
    twin = await find_visible(transaction, call, uuid, shape)
    if twin.terminated is not None and not show_terminated:
        raise TwinNotFoundError(f"The twin {uuid} is terminated, and the request leaves these out.")
    return twin.document


async def update(
    transaction: Transaction, call: Call, uuid: str, description: Description, shape: Shape
) -> str:
    """Replace the description of a twin; unset changes nothing.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinForbiddenError: the caller may not see it.
        NotOwnerError: another account owns it.
        TwinTerminatedError: it never changes again.
    """
    if description is msgspec.UNSET:
        return (await find_to_change(transaction, call, uuid, shape)).document
    twin = await find_to_change(transaction, call, uuid)
    document = await _changed(
        transaction,
        stored.UPDATE_DESCRIPTION.shaped(shape),
        {"uuid": uuid, "description": description, "now": call.now},
    )
    kept = call.actor.indexes.kept
    await attribute_indexes.put(transaction, twin.owner, uuid, kept, description)
    return document


async def terminate(transaction: Transaction, call: Call, uuid: str, shape: Shape) -> str:
    """End a twin for good.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinForbiddenError: the caller may not see it.
        NotOwnerError: another account owns it.
        TwinTerminatedError: it is terminated already.
    """
    await find_to_change(transaction, call, uuid, shape)
    return await _changed(
        transaction,
        stored.TERMINATE.shaped(shape),
        {"uuid": uuid, "issuer": call.actor.account, "now": call.now},
    )


async def scan(transaction: Transaction, call: Call, after: str, count: int, shape: Shape) -> Page:
    """Look at the next twins that the caller's account owns, in the order of their UUIDs.

    Without a rule: see `searches` for scans that have one.
    """
    return await read_page(
        transaction,
        stored.PAGE.shaped(shape),
        {"owner": call.actor.account, "after": after, "count": count},
    )


async def find_visible(
    transaction: Transaction, call: Call, uuid: str, shape: Shape = NOTHING
) -> Facts:
    """A twin that the caller may see.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinForbiddenError: the caller may not see it.
    """
    row = None
    if transaction.engine == "sqlite":
        own = {"owner": call.actor.account, "uuid": uuid}
        row = await transaction.one(stored.SELECT_OWN.shaped(shape), own)
    if row is None:
        row = await transaction.one(stored.SELECT.shaped(shape), {"uuid": uuid})
    twin = await complete(transaction, call, row, uuid)
    access.require_twin(call, twin)
    return twin


async def find_to_change(
    transaction: Transaction, call: Call, uuid: str, shape: Shape = NOTHING
) -> Facts:
    """A twin that the caller may change, held until the transaction ends.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinForbiddenError: the caller may not see it.
        NotOwnerError: another account owns it.
        TwinTerminatedError: it never changes again.
    """
    twin = await _find(transaction, call, stored.SELECT_FOR_UPDATE.shaped(shape), uuid)
    access.require_twin(call, twin)
    access.require_ownership(call, twin)
    require_alive(twin)
    return twin


async def hold(transaction: Transaction, call: Call, uuid: str) -> Facts:
    """A twin, whoever may see it, which nobody else changes until the transaction ends.

    Raises:
        TwinNotFoundError: there is no such twin.
    """
    return await _find(transaction, call, stored.SELECT_FOR_UPDATE.shaped(NOTHING), uuid)


def require_alive(twin: Facts) -> None:
    """Let only a twin pass that may still change.

    Raises:
        TwinTerminatedError: it never changes again.
    """
    if twin.terminated is not None:
        raise TwinTerminatedError(f"The twin {twin.uuid} is terminated.")


async def complete(transaction: Transaction, call: Call, row: Row | None, uuid: str) -> Facts:
    """A twin from its row, with all that the caller's twin rule reads of it.

    Raises:
        TwinNotFoundError: there is no row.
    """
    if row is None:
        raise TwinNotFoundError(f"The twin {uuid} does not exist.")
    return await gathering.twin_of(transaction, call, row)


async def _find(transaction: Transaction, call: Call, statement: Statement, uuid: str) -> Facts:
    row = await transaction.one(statement, {"uuid": uuid})
    return await complete(transaction, call, row, uuid)


async def _changed(
    transaction: Transaction, statement: Statement, parameters: dict[str, object]
) -> str:
    row = await transaction.one(statement, parameters)
    if row is None:
        raise RuntimeError("A statement that changes one twin answered no twin.")
    document: str = row[stored.DOCUMENT]
    return document
