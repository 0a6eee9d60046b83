"""Which twins some filters keep: as a condition of the engine, and what is left to check."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinhold.registry import (
    access,
    locations,
    models,
    property_conditions,
    property_filters,
    relationships,
    searches,
    twin_filters,
    variables,
)
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.registry.relationships import Paths
from twinhold.registry.twin_filters import Filters
from twinhold.store import Transaction
from twinhold.store import twin_queries as stored
from twinhold.store.twins import Facts


class Sieve:
    """What twins have to be.

    Attributes:
        models: of one of these; None for any.
        location: the UUID of the twin that they are in; None for anywhere.
        parameters: of the condition, and of the statements that look in a location.
    """

    def __init__(self, call: Call, filters: Filters) -> None:
        self._call = call
        self._properties = filters.properties
        self._paths: Paths | None = None
        self._conditions: list[str] = []
        self._has_rule = call.actor.twin_rule is not None
        self.models: tuple[str, ...] | None = None
        self.location: str | None = None
        self.parameters: dict[str, Any] = {"owner": call.actor.account}

    @property
    def is_exact(self) -> bool:
        """Whether the condition says all, the location aside."""
        return self._properties is None and not self._has_rule

    def condition(self, *, of_models: bool) -> str:
        """What every twin that is kept fulfils; of the models only where it is to say so."""
        conditions = [*([stored.OF_MODELS] if of_models else []), *self._conditions]
        return " AND ".join(f"({each})" for each in conditions) or "TRUE"

    def require(self, condition: str, parameters: Mapping[str, Any]) -> None:
        """Ask one thing more."""
        self._conditions.append(condition)
        self.parameters |= parameters

    def require_models(self, dtmis: tuple[str, ...]) -> None:
        """Ask for twins of some models."""
        self.models = dtmis
        self.parameters["models"] = models.names(dtmis)

    def require_location(self, uuid: str) -> None:
        """Ask for twins in a location."""
        self.location = uuid
        self.parameters |= {"location": uuid, "ways": models.names(locations.WAYS)}

    def require_relationship(self, paths: Paths) -> None:
        """Ask for twins that have a relationship."""
        self._paths = paths
        conditions = [
            stored.related(direction, named=paths.is_named, modelled=paths.is_modelled)
            for direction in paths.directions
        ]
        self.require(" OR ".join(conditions), paths.parameters)

    async def kept(
        self, transaction: Transaction, twins: Sequence[Facts], *, located: bool
    ) -> list[Facts]:
        """Those of some twins that fulfil the condition which belong to the answer.

        Args:
            transaction: the transaction.
            twins: in the order of the answer.
            located: whether they are known to be in the location.
        """
        whole = await gathering.twins_of(transaction, self._call, twins)
        kept = [twin for twin in whole if self._keeps(twin)]
        if self.location is not None and (self._has_rule or not located):
            kept = await self._inside(transaction, kept, self.location)
        if self._paths is not None and self._has_rule:
            kept = await self._related(transaction, kept, self._paths)
        return kept

    def _keeps(self, twin: Facts) -> bool:
        if self._properties is not None and not property_filters.matches(self._properties, twin):
            return False
        return access.sees_twin(self._call, twin)

    async def _inside(
        self, transaction: Transaction, twins: list[Facts], location: str
    ) -> list[Facts]:
        """Those of some twins that are in the location by ways that the caller may see."""
        if not twins:
            return []
        uuids = [twin.uuid for twin in twins]
        inside = await locations.those_inside(transaction, self._call, uuids, location)
        return [twin for twin in twins if twin.uuid in inside]

    async def _related(
        self, transaction: Transaction, twins: list[Facts], paths: Paths
    ) -> list[Facts]:
        """Those of some twins that have a relationship which the caller may see."""
        if not twins:
            return []
        uuids = [twin.uuid for twin in twins]
        found = await relationships.related(transaction, self._call, uuids, paths)
        return [twin for twin in twins if twin.uuid in found]


async def prepare(transaction: Transaction, call: Call, filters: Filters) -> Sieve | None:
    """The sieve of some filters; None when they keep nothing.

    Raises:
        PermissionDeniedError: they look at relationships, which the caller may not see.
    """
    sieve = Sieve(call, filters)
    if filters.location is not None:
        access.require_permission(call.actor, "get_relationships")
        location = await locations.find(transaction, call, filters.location)
        if location is None:
            return None
        sieve.require_location(location)
    wanted = await twin_filters.models_of(transaction, call, filters.model)
    if wanted is not None:
        sieve.require_models(wanted)
    if filters.relationship is not None:
        access.require_permission(call.actor, "get_relationships")
        related = filters.relationship
        models_ = await twin_filters.models_of(transaction, call, related.model)
        sieve.require_relationship(Paths(related.directions, related.names, models_))
    if filters.changed_after is not None:
        sieve.require(stored.CHANGED_AFTER, {"changed_after": filters.changed_after})
    if filters.changed_before is not None:
        sieve.require(stored.CHANGED_BEFORE, {"changed_before": filters.changed_before})
    _require_what_is_held(transaction, call, filters, sieve)
    return sieve


def _require_what_is_held(
    transaction: Transaction, call: Call, filters: Filters, sieve: Sieve
) -> None:
    """Ask for what the engine can say of the properties and of the rule of the caller's role."""
    if filters.properties is not None:
        said = property_conditions.condition(filters.properties, transaction.engine)
        if said is not None:
            sieve.require(said.sql, said.parameters)
    rule = call.actor.twin_rule
    if rule is not None:
        scope = variables.of_call(call, rule.variables)
        predicate = searches.predicate_of(rule, transaction.engine, scope, searches.COLUMNS)
        if predicate is not None:
            sieve.require(predicate.sql, predicate.parameters)
