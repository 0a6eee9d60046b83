"""Statements about relationships: edges from one twin of an account to another.

An edge belongs to its source. The ids of both ends are kept with it, so that no answer has to look
them up; a twin with relationships never changes its id.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class Edge(NamedTuple):
    """What is known of an edge: its properties as JSON, or None when it has none."""

    relationship: str
    source: str
    target: str
    name: str
    properties: str | None


class EdgeRow(NamedTuple):
    """All that is kept of an edge but the time."""

    source: str
    relationship: str
    name: str
    target: str
    source_id: str
    target_id: str
    properties: str | None


class Link(NamedTuple):
    """An edge of a twin, as a document, with the UUID of that twin."""

    uuid: str
    document: str


FACTS_START = 2
"""Where a row of `SELECT_WITH_TARGET`, `OUTGOING` or `INCOMING` has the `Facts` of the twin at the
other end."""

PUT = Statement(
    """INSERT INTO relationships
        (source, relationship, name, target, source_id, target_id, properties, changed)
    VALUES (:source, :relationship, :name, :target, :source_id, :target_id, :properties, :now)
    ON CONFLICT (source, relationship) DO UPDATE SET
        name = excluded.name, target = excluded.target, target_id = excluded.target_id,
        properties = excluded.properties, changed = excluded.changed
    RETURNING {document}"""
)

PUT_SOME = Statement(
    """INSERT INTO relationships
        (source, relationship, name, target, source_id, target_id, properties, changed)
    SELECT CAST(value ->> 0 AS {uuid}), value ->> 1, value ->> 2, CAST(value ->> 3 AS {uuid}),
        value ->> 4, value ->> 5, value ->> 6, CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (source, relationship) DO UPDATE SET
        name = excluded.name, target = excluded.target, target_id = excluded.target_id,
        properties = excluded.properties, changed = excluded.changed"""
)
"""Like `PUT` for many edges, each an `EdgeRow`; none of them twice."""

SELECT = Statement(
    """SELECT relationship, source, target, name, properties FROM relationships
    WHERE source = :source AND relationship = :relationship"""
)
"""The `Edge` of an id."""

SELECT_WITH_TARGET = Statement(
    f"""SELECT source, {{document}}, {FACTS}, '', 0 FROM relationships
    JOIN twins ON uuid = target
    WHERE source = :source AND relationship = :relationship"""
)
"""The `Link` of an edge, and the `Facts` of its target."""

BETWEEN = Statement(
    """SELECT relationship, source, target, name, properties FROM relationships
    WHERE target = :target AND name = :name AND source = :source"""
)
"""The `Edge` of each edge of a name between two twins."""

COUNT_OTHERS = Statement(
    """SELECT count(*) FROM relationships
    WHERE source = :source AND name = :name AND relationship <> :relationship"""
)
"""How many edges of a name leave a twin, one of them not counted."""

DELETE = Statement(
    """DELETE FROM relationships WHERE source = :source AND relationship = :relationship
    RETURNING relationship"""
)

OF_TWIN = Statement(
    """SELECT 1 FROM relationships WHERE source = :uuid
    UNION ALL SELECT 1 FROM relationships WHERE target = :uuid LIMIT 1"""
)
"""Whether a twin has any."""

DELETE_OUTGOING = Statement("DELETE FROM relationships WHERE source = :uuid")

DELETE_INCOMING = Statement("DELETE FROM relationships WHERE target = :uuid")

_UUIDS = "(SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:uuids AS {json})))"

OUTGOING = Statement(
    f"""SELECT source, {{document}}, {FACTS}, '', 0 FROM relationships
    JOIN twins ON uuid = target
    WHERE source IN {_UUIDS} ORDER BY source, relationship"""
)
"""The `Link` of each edge that leaves some twins, and the `Facts` of its target."""

INCOMING = Statement(
    f"""SELECT target, {{document}}, {FACTS}, '', 0 FROM relationships
    JOIN twins ON uuid = source
    WHERE target IN {_UUIDS} ORDER BY target, relationship"""
)
"""The `Link` of each edge that arrives at some twins, and the `Facts` of its source."""

OUTGOING_ALONE = Statement(
    f"""SELECT source, {{document}} FROM relationships
    WHERE source IN {_UUIDS} ORDER BY source, relationship"""
)
"""The `Link` of each edge that leaves some twins."""

INCOMING_ALONE = Statement(
    f"""SELECT target, {{document}} FROM relationships
    WHERE target IN {_UUIDS} ORDER BY target, relationship"""
)
"""The `Link` of each edge that arrives at some twins."""

Direction = Literal["outgoing", "incoming"]

ENDS = {"outgoing": ("source", "target"), "incoming": ("target", "source")}
"""Where an edge of a direction has the twin that it is seen from, and where the other one."""

# IS TRUE keeps PostgreSQL from joining: it looks up each edge among the names instead.
NAMED = " AND (r.name IN (SELECT value FROM {json_texts}(CAST(:names AS {json})))) IS TRUE"
"""The condition that an edge `r` has one of some names."""

OF_RELATED = "(model IN (SELECT value FROM {json_texts}(CAST(:related AS {json})))) IS TRUE"
"""The condition that the twin at the other end is of one of some models."""

_PLACES = """(
            SELECT CAST(value AS {uuid}) AS place FROM {json_texts}(CAST(:uuids AS {json}))
        ) AS places"""


_KNOWN = """(
            SELECT CAST(value ->> 0 AS {uuid}) AS known, value ->> 1 AS known_id
            FROM {json_items}(CAST(:twins AS {json}))
        ) AS twins_known"""

# What arrives is found by the id of its target: the ids of what is near each other often are, too.
_STARTS = {
    "outgoing": "r.source = known",
    "incoming": "r.target_id = known_id AND r.target = known",
}
_REACHED = {
    "outgoing": "r.target, r.target_id {as_binary}",
    "incoming": "r.source, r.source_id",
}


@lru_cache
def ends(direction: Direction, *, named: bool, modelled: bool) -> Statement:
    """The UUID of each of some twins with the `Facts` of each twin at the other end of an edge.

    Args:
        direction: of the edges, seen from the twins.
        named: of the `:names` only.
        modelled: only twins of the `:related` models.
    """
    near, far = ENDS[direction]
    return Statement(
        f"""SELECT place, {FACTS}, {{document}}, {{generation}}
        FROM {_PLACES} CROSS JOIN relationships AS r CROSS JOIN twins
        WHERE r.{near} = place{NAMED if named else ""} AND uuid = r.{far}
        {"AND " + OF_RELATED if modelled else ""}"""
    )


@lru_cache
def neighbours(directions: tuple[Direction, ...], *, named: bool, modelled: bool) -> Statement:
    """The `Facts` of the next twins to which edges lead from some twins, each once, by their ids.

    Those of an id behind `:after`, `:count` of them at most. `:twins` are pairs of UUID and id.

    Args:
        directions: of the edges, seen from the twins that they are followed from.
        named: of the `:names` only.
        modelled: only twins of the `:related` models.
    """
    ends = " UNION ".join(
        f"""SELECT {_REACHED[direction]} FROM {_KNOWN} CROSS JOIN relationships AS r
            WHERE {_STARTS[direction]}{NAMED if named else ""}"""
        for direction in directions
    )
    return Statement(
        f"""WITH ends (place, label) AS ({ends}), whole AS MATERIALIZED (
            SELECT DISTINCT CAST(:owner AS {{uuid}}) AS holder, place, label FROM ends
        )
        SELECT {FACTS}, {{document}}, {{generation}} FROM whole CROSS JOIN twins
        WHERE owner = holder AND {{at_place}} AND id > :after
            {"AND " + OF_RELATED if modelled else ""}
        ORDER BY id LIMIT :count"""
    )
