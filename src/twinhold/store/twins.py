"""Statements about the certificate face of twins.

`{document}` is the twin as a dialect's shape writes it.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement


class Facts(NamedTuple):
    """What is known of a twin; times in microseconds since the epoch, the description as JSON."""

    uuid: str
    owner: str
    creator: str
    created: int
    updated: int
    issuer: str | None
    terminated: int | None
    description: str | None
    document: str
    generation: int


FACTS = ", ".join((*Facts._fields[:-2], "{document}", "{generation}"))
"""What a statement selects to have `Facts`."""

DOCUMENT = 1
"""Where a row of `PAGE` has the document."""

INSERT = Statement(
    """INSERT INTO twins (uuid, owner, creator, created, updated, description)
    VALUES (:uuid, :owner, :owner, :now, :now, :description)
    RETURNING {document}, {generation}"""
)

SELECT = Statement(
    """SELECT uuid, owner, creator, created, updated, issuer, terminated, description, {document},
        {generation}
    FROM twins WHERE uuid = :uuid"""
)
"""The `Facts` of one twin."""

SELECT_FOR_UPDATE = Statement(
    """SELECT uuid, owner, creator, created, updated, issuer, terminated, description, {document},
        {generation}
    FROM twins WHERE uuid = :uuid {for_update}"""
)
"""The `Facts` of one twin, which no other transaction changes before this one ends."""

UPDATE_DESCRIPTION = Statement(
    """UPDATE twins SET description = :description, updated = :now WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)

TERMINATE = Statement(
    """UPDATE twins SET terminated = :now, issuer = :issuer, updated = :now WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)

PAGE = Statement(
    """SELECT uuid, {document}, {generation} FROM twins
    WHERE owner = :owner AND uuid > :after ORDER BY uuid LIMIT :count"""
)
"""UUIDs and documents of an account's twins after a UUID."""

CHANGE_OWNER = Statement(
    """UPDATE twins SET owner = :owner, updated = :now WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)
