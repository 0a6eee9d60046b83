"""Statements that look for twins by a condition, and the indexes that help them.

A condition is what a rule was compiled to: it holds at least wherever the rule holds.
"""

from typing import Any, NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import BEHIND, FACTS, page

CHECKED_PAGE = Statement(
    f"""SELECT page.*, {{generation}} FROM (
        {{few}} SELECT {FACTS}, CASE WHEN {{condition}} THEN {{document}} END AS document
        FROM searched_twins
        WHERE {BEHIND} {{end_few}} LIMIT :count
    ) AS page"""
)
"""The `Facts` of every twin of a page; the document is null where the condition does not hold."""

UNDECIDED = "\x1a"
"""What stands for a twin about which only the rule can tell; no JSON has this character."""

SURE_PAGE = page(
    f"CASE WHEN {{sure}} THEN {{document}} WHEN {{condition}} THEN '{UNDECIDED}' END",
    "searched_twins",
)
"""A `page` of the twins for which the rule holds, as far as the engine can tell."""

WINDOW_END = Statement(
    """SELECT uuid, {generation} FROM twins
    WHERE owner = :owner AND uuid > :after ORDER BY uuid LIMIT 1 OFFSET :width"""
)
"""Where a window of so many twins after a UUID ends; no row when fewer remain."""

IN_WINDOW = Statement(
    f"""SELECT {FACTS},
        {{document}} AS document, {{generation}}
    FROM searched_twins
    WHERE owner = :owner AND uuid > :after AND uuid <= :until AND ({{condition}})
    ORDER BY uuid LIMIT :count"""
)
"""The `Facts` of the twins of a window for which the condition holds."""

BY_INDEX = Statement(
    f"""SELECT {FACTS},
        {{document}} AS document, {{generation}}
    FROM searched_twins
    WHERE owner = :owner AND uuid > :after AND ({{condition}})
    ORDER BY uuid LIMIT :count"""
)
"""The `Facts` of twins for which the condition holds; `found_by` makes it one of an index."""


class Span(NamedTuple):
    """A span of index values of one attribute, both ends included."""

    name: str
    low: str
    high: str


def found_by(spans: list[Span]) -> tuple[str, dict[str, Any]]:
    """The condition that the index has a value of the twin in one of the spans."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for number, span in enumerate(spans):
        compared = (
            f"value = :low{number}"
            if span.low == span.high
            else f"value >= :low{number} AND value <= :high{number}"
        )
        parts.append(
            "SELECT uuid FROM twin_attributes "
            f"WHERE owner = :owner AND name = :name{number} AND {compared} AND uuid > :after"
        )
        parameters |= {f"name{number}": span.name, f"low{number}": span.low}
        if span.low != span.high:
            parameters[f"high{number}"] = span.high
    return f"uuid IN ({' UNION ALL '.join(parts)})", parameters


REQUEST_INDEX = Statement(
    """INSERT INTO attribute_indexes (owner, name, ready, since, built)
    SELECT :owner, :name, :no, {this_transaction}, :lowest
    WHERE (SELECT count(*) FROM attribute_indexes WHERE owner = :owner) < :most
    ON CONFLICT DO NOTHING
    RETURNING name"""
)
"""Begin an index; no row when it is there already or the account has too many."""

INDEXES = Statement("SELECT name, ready FROM attribute_indexes WHERE owner = :owner")

UNFINISHED = Statement("SELECT owner, name FROM attribute_indexes WHERE NOT ready")

INDEX_TO_BUILD = Statement(
    """SELECT built, {all_before_ended} FROM attribute_indexes
    WHERE owner = :owner AND name = :name {for_update}"""
)
"""How far an index is built, and whether every write that does not know of it has ended."""

TO_INDEX = Statement(
    """SELECT uuid, description FROM twins
    WHERE owner = :owner AND uuid > :after ORDER BY uuid LIMIT :count"""
)

ADD_VALUE = Statement(
    """INSERT INTO twin_attributes (uuid, name, owner, value)
    VALUES (:uuid, :name, :owner, :value)
    ON CONFLICT (uuid, name) DO NOTHING"""
)

PUT_VALUE = Statement(
    """INSERT INTO twin_attributes (uuid, name, owner, value)
    {values} :uuid, :name, :owner, :value {end_values}
    ON CONFLICT (uuid, name) DO UPDATE SET owner = excluded.owner, value = excluded.value""",
    types={"uuid": "uuid", "name": "text", "owner": "uuid", "value": "text"},
)

DROP_VALUES = Statement("DELETE FROM twin_attributes WHERE uuid = :uuid")

INDEX_BUILT = Statement(
    """UPDATE attribute_indexes SET built = :built, ready = :ready
    WHERE owner = :owner AND name = :name"""
)
