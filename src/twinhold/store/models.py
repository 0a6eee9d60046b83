"""Statements about models.

Many rows travel as one parameter: a JSON array, whose items the engine takes apart. A model's
content (its document and what that was compiled to) is shared by all accounts that have the same.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement


class ModelRow(NamedTuple):
    """A model; names and descriptions by language as JSON, the document only when asked for."""

    dtmi: str
    display_name: str
    description: str
    uploaded: int
    document: str | None


class VersionRow(NamedTuple):
    """Which version of a model an account has.

    Attributes:
        fingerprint: of the JSON value of the document.
        content: the digest of the content.
    """

    dtmi: str
    fingerprint: str
    content: str


class DocumentRow(NamedTuple):
    """The document of a model and the digest of its content."""

    dtmi: str
    content: str
    document: str


# A model and all that it depends on, directly or not. CROSS JOIN is what makes SQLite go from the
# few models needed to the tables (35 µs) and not through all models of the account (1.3 ms).
_NEEDED = """WITH RECURSIVE needed(dtmi) AS (
        SELECT dtmi FROM models WHERE account = :account
            AND dtmi IN (SELECT value FROM {json_texts}(CAST(:roots AS {json})))
        UNION
        SELECT e.depends_on FROM needed AS n
        CROSS JOIN model_edges AS e WHERE e.account = :account AND e.dtmi = n.dtmi
    )"""

_MODEL = """SELECT m.dtmi, c.display_name, c.description, m.uploaded,
        CASE WHEN :whole THEN c.document END
    FROM models AS m JOIN model_contents AS c ON c.digest = m.content"""

VERSIONS = Statement(
    """SELECT dtmi, fingerprint, content FROM models WHERE account = :account
        AND dtmi IN (SELECT value FROM {json_texts}(CAST(:dtmis AS {json})))"""
)
"""The `VersionRow` of each of some models that the account has."""

COMPILED = Statement(
    f"""{_NEEDED}
    SELECT m.dtmi, c.compiled FROM needed AS n
    CROSS JOIN models AS m JOIN model_contents AS c ON c.digest = m.content
    WHERE m.account = :account AND m.dtmi = n.dtmi"""
)
"""What some models and all that they depend on were compiled to."""

DOCUMENTS = Statement(
    f"""{_NEEDED}
    SELECT m.dtmi, m.content, c.document FROM needed AS n
    CROSS JOIN models AS m JOIN model_contents AS c ON c.digest = m.content
    WHERE m.account = :account AND m.dtmi = n.dtmi"""
)
"""The `DocumentRow` of some models and of all that they depend on."""

SELECT = Statement(f"{_MODEL} WHERE m.account = :account AND m.dtmi = :dtmi")
"""The `ModelRow` of one model."""

SELECT_SOME = Statement(
    f"""{_MODEL} WHERE m.account = :account
        AND m.dtmi IN (SELECT value FROM {{json_texts}}(CAST(:dtmis AS {{json}})))"""
)
"""The `ModelRow` of some models."""

PAGE = Statement(
    f"""{_MODEL} WHERE m.account = :account AND m.dtmi > :after ORDER BY m.dtmi LIMIT :count"""
)
"""The `ModelRow` of the models after a DTMI."""

PAGE_OF_NEEDED = Statement(
    f"""{_NEEDED} {_MODEL}
    WHERE m.account = :account AND m.dtmi IN (SELECT dtmi FROM needed) AND m.dtmi > :after
    ORDER BY m.dtmi LIMIT :count"""
)
"""The `ModelRow` of the models after a DTMI, of those that some models depend on, and those."""

DESCENDANTS = Statement(
    """SELECT dtmi FROM model_ancestors WHERE account = :account AND ancestor = :dtmi
    ORDER BY dtmi"""
)

DEPENDENTS = Statement(
    """SELECT DISTINCT dtmi FROM model_edges WHERE account = :account AND depends_on = :dtmi
    ORDER BY dtmi"""
)

INSERT_CONTENTS = Statement(
    """INSERT INTO model_contents (digest, document, compiled, display_name, description)
    SELECT value ->> 0, value ->> 1, {unhex}(value ->> 2{from_hex}), value ->> 3, value ->> 4
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (digest) DO NOTHING"""
)

INSERT_MODELS = Statement(
    """INSERT INTO models (account, dtmi, fingerprint, content, uploaded)
    SELECT CAST(:account AS {uuid}), value ->> 0, value ->> 1, value ->> 2,
        CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json}))"""
)

INSERT_EDGES = Statement(
    """INSERT INTO model_edges (account, dtmi, depends_on, kind)
    SELECT CAST(:account AS {uuid}), value ->> 0, value ->> 1, value ->> 2
    FROM {json_items}(CAST(:rows AS {json}))"""
)

INSERT_ANCESTORS = Statement(
    """INSERT INTO model_ancestors (account, ancestor, dtmi)
    SELECT CAST(:account AS {uuid}), value ->> 0, value ->> 1
    FROM {json_items}(CAST(:rows AS {json}))"""
)

DELETE_ANCESTORS = Statement(
    """DELETE FROM model_ancestors WHERE account = :account AND dtmi = :dtmi AND ancestor IN (
        WITH RECURSIVE above(dtmi) AS (
            SELECT depends_on FROM model_edges
            WHERE account = :account AND dtmi = :dtmi AND kind = 'extends'
            UNION
            SELECT e.depends_on FROM above AS a CROSS JOIN model_edges AS e
            WHERE e.account = :account AND e.dtmi = a.dtmi AND e.kind = 'extends'
        )
        SELECT dtmi FROM above
    )"""
)
"""To be run before `DELETE_EDGES`; by ancestor, which is what the table is sorted by."""

DELETE_EDGES = Statement("DELETE FROM model_edges WHERE account = :account AND dtmi = :dtmi")

DELETE = Statement("DELETE FROM models WHERE account = :account AND dtmi = :dtmi")

DELETE_CONTENT = Statement(
    """DELETE FROM model_contents WHERE digest = :content
        AND NOT EXISTS (SELECT 1 FROM models WHERE content = :content)"""
)
"""Removes a content that no account has any more."""
