"""Twins of a model as they are shown: alone, or with the relationships at their ends."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from twinhold.registry import access, modelled_twins, relationships
from twinhold.registry.principal import Call
from twinhold.registry.relationships import Direction
from twinhold.store import Transaction
from twinhold.store.shape import Shape
from twinhold.store.twins import Facts


class View(msgspec.Struct, frozen=True):
    """How twins are shown.

    Attributes:
        twin: the shape of each.
        relationship: the shape of each relationship.
        directions: the relationships to show with it: those that leave it, or arrive at it.
    """

    twin: Shape
    relationship: Shape
    directions: tuple[Direction, ...] = ()


class Shown(NamedTuple):
    """A twin and its relationships as documents; None for those not asked for."""

    twin: Facts
    outgoing: list[str] | None
    incoming: list[str] | None


async def get(transaction: Transaction, call: Call, id_: str, view: View) -> Shown:
    """Read a twin.

    Raises:
        TwinNotFoundError: there is none of this id.
        TwinForbiddenError: the caller may not see it.
        PermissionDeniedError: the caller may not see relationships.
    """
    twin = await modelled_twins.find(transaction, call, id_, view.twin)
    return (await show(transaction, call, [twin], view))[0]


async def get_some(
    transaction: Transaction, call: Call, ids: Sequence[str], view: View
) -> list[Shown]:
    """Read those of some twins that there are and that the caller may see, in this order.

    Raises:
        PermissionDeniedError: the caller may not see relationships.
    """
    found = await modelled_twins.get_some(transaction, call, ids, view.twin)
    return await show(transaction, call, found, view)


async def show(
    transaction: Transaction, call: Call, twins: Sequence[Facts], view: View
) -> list[Shown]:
    """Twins that the caller may see, with their relationships: one statement a direction.

    Raises:
        PermissionDeniedError: the caller may not see relationships.
    """
    if not view.directions:
        return [Shown(twin, None, None) for twin in twins]
    access.require_permission(call.actor, "get_relationships")
    uuids = [twin.uuid for twin in twins]
    edges: dict[Direction, dict[str, list[str]]] = {}
    for direction in view.directions:
        edges[direction] = await relationships.of_twins(
            transaction, call, uuids, direction, view.relationship
        )
    outgoing, incoming = edges.get("outgoing", {}), edges.get("incoming", {})
    return [Shown(twin, outgoing.get(twin.uuid), incoming.get(twin.uuid)) for twin in twins]
