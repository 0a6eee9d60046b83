"""The certificate face of twins: create, read, update, terminate, scan.

Every use case answers the twin as JSON text in the shape that its dialect asked for.
"""

from collections.abc import Callable

import msgspec

from twinhold.registry import access, variables
from twinhold.registry.access import Call
from twinhold.registry.errors import TwinNotFoundError, TwinTerminatedError
from twinhold.rules import Rule
from twinhold.store import Transaction
from twinhold.store import twins as stored
from twinhold.store.engine import Row
from twinhold.store.shape import Shape
from twinhold.store.statement import Statement
from twinhold.store.twins import Facts

Description = str | None | msgspec.UnsetType
"""The description as JSON text; null removes it, unset leaves it as it is."""


class Scan(msgspec.Struct, frozen=True):
    """What to scan: so many of the account's twins after a UUID.

    Attributes:
        after: the UUID that the scan stands behind.
        count: how many twins are looked at, not how many are found.
        rule: only twins that match; an error while evaluating skips the twin.
        shape: how each is written.
    """

    after: str
    count: int
    rule: Rule | None
    shape: Shape


class Page(msgspec.Struct, frozen=True):
    """What a scan found.

    Attributes:
        documents: the twins in the shape asked for.
        last: the UUID of the last twin looked at; None when no twin remains.
    """

    documents: list[str]
    last: str | None


async def create(
    transaction: Transaction, call: Call, uuid: str, description: Description, shape: Shape
) -> str:
    """Create a twin that the caller's account owns."""
    return await _changed(
        transaction,
        stored.INSERT.shaped(shape),
        {
            "uuid": uuid,
            "owner": call.actor.account,
            "description": description or None,
            "now": call.now,
        },
    )


async def get(
    transaction: Transaction, call: Call, uuid: str, shape: Shape, *, show_terminated: bool
) -> str:
    """Read a twin.

    Raises:
        TwinNotFoundError: there is none, or it is terminated and those are left out.
        TwinForbiddenError: the caller may not see it.
    """
    twin = await _find(transaction, stored.SELECT.shaped(shape), uuid)
    access.require_twin(call.actor, twin.owner)
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
    twin = await _find_to_change(transaction, call, uuid, shape)
    if description is msgspec.UNSET:
        return twin.document
    return await _changed(
        transaction,
        stored.UPDATE_DESCRIPTION.shaped(shape),
        {"uuid": uuid, "description": description, "now": call.now},
    )


async def terminate(transaction: Transaction, call: Call, uuid: str, shape: Shape) -> str:
    """End a twin for good.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinForbiddenError: the caller may not see it.
        NotOwnerError: another account owns it.
        TwinTerminatedError: it is terminated already.
    """
    await _find_to_change(transaction, call, uuid, shape)
    return await _changed(
        transaction,
        stored.TERMINATE.shaped(shape),
        {"uuid": uuid, "issuer": call.actor.account, "now": call.now},
    )


async def scan(transaction: Transaction, call: Call, what: Scan) -> Page:
    """Look at the next twins that the caller's account owns, in the order of their UUIDs."""
    statement = stored.PAGE if what.rule is None else stored.PAGE_OF_FACTS
    # One more than asked for tells whether any remain.
    rows = await transaction.all(
        statement.shaped(what.shape),
        {"owner": call.actor.account, "after": what.after, "count": what.count + 1},
    )
    looked_at = rows[: what.count]
    last = looked_at[-1][0] if len(rows) > what.count else None
    if what.rule is not None:
        looked_at = list(filter(_matcher(what.rule, call), looked_at))
    return Page([row[-1] for row in looked_at], last)


async def _find(transaction: Transaction, statement: Statement, uuid: str) -> Facts:
    row = await transaction.one(statement, {"uuid": uuid})
    if row is None:
        raise TwinNotFoundError(f"The twin {uuid} does not exist.")
    return Facts._make(row)


async def _find_to_change(transaction: Transaction, call: Call, uuid: str, shape: Shape) -> Facts:
    twin = await _find(transaction, stored.SELECT_FOR_UPDATE.shaped(shape), uuid)
    access.require_twin(call.actor, twin.owner)
    access.require_ownership(call.actor, twin.owner)
    if twin.terminated is not None:
        raise TwinTerminatedError(f"The twin {uuid} is terminated.")
    return twin


async def _changed(
    transaction: Transaction, statement: Statement, parameters: dict[str, object]
) -> str:
    row = await transaction.one(statement, parameters)
    if row is None:
        raise RuntimeError("A statement that changes one twin answered no twin.")
    document: str = row[0]
    return document


def _matcher(rule: Rule, call: Call) -> Callable[[Row], bool]:
    """Whether a row of `Facts` matches a rule; the call's own variables are gathered once."""
    names = rule.variables
    scope = variables.of_call(call, names)

    def matches(row: Row) -> bool:
        return rule.matches(scope | variables.of_twin(Facts._make(row), names))

    return matches
