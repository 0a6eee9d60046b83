"""The vendor's graph request as one of the domain (spec/willow.md 4.8 and 9, decision 25)."""

from functools import partial

from twinhold.api.willow import bodies, filters
from twinhold.api.willow.wire import queries as wire
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.twin_filters import ModelFilter
from twinhold.registry.twin_graphs import Graph, Step

DEEPEST = 8
MOST_STEPS = 32


def read(given: wire.GetTwinGraphRequest) -> Graph:
    """The graph that a request asks for.

    Raises:
        ValuesInvalidError: an alias is missing or there twice, or there are too many steps; names
            all that is wrong.
    """
    aliases: set[str] = set()
    _, _, *steps = bodies.each(
        lambda: _require_id(given.id),
        lambda: _take_alias(given.alias, "/alias", aliases),
        *(
            partial(_step, step, f"/relationships/{number}", 1, aliases)
            for number, step in enumerate(given.relationships)
        ),
    )
    return Graph(given.alias, given.id, tuple(steps))


def _require_id(id_: str) -> None:
    if not id_:
        raise InvalidValueError("The id of the twin to begin with is missing.", "/id")


def _step(given: wire.GraphStep, pointer: str, depth: int, aliases: set[str]) -> Step:
    if depth > DEEPEST:
        raise InvalidValueError(f"Steps may be at most {DEEPEST} deep.", pointer)
    _, directions, following = bodies.each(
        lambda: _take_alias(given.alias, f"{pointer}/alias", aliases),
        lambda: filters.directions(given.direction, f"{pointer}/direction"),
        lambda: _following(given.relationship, f"{pointer}/relationship", depth + 1, aliases),
    )
    return Step(
        alias=given.alias,
        directions=directions,
        names=tuple(given.relationship_names),
        model=ModelFilter(tuple(given.model_names), given.exact_model_match),
        following=following,
    )


def _following(
    nested: wire.GraphStep | None, pointer: str, depth: int, aliases: set[str]
) -> Step | None:
    """The step behind another one; an empty object ends the way."""
    if nested is None or nested == wire.GraphStep():
        return None
    return _step(nested, pointer, depth, aliases)


def _take_alias(alias: str, pointer: str, aliases: set[str]) -> None:
    if not alias:
        raise InvalidValueError("The alias is missing.", pointer)
    if alias in aliases:
        raise InvalidValueError(f"The alias {quoted(alias)} is there twice.", pointer)
    aliases.add(alias)
    if len(aliases) > MOST_STEPS + 1:
        raise InvalidValueError(f"At most {MOST_STEPS} steps are taken.", "/relationships")
