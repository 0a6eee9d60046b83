"""Statements that read all that an account has, a page after the other."""

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS, Facts

_WHOLE = {"description", "contents"}
"""Columns that only rules look at."""


def _facts(table: str) -> str:
    """The `Facts` of a table, without what is long where nobody looks at it."""
    columns = (name.strip() for name in FACTS.split(","))
    return ", ".join(_fact(table, name) for name in columns)


def _fact(table: str, column: str) -> str:
    if column.startswith("NULL"):
        return "NULL"
    return (
        f"CASE WHEN :whole THEN {table}.{column} END" if column in _WHOLE else f"{table}.{column}"
    )


EDGE = 7
"""How many columns at the start of a row of `RELATIONSHIPS` are the `EdgeRow`."""

FACTS_COUNT = len(Facts._fields)
"""How many columns the `Facts` of each end have behind that."""

TWINS = Statement(
    f"""SELECT {FACTS}, '', {{generation}} FROM twins
    WHERE owner = :owner AND id IS NOT NULL AND id > :after ORDER BY id LIMIT :count"""
)
"""The `Facts` of the twins with a model face whose ids follow."""

FACELESS = Statement("SELECT count(*) FROM twins WHERE owner = :owner AND id IS NULL")
"""How many twins have no model face."""

RELATIONSHIPS = Statement(
    f"""SELECT r.source, r.relationship, r.name, r.target, r.source_id, r.target_id, r.properties,
        {_facts("s")}, '', 0,
        {_facts("t")}, '', 0
    FROM twins AS s
    CROSS JOIN relationships AS r
    JOIN twins AS t ON t.uuid = r.target
    WHERE s.owner = :owner AND s.id IS NOT NULL AND s.id >= :source AND r.source = s.uuid
        AND (s.id > :source OR r.relationship > :after)
    ORDER BY s.id, r.relationship LIMIT :count"""
)
"""The `EdgeRow` of each edge that follows one of a source, and the `Facts` of both its ends."""

MODEL_EDGES = Statement(
    """SELECT m.dtmi, e.depends_on FROM models AS m
    LEFT JOIN model_edges AS e ON e.account = m.account AND e.dtmi = m.dtmi
    WHERE m.account = :account"""
)
"""Each model with each that it depends on, or null for one that depends on none."""

MODEL_DOCUMENTS = Statement(
    """SELECT m.dtmi, c.document FROM models AS m JOIN model_contents AS c ON c.digest = m.content
    WHERE m.account = :account
        AND m.dtmi IN (SELECT value FROM {json_texts}(CAST(:dtmis AS {json})))"""
)
"""The documents of some models."""
