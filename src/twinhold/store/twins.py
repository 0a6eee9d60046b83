"""Statements about twins, whatever their faces, and about their certificate face.

`{document}` is the twin as a dialect's shape writes it.
"""

from typing import Any, NamedTuple

from twinhold.store.statement import Statement


class Facts(NamedTuple):
    """What is known of a twin; times in microseconds since the epoch.

    Attributes:
        description: as JSON.
        id: under which the model dialects know it; None without a model face, like what follows.
        model: the DTMI of its model.
        contents: as JSON.
        external_id: under which values of it may come from outside.
        ledger: the entries of the caller's account, once they were gathered for a rule.
    """

    uuid: str
    owner: str
    creator: str
    created: int
    updated: int
    issuer: str | None
    terminated: int | None
    description: str | None
    id: str | None
    model: str | None
    contents: str | None
    external_id: str | None
    ledger: Any
    document: str
    generation: int


FACTS = """uuid, owner, creator, created, updated, issuer, terminated, description, id, model,
        contents, external_id, NULL AS ledger"""
"""The columns of `Facts`, without the document and the generation."""


DOCUMENT = 1
"""Where a row of what changes a twin has the document."""

_ONE = {"uuid": "uuid"}

INSERT = Statement(
    """INSERT INTO twins (uuid, owner, creator, created, updated, description)
    {values} :uuid, :owner, :owner, :now, :now, :description {end_values}
    RETURNING uuid, {document}, {generation}""",
    types={"uuid": "uuid", "owner": "uuid", "now": "bigint", "description": "text"},
)

SELECT = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}}
    FROM twins WHERE uuid = :uuid""",
    types=_ONE,
)
"""The `Facts` of one twin."""

SELECT_OWN = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}}
    FROM twins WHERE owner = :owner AND uuid BETWEEN :uuid AND :uuid"""
)
"""Like `SELECT`, of a twin of an account. SQLite keeps twins by their owners: so it looks into the
table at once, and not into an index before."""

SELECT_FOR_UPDATE = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}}
    FROM twins WHERE uuid = :uuid {{for_update}}""",
    types=_ONE,
)
"""The `Facts` of one twin, which no other transaction changes before this one ends."""

UPDATE_DESCRIPTION = Statement(
    """UPDATE twins SET description = :description, updated = :now {asked} WHERE uuid = :uuid
    RETURNING uuid, {document}, {generation}""",
    types={"uuid": "uuid", "description": "text", "now": "bigint"},
)

TERMINATE = Statement(
    """UPDATE twins SET terminated = :now, issuer = :issuer, updated = :now {asked}
    WHERE uuid = :uuid
    RETURNING uuid, {document}, {generation}""",
    types={"uuid": "uuid", "now": "bigint", "issuer": "uuid"},
)


def behind(uuid: str) -> str:
    """What follows WHERE for the twins of the `:owner` behind a UUID, in their order."""
    owner = "{hidden} :owner {end_hidden}"
    return f"{{behind}} {owner} {{behind_uuid}} {uuid} {{within}} AND owner <= {owner} {{in_order}}"


BEHIND = behind("{hidden} :after {end_hidden}")
"""What follows WHERE for the twins of the `:owner` behind the UUID `:after`, in their order."""


def page(document: str, table: str) -> Statement:
    """Make the statement for the next `:count` twins of an account after a UUID, at most 1000.

    It answers one row: the UUID of the last of them, null when no twin remains behind it, and the
    documents that are not null in the order of the UUIDs, joined by commas, null when there is
    none. A text of a page costs less than half of what its rows do.

    Args:
        document: the expression of the document of each.
        table: where it finds its columns.
    """
    # Both engines join in the order of the subquery; to ask them for it makes them sort again.
    return Statement(
        f"""SELECT CASE WHEN (
            SELECT uuid FROM twins WHERE {behind("last")} LIMIT 1
        ) IS NOT NULL THEN last END, documents, {{generation}}
        FROM (
            SELECT {{uuid_at}} :count {{end_uuid_at}} AS last, {{joined}} AS documents
            FROM (
                {{few}} SELECT uuid, {document} AS document FROM {table}
                WHERE {BEHIND} {{end_few}} LIMIT :count
            ) AS page
        ) AS found"""
    )


PAGE = page("{document}", "twins")

CHANGE_OWNER = Statement(
    """UPDATE twins SET owner = :owner, updated = :now,
        id = CASE WHEN id IS NULL THEN NULL ELSE CAST(uuid AS text) END
    WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)
"""A twin with its new owner, who knows it by its UUID: names are those of an account."""
