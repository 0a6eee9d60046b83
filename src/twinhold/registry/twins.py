"""The certificate face of twins: create, read, update, terminate, scan.

Every use case answers the twin as JSON text in the shape that its dialect asked for.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from twinhold.registry import access, variables
from twinhold.registry.errors import TwinNotFoundError, TwinTerminatedError
from twinhold.registry.principal import Call
from twinhold.rules import Rule
from twinhold.store import Transaction
from twinhold.store import twins as stored
from twinhold.store.shape import NOTHING, Shape
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
        visible_only: only twins that the caller may see.
        shape: how each is written.
    """

    after: str
    count: int
    rule: Rule | None
    visible_only: bool
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
    access.require_twin(call, twin)
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
    twin = await find_to_change(transaction, call, uuid, shape)
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
    await find_to_change(transaction, call, uuid, shape)
    return await _changed(
        transaction,
        stored.TERMINATE.shaped(shape),
        {"uuid": uuid, "issuer": call.actor.account, "now": call.now},
    )


async def scan(transaction: Transaction, call: Call, what: Scan) -> Page:
    """Look at the next twins that the caller's account owns, in the order of their UUIDs."""
    wanted = _filter(call, what)
    statement = stored.PAGE if wanted is None else stored.PAGE_OF_FACTS
    # One more than asked for tells whether any remain.
    rows = await transaction.all(
        statement.shaped(what.shape),
        {"owner": call.actor.account, "after": what.after, "count": what.count + 1},
    )
    looked_at = rows[: what.count]
    last = looked_at[-1][0] if len(rows) > what.count else None
    if wanted is None:
        return Page([row[stored.DOCUMENT] for row in looked_at], last)
    twins = map(Facts._make, looked_at)
    return Page([twin.document for twin in twins if wanted(twin)], last)


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
    twin = await _find(transaction, stored.SELECT_FOR_UPDATE.shaped(shape), uuid)
    access.require_twin(call, twin)
    access.require_ownership(call, twin)
    _require_alive(twin)
    return twin


async def require_alive(transaction: Transaction, uuid: str) -> None:
    """Hold a twin until the transaction ends, whoever may see it.

    Raises:
        TwinNotFoundError: there is no such twin.
        TwinTerminatedError: it never changes again.
    """
    _require_alive(await _find(transaction, stored.SELECT_FOR_UPDATE.shaped(NOTHING), uuid))


async def _find(transaction: Transaction, statement: Statement, uuid: str) -> Facts:
    row = await transaction.one(statement, {"uuid": uuid})
    if row is None:
        raise TwinNotFoundError(f"The twin {uuid} does not exist.")
    return Facts._make(row)


def _require_alive(twin: Facts) -> None:
    if twin.terminated is not None:
        raise TwinTerminatedError(f"The twin {twin.uuid} is terminated.")


async def _changed(
    transaction: Transaction, statement: Statement, parameters: dict[str, object]
) -> str:
    row = await transaction.one(statement, parameters)
    if row is None:
        raise RuntimeError("A statement that changes one twin answered no twin.")
    document: str = row[0]
    return document


def _filter(call: Call, what: Scan) -> Callable[[Facts], bool] | None:
    """Which of the twins looked at belong on the page; None means all of them."""
    visible_only = what.visible_only and call.actor.twin_rule is not None
    if what.rule is None:
        return partial(access.sees_twin, call) if visible_only else None
    matches = _matcher(what.rule, call)
    if not visible_only:
        return matches
    return lambda twin: access.sees_twin(call, twin) and matches(twin)


def _matcher(rule: Rule, call: Call) -> Callable[[Facts], bool]:
    """Whether a twin matches a rule; the call's own variables are gathered once."""
    names = rule.variables
    scope = variables.of_call(call, names)
    return lambda twin: rule.matches(scope | variables.of_twin(twin, names))
