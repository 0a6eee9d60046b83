"""Statements that look for twins of a model, in the order of their ids.

Each takes the next `:width` candidates behind an id from one place, and answers those of them for
which the condition holds. So it looks at a bounded number of twins, however few it finds, and the
next one goes on behind them.
"""

from typing import NamedTuple

from twinhold.store.relationships import ENDS, NAMED, OF_RELATED, Direction
from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class Bounds(NamedTuple):
    """What a statement looked at.

    Attributes:
        until: the id of the last twin looked at; None when there was none, or none follow.
        looked: how many candidates there were; fewer than `:width` only when none follow.
        reached: how many twins the place has, at most `:most`.
    """

    until: str | None
    looked: int
    reached: int


FACTS_START = 3
"""Where a row has the `Facts`, behind its `Bounds`; without any found, their UUID is null."""

# The candidates are materialised: two read them. Their columns have names of their own, so that
# conditions can name those of `searched_twins` without saying whose they are. They bring along
# their owner, so that PostgreSQL does not think of going through all that the account owns.
_FOUND = f"""SELECT until, looked, {{reached}} AS reached, found.*, {{{{generation}}}}
    FROM ({{bounds}}) AS bounds
    LEFT JOIN (
        SELECT {FACTS}, {{{{document}}}} AS document
        FROM candidates CROSS JOIN searched_twins
        WHERE owner = holder AND {{{{at_place}}}} AND ({{{{condition}}}})
        ORDER BY label LIMIT :count
    ) AS found ON TRUE"""
_BOUNDS = "SELECT max(label) AS until, count(*) AS looked FROM candidates"
_WALKED = """SELECT CASE WHEN count(*) = :width THEN max(label) ELSE (
            SELECT id FROM twins WHERE owner = :owner AND id > :after
            ORDER BY id LIMIT 1 OFFSET :walked - 1
        ) END AS until, :width AS looked
    FROM candidates"""
_ALL = _FOUND.format(reached="0", bounds=_BOUNDS)
_REACHED = _FOUND.format(reached="(SELECT count(*) FROM reached)", bounds=_BOUNDS)

_NEXT = "owner = :owner AND id > :after ORDER BY id LIMIT :width"

BY_ID = Statement(
    f"""WITH candidates AS (
        SELECT owner AS holder, uuid AS place, id AS label FROM twins WHERE {_NEXT}
    )
    {_ALL}"""
)
"""Of all twins: the `Bounds`, and the `Facts` of those found."""

# IS TRUE keeps PostgreSQL from joining: it looks up each twin among the models instead.
OF_MODELS = "(model IN (SELECT value FROM {json_texts}(CAST(:models AS {json})))) IS TRUE"
"""The condition that a twin is of one of some models."""

# The index has the models, too, so that nothing is read of the twins of others.
BY_WALK = Statement(
    f"""WITH candidates AS (
        SELECT holder, place, label FROM (
            SELECT owner AS holder, uuid AS place, id AS label, model FROM twins
            WHERE owner = :owner AND id > :after ORDER BY id LIMIT :walked
        ) AS walk
        WHERE {OF_MODELS} ORDER BY label LIMIT :width
    )
    {_FOUND.format(reached="0", bounds=_WALKED)}"""
)
"""Like `BY_ID`, of the twins of some models among the next `:walked` of all: has looked at `:width`
of them in any case, for others may follow."""

# The text put to the id keeps the order of ids out of the plan: to go through the table as it lies
# is ten times as fast, when most twins have to be looked at.
SWEEP = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}} FROM searched_twins
    WHERE owner = :owner AND id || '' > :after AND ({{condition}})
    ORDER BY id || '' LIMIT :count"""
)
"""The `Facts` of the first twins behind an id for which the condition holds, of all that remain."""

REMAINING = Statement(
    """SELECT count(*), {generation} FROM (
        SELECT 1 FROM twins WHERE owner = :owner AND id > :after LIMIT :most
    ) AS remaining"""
)
"""How many twins are behind an id, at most `:most`."""

# The twins of a page are those of the models whose first twin is among the first: so each of
# thousands of models costs one look into the index, and only those near are read.
BY_MODEL = Statement(
    f"""WITH firsts AS (
        SELECT wanted, coalesce((
            SELECT min(id) FROM twins WHERE owner = :owner AND model = wanted AND id > :after
        ), :highest) AS nearest
        FROM (SELECT value AS wanted FROM {{json_texts}}(CAST(:models AS {{json}}))) AS models
    ), near AS (
        SELECT wanted, nearest FROM firsts ORDER BY nearest LIMIT :width
    ), candidates AS (
        SELECT t.owner AS holder, t.uuid AS place, t.id AS label
        FROM near {{first_of_each}} FROM twins AS i
            WHERE i.owner = :owner AND i.model = wanted AND i.id > :after
                AND i.id <= (SELECT CASE WHEN count(*) = :width THEN max(nearest)
                    ELSE :highest END FROM near)
            ORDER BY i.id LIMIT :width
        {{end_first}}
        WHERE t.owner = :owner
        ORDER BY t.id LIMIT :width
    )
    {_ALL}"""
)
"""Like `BY_ID`, of the twins of some models."""

# IS TRUE keeps the engines from going by the names: most twins have nothing inside of them, and one
# look for all that arrives at a twin is cheaper than one for each name.
_WAYS = "(r.name IN (SELECT value FROM {json_texts}(CAST(:ways AS {json})))) IS TRUE"

# The id of a source is kept with its relationship, and in the index by which this goes. It goes by
# the id of the target: what is near each other often has ids that are, too.
_INSIDE = f"""WITH RECURSIVE inside(place, label) AS (
        SELECT uuid, id FROM twins WHERE owner = :owner AND uuid = :location
        UNION
        SELECT r.source, r.source_id FROM inside AS known CROSS JOIN relationships AS r
        WHERE r.target_id = known.label {{as_text}} AND r.target = known.place AND {_WAYS}"""

BY_LOCATION = Statement(
    f"""{_INSIDE}
        {{stop_at}} :most {{end_stop_at}}
    ), reached AS MATERIALIZED (
        SELECT CAST(:owner AS {{uuid}}) AS holder, place, label FROM inside LIMIT :most
    ), candidates AS (
        SELECT holder, place, label FROM reached WHERE label > :after ORDER BY label LIMIT :width
    )
    {_REACHED}"""
)
"""Like `BY_ID`, of the twins from which relationships of some names lead to a location."""

SOME = Statement(
    f"""SELECT {FACTS}, '', {{generation}} FROM searched_twins
    WHERE owner = :owner AND uuid > :after AND id IS NOT NULL AND ({{condition}})
    ORDER BY uuid LIMIT :count"""
)
"""The `Facts` of twins of a model behind a UUID for which the condition holds."""

COUNT = Statement(
    """SELECT count(*), {generation} FROM searched_twins
    WHERE owner = :owner AND id IS NOT NULL AND ({condition})"""
)
"""How many twins of a model there are for which the condition holds."""

COUNT_BY_MODEL = Statement(
    """SELECT count(*), {generation}
    FROM (SELECT value AS wanted FROM {json_texts}(CAST(:models AS {json}))) AS models
    CROSS JOIN searched_twins
    WHERE owner = :owner AND model = wanted AND id IS NOT NULL AND ({condition})"""
)
"""Like `COUNT`, of the twins of some models."""

COUNT_BY_LOCATION = Statement(
    f"""{_INSIDE}
    ), reached AS MATERIALIZED (
        SELECT CAST(:owner AS {{uuid}}) AS holder, place, label FROM inside
    )
    SELECT count(*), {{generation}} FROM reached CROSS JOIN searched_twins
    WHERE owner = holder AND {{at_place}} AND id IS NOT NULL AND ({{condition}})"""
)
"""Like `COUNT`, of the twins from which relationships of some names lead to a location."""

WAYS_UP = Statement(
    f"""WITH RECURSIVE above(place) AS (
        SELECT CAST(value AS {{uuid}}) FROM {{json_texts}}(CAST(:uuids AS {{json}}))
        UNION
        SELECT r.target FROM above AS a CROSS JOIN relationships AS r
        WHERE r.source = a.place AND {_WAYS}
    )
    SELECT r.source, r.target, {{generation}} FROM above AS a CROSS JOIN relationships AS r
    WHERE r.source = a.place AND {_WAYS}"""
)
"""Every relationship of some names on the ways that leave some twins, as UUIDs of its ends."""

CHANGED_AFTER = "updated > :changed_after"

CHANGED_BEFORE = "updated < :changed_before"


def related(direction: Direction, *, named: bool, modelled: bool) -> str:
    """The condition on `searched_twins` that a relationship leaves it, or arrives at it.

    Args:
        direction: seen from the twin.
        named: one of the `:names`.
        modelled: with a twin of the `:related` models at its other end.
    """
    near, far = ENDS[direction]
    other = f" AND EXISTS (SELECT 1 FROM twins AS o WHERE o.uuid = r.{far} AND {OF_RELATED})"
    return (
        f"EXISTS (SELECT 1 FROM relationships AS r WHERE r.{near} = searched_twins.uuid"
        f"{NAMED if named else ''}{other if modelled else ''})"
    )
