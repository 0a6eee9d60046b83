"""A twin and those that are related to it, found step by step from twin to twin.

Each step follows relationships from all twins of the one before it, in one statement. A twin stays
in the answer even when a later step finds nothing from it (spec/willow.md 4.8).
"""

from collections.abc import Sequence

import msgspec

from twinhold.registry import access, modelled_twins, twin_filters
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.registry.relationships import Direction, Paths
from twinhold.registry.twin_filters import EITHER, ModelFilter
from twinhold.store import Transaction
from twinhold.store import relationships as stored
from twinhold.store.shape import Shape
from twinhold.store.twins import Facts

MOST_TWINS = 10_000
"""Twins that one step may find."""

MOST_TOGETHER = 50_000
"""Twins that all steps together may find."""


LARGEST_ANSWER = 64 * 1024 * 1024
"""Characters that the twins of all steps may have together."""

_READ_TOGETHER = 500


class Step(msgspec.Struct, frozen=True):
    """Relationships to follow.

    Attributes:
        alias: names the twins that are found.
        directions: of the relationships, seen from the twins that they are followed from.
        names: of the relationships; empty for any.
        model: of the twins that are found.
        following: the step to take from these.
    """

    alias: str
    directions: tuple[Direction, ...] = EITHER
    names: tuple[str, ...] = ()
    model: ModelFilter = ModelFilter()
    following: "Step | None" = None


class Graph(msgspec.Struct, frozen=True):
    """Where to begin, and the steps to take from there."""

    alias: str
    id: str
    steps: tuple[Step, ...] = ()


async def find(
    transaction: Transaction, call: Call, graph: Graph, shape: Shape
) -> dict[str, list[str]]:
    """The twins of a graph as documents by alias, each once and in the order of their ids.

    Relationships and twins that the caller may not see are not followed.

    Raises:
        TwinNotFoundError, TwinForbiddenError: there is no twin to begin with, or it is hidden.
        PermissionDeniedError: the caller may not see relationships.
        InvalidValueError: a step finds too many twins.
    """
    start = await modelled_twins.find(transaction, call, graph.id, shape)
    if graph.steps:
        access.require_permission(call.actor, "get_relationships")
    walk = _Walk(transaction, call, shape)
    for step in graph.steps:
        await walk.take(step, [start])
    return {graph.alias: [start.document]} | walk.found


class _Walk:
    """What was found so far, and how much more may be."""

    def __init__(self, transaction: Transaction, call: Call, shape: Shape) -> None:
        self.found: dict[str, list[str]] = {}
        self._transaction = transaction
        self._call = call
        self._shape = shape
        self._room = MOST_TOGETHER
        self._space = LARGEST_ANSWER

    async def take(self, step: Step, twins: Sequence[Facts]) -> None:
        """Take a step from some twins, and the one that follows from those that are found."""
        found = await self._follow(step, twins)
        self.found[step.alias] = [twin.document for twin in found]
        if step.following is not None:
            await self.take(step.following, found)

    async def _follow(self, step: Step, twins: Sequence[Facts]) -> list[Facts]:
        """The twins that a step leads to.

        Raises:
            InvalidValueError: there are too many, or they are too large.
        """
        most = min(self._room, MOST_TWINS)
        wanted = await twin_filters.models_of(self._transaction, self._call, step.model)
        paths = Paths(step.directions, step.names, wanted)
        statement = stored.neighbours(
            paths.directions, named=paths.is_named, modelled=paths.is_modelled
        ).shaped(self._shape)
        parameters = {
            **paths.parameters,
            "owner": self._call.actor.account,
            "twins": msgspec.json.encode([(twin.uuid, twin.id) for twin in twins]).decode(),
            "count": _READ_TOGETHER,
        }
        looked, found, after = 0, list[Facts](), ""
        while True:
            rows = await self._transaction.all(statement, parameters | {"after": after})
            looked += len(rows)
            if looked > most:
                raise _too_much(step, f"{most} twins")
            part = await gathering.twins_of(self._transaction, self._call, rows)
            seen = [twin for twin in part if access.sees_twin(self._call, twin)]
            self._space -= sum(len(twin.document) for twin in seen)
            if self._space < 0:
                raise _too_much(step, f"{LARGEST_ANSWER} characters of twins")
            found += seen
            if len(rows) < _READ_TOGETHER:
                self._room -= len(found)
                return found
            after = part[-1].id or ""


def _too_much(step: Step, most: str) -> InvalidValueError:
    message = f"The step {quoted(step.alias)} finds more than {most}, with those before it."
    return InvalidValueError(f"{message} Name relationships or models to find fewer.")
