"""Statements about values of twins over time.

Many twins or values travel as one parameter: a JSON array, whose items the engine takes apart.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class Row(NamedTuple):
    """A value as it is stored; time in microseconds, value and properties as JSON."""

    twin: str
    source_time: int
    scalar: str
    properties: str | None
    connector: str
    external: str | None


FACTS_START = 1
"""Where a row of `SELECT_TWINS` has the `Facts` of the twin."""

SELECT_TWINS = Statement(
    f"""SELECT model = :capability OR EXISTS (
            SELECT 1 FROM model_ancestors AS a
            WHERE a.account = twins.owner AND a.ancestor = :capability AND a.dtmi = twins.model
        ),
        {FACTS}, '', {{generation}}
    FROM twins WHERE uuid IN (
        SELECT CAST(value AS {{uuid}}) FROM {{json_texts}}(CAST(:uuids AS {{json}}))
        UNION
        SELECT uuid FROM {{json_texts}}(CAST(:externals AS {{json}})) CROSS JOIN twins
        WHERE owner = :owner AND external_id = value AND external_id IS NOT NULL
    ) ORDER BY uuid {{for_share}}"""
)
"""Twins by their UUIDs, and those of an account by their external ids: whether they are
Capabilities, and their `Facts`. None of them changes before the transaction ends."""

PUT = Statement(
    """INSERT INTO time_series
        (twin, source_time, enqueued, scalar, properties, connector, external)
    SELECT CAST(value ->> 0 AS {uuid}), CAST(value ->> 1 AS {bigint}), CAST(:now AS {bigint}),
        value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (twin, source_time) DO UPDATE SET
        enqueued = excluded.enqueued, scalar = excluded.scalar, properties = excluded.properties,
        connector = excluded.connector, external = excluded.external"""
)
"""Values, each `Row` once; one that is there already at the same time gives way."""

# Items are (number, UUID, id).
_ASKED = """asked AS (
        SELECT CAST(value ->> 0 AS {bigint}) AS number, CAST(value ->> 1 AS {uuid}) AS asked_twin,
            value ->> 2 AS twin_id
        FROM {json_items}(CAST(:twins AS {json}))
    )"""

# No twin adds more to a page than a page: `until` is where it would. CROSS JOIN is what makes
# SQLite go from the twins to their values.
PAGE = Statement(
    f"""WITH {_ASKED},
    begun AS (
        SELECT number, asked_twin, twin_id, CAST(:time AS {{bigint}})
            + CASE WHEN number > CAST(:number AS {{bigint}}) THEN 0 ELSE 1 END AS since
        FROM asked
    ),
    bounded AS MATERIALIZED (
        SELECT number, asked_twin, twin_id, since, coalesce(
            (
                SELECT source_time FROM time_series
                WHERE twin = asked_twin AND source_time >= since AND source_time < :until
                ORDER BY source_time LIMIT 1 OFFSET :count - 1
            ),
            CAST(:until AS {{bigint}}) - 1
        ) AS last
        FROM begun
    ),
    page AS MATERIALIZED (
        SELECT number, asked_twin, twin_id, source_time AS page_time,
            octet_length(scalar) + coalesce(octet_length(properties), 0) AS size
        FROM bounded CROSS JOIN {{each_of}} time_series
            WHERE twin = asked_twin AND source_time BETWEEN since AND last {{end_each}}
        ORDER BY source_time, number LIMIT :count
    ),
    measured AS (
        SELECT number, asked_twin, twin_id, page_time, count(*) OVER () AS reached,
            sum(size) OVER (ORDER BY page_time, number) AS so_far
        FROM page
    )
    SELECT source_time, number, {{document}}, reached
    FROM measured CROSS JOIN {{each_of}} time_series
        WHERE so_far <= :most AND twin = asked_twin AND source_time = page_time {{end_each}}
    ORDER BY source_time, number"""
)
"""The values of some twins before a time and after a position, which is a time and the number of a
twin: times, numbers and documents, in this order, of `:most` bytes together. With each comes how
many there would be of any size."""

LATEST = Statement(
    f"""WITH {_ASKED},
    latest AS MATERIALIZED (
        SELECT number, asked_twin, twin_id, (
            SELECT source_time FROM time_series
            WHERE twin = asked_twin AND source_time >= :since AND source_time < :until
            ORDER BY source_time DESC LIMIT 1
        ) AS last
        FROM asked
    )
    SELECT {{document}} FROM latest CROSS JOIN {{each_of}} time_series
        WHERE twin = asked_twin AND source_time = last {{end_each}}
    ORDER BY number"""
)
"""The last value of each of some twins in a span of time."""

DELETE_OF_TWIN = Statement("DELETE FROM time_series WHERE twin = :twin")
