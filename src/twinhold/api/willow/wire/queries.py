"""Looking for twins on the wire; every member may be left out or null."""

from typing import Annotated, Any

import msgspec

from twinhold.api.kit.forms import AnyInstant, Cursor, Filled, described
from twinhold.api.willow.wire.twins import RelatedTwin

Direction = Annotated[str, described(format="direction")]
"""Incoming, Outgoing or IncomingOrOutgoing, in any case."""

Operator = Annotated[str, described(format="operator")]
"""One of the operators of docs/reference/willow.md, in any case."""

Join = Annotated[str, described(format="join")]
"""And or Or, in any case."""


class ModelFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Twins of one of some models or of a model that extends one; empty for any."""

    model_ids: list[str] = []
    exact_model_match: bool = False


class RelationshipFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Twins with such a relationship: Incoming, Outgoing or IncomingOrOutgoing."""

    relationship_direction: Direction | None = None
    relationship_names: list[str] = []
    related_model_filter: ModelFilter = ModelFilter()


class LocationFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Twins in a location, which is the id of a twin."""

    location_id: str | None = None


class DateFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Twins changed after a time and before another."""

    last_updated_after: AnyInstant | None = None
    last_updated_before: AnyInstant | None = None


class PropertyFilter(msgspec.Struct, frozen=True, rename="camel"):
    """A test of a field, or filters joined by `And` or `Or`."""

    field: str | None = None
    operator: Operator | None = None
    value: Any = None
    filter_condition_operator: Join | None = None
    filters: "list[PropertyFilter]" = []


class Include(msgspec.Struct, frozen=True, rename="camel"):
    """The relationships to show with each twin."""

    outgoing_relationships: bool = False
    incoming_relationships: bool = False


class CountTwinsRequest(msgspec.Struct, frozen=True, rename="camel"):
    """Which twins to count; every filter given must hold."""

    model_filter: ModelFilter = ModelFilter()
    relationship_filter: RelationshipFilter = RelationshipFilter()
    location_filter: LocationFilter = LocationFilter()
    date_filter: DateFilter = DateFilter()
    property_filter: PropertyFilter = PropertyFilter()


class GetTwinsRequest(CountTwinsRequest, frozen=True, rename="camel"):
    """Which twins to list, 1 to 1000 of them; the token is that of the page before."""

    include: Include = Include()
    page_size: Annotated[int, described(minimum=1, maximum=1000)] = 100
    continuation_token: Cursor | None = None


class TwinPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A page of twins; the token is null when none follow."""

    content: list[RelatedTwin]
    continuation_token: str | None


class GraphStep(msgspec.Struct, frozen=True, rename="camel"):
    """Relationships to follow from the twins found before; empty lists stand for any."""

    alias: Filled = ""
    relationship_names: list[str] = []
    model_names: list[str] = []
    exact_model_match: bool = False
    direction: Direction | None = None
    relationship: "GraphStep | None" = None


class GetTwinGraphRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A twin and the relationships to follow from it."""

    alias: Filled = ""
    id: Filled = ""
    relationships: list[GraphStep] = []
