"""What twins are looked for by, in whatever dialect; every filter given must hold."""

import msgspec

from twinhold.registry import models
from twinhold.registry.principal import Call
from twinhold.registry.property_filters import Group
from twinhold.registry.relationships import Direction
from twinhold.store import Transaction

EITHER: tuple[Direction, ...] = ("outgoing", "incoming")


class ModelFilter(msgspec.Struct, frozen=True):
    """Twins of one of some models, or of a model that extends one of them.

    Attributes:
        models: empty for any.
        exact: not of those that extend them.
    """

    models: tuple[str, ...] = ()
    exact: bool = False


class RelationshipFilter(msgspec.Struct, frozen=True):
    """Twins that have a relationship.

    Attributes:
        directions: those that leave the twin, those that arrive at it, or both.
        names: empty for any.
        model: of the twin at the other end.
    """

    directions: tuple[Direction, ...] = EITHER
    names: tuple[str, ...] = ()
    model: ModelFilter = ModelFilter()


class Filters(msgspec.Struct, frozen=True):
    """Which twins.

    Attributes:
        model: of which model.
        relationship: with which relationship; None asks for none.
        location: the id of the twin that they are in; None for anywhere.
        changed_after: microseconds after which they were changed.
        changed_before: microseconds before which they were changed.
        properties: what they hold; None for anything.
    """

    model: ModelFilter = ModelFilter()
    relationship: RelationshipFilter | None = None
    location: str | None = None
    changed_after: int | None = None
    changed_before: int | None = None
    properties: Group | None = None


async def models_of(
    transaction: Transaction, call: Call, filter_: ModelFilter
) -> tuple[str, ...] | None:
    """The models that a filter names, and those that extend them unless it is exact; None for any.

    A model that the account has not is one that no twin has.
    """
    if not filter_.models:
        return None
    if filter_.exact:
        return filter_.models
    return await models.families(transaction, call, filter_.models)
