"""The vendor's filters as those of the domain (spec/willow.md 4.4 and 9, decisions 20 to 23)."""

from collections.abc import Iterator
from functools import partial

from twinhold.api.willow import bodies
from twinhold.api.willow.wire import queries as wire
from twinhold.registry import instants, property_filters
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.property_filters import Group, Operator, Part
from twinhold.registry.relationships import Direction
from twinhold.registry.twin_filters import EITHER, Filters, ModelFilter, RelationshipFilter

DEEPEST = 8
MOST_TESTS = 100

_DIRECTIONS: dict[str, tuple[Direction, ...]] = {
    "incoming": ("incoming",),
    "outgoing": ("outgoing",),
    "incomingoroutgoing": EITHER,
}
_OPERATORS: dict[str, Operator] = {
    **{operator.lower(): operator for operator in property_filters.OPERATORS},
    "==": "=",
    "eq": "=",
    "equals": "=",
    "ne": "!=",
    "notequals": "!=",
}
_JOINS = {"and": True, "or": False}


def read(given: wire.CountTwinsRequest) -> Filters:
    """The filters of a request.

    Raises:
        ValuesInvalidError: some are not what they must be; names them all.
    """
    dates = given.date_filter
    relationship, after, before, properties = bodies.each(
        lambda: _relationship(given.relationship_filter),
        lambda: _time(dates.last_updated_after, "/dateFilter/lastUpdatedAfter"),
        lambda: _time(dates.last_updated_before, "/dateFilter/lastUpdatedBefore"),
        lambda: _properties(given.property_filter),
    )
    return Filters(
        model=_model(given.model_filter),
        relationship=relationship,
        location=given.location_filter.location_id or None,
        changed_after=after,
        changed_before=before,
        properties=properties,
    )


def directions(text: str | None, pointer: str) -> tuple[Direction, ...]:
    """The directions that a name stands for; without one, both.

    Raises:
        InvalidValueError: it stands for none.
    """
    found = _DIRECTIONS.get((text or "IncomingOrOutgoing").lower())
    if found is None:
        known = "Incoming, Outgoing or IncomingOrOutgoing"
        raise InvalidValueError(
            f"The direction must be {known}, not {quoted(text or '')}.", pointer
        )
    return found


def _model(given: wire.ModelFilter) -> ModelFilter:
    return ModelFilter(_distinct(given.model_ids), given.exact_model_match)


def _distinct(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _relationship(given: wire.RelationshipFilter) -> RelationshipFilter | None:
    """The filter, or None where it restricts nothing."""
    if given == wire.RelationshipFilter():
        return None
    place = "/relationshipFilter/relationshipDirection"
    return RelationshipFilter(
        directions(given.relationship_direction, place),
        _distinct(given.relationship_names),
        _model(given.related_model_filter),
    )


def _time(text: str | None, pointer: str) -> int | None:
    return instants.read(text, pointer) if text else None


def _properties(given: wire.PropertyFilter) -> Group | None:
    """The filter, or None where it tests nothing."""
    part = _part(given, "/propertyFilter", 1)
    if part is None:
        return None
    whole = part if isinstance(part, Group) else Group(True, (part,))
    if sum(1 for _ in _tests(whole)) > MOST_TESTS:
        raise InvalidValueError(f"At most {MOST_TESTS} tests are taken.", "/propertyFilter")
    return whole


def _part(given: wire.PropertyFilter, pointer: str, depth: int) -> Part | None:
    if depth > DEEPEST:
        raise InvalidValueError(f"Filters may be at most {DEEPEST} deep.", pointer)
    if given.field and given.filters:
        message = "A filter has either a field or filters; put the test among the filters."
        raise InvalidValueError(message, pointer)
    joins = _joins(given.filter_condition_operator, f"{pointer}/filterConditionOperator")
    if given.field or given.operator is not None:
        operator = _operator(given.operator, f"{pointer}/operator")
        if given.field:
            return property_filters.test(given.field, operator, given.value, pointer)
    parts = bodies.each(
        *(
            partial(_part, each, f"{pointer}/filters/{number}", depth + 1)
            for number, each in enumerate(given.filters)
        )
    )
    kept = tuple(part for part in parts if part is not None)
    return Group(joins, kept) if kept else None


def _operator(text: str | None, pointer: str) -> Operator:
    found = _OPERATORS.get((text or "").lower())
    if found is None:
        known = ", ".join(property_filters.OPERATORS)
        raise InvalidValueError(
            f"The operator must be one of {known}, not {quoted(text or '')}.", pointer
        )
    return found


def _joins(text: str | None, pointer: str) -> bool:
    word = "And" if text is None else text
    found = _JOINS.get(word.lower())
    if found is None:
        raise InvalidValueError(f"Filters are joined by And or Or, not {quoted(word)}.", pointer)
    return found


def _tests(part: Part) -> Iterator[Part]:
    if isinstance(part, Group):
        for each in part.parts:
            yield from _tests(each)
    else:
        yield part
