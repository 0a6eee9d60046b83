"""Statements about docs."""

from typing import NamedTuple

from twinhold.store.statement import Statement


class DocRow(NamedTuple):
    """A doc; times in microseconds, the description as JSON.

    Attributes:
        account: the one that attached it.
        digest: SHA-256 of the file that was uploaded for it.
        status: `ok`, or `hash_mismatch` when that was not the file announced and is not kept.
    """

    twin: str
    account: str
    name: str
    digest: str
    size: int
    status: str
    storage_class: str
    description: str | None
    created: int
    updated: int


class ListedRow(NamedTuple):
    """What a list shows of a doc, and what its file is."""

    name: str
    created: int
    updated: int
    size: int
    digest: str
    status: str


_LISTED = "name, created, updated, size, digest, status"
_COLUMNS = "twin, account, name, digest, size, status, storage_class, description, created, updated"

INSERT = Statement(
    """INSERT INTO docs (twin, account, name, digest, size, status, storage_class, description,
        created, updated)
    VALUES (:twin, :account, :name, :digest, :size, :status, :storage_class, :description,
        :created, :updated)
    ON CONFLICT (twin, account, name) DO NOTHING RETURNING name"""
)
"""Answers nothing where the account has a doc of this name on the twin."""

COUNT = Statement("SELECT count(*) FROM docs WHERE twin = :twin AND account = :account")

SELECT = Statement(
    f"SELECT {_COLUMNS} FROM docs WHERE twin = :twin AND account = :account AND name = :name"
)

SELECT_ALL = Statement(
    f"SELECT {_LISTED} FROM docs WHERE twin = :twin AND account = :account ORDER BY name"
)

UPDATE_DESCRIPTION = Statement(
    f"""UPDATE docs SET description = :description, updated = :now
    WHERE twin = :twin AND account = :account AND name = :name RETURNING {_COLUMNS}"""
)

DELETE = Statement(
    f"""DELETE FROM docs WHERE twin = :twin AND account = :account AND name = :name
    RETURNING {_COLUMNS}"""
)

DELETE_ALL = Statement(
    f"DELETE FROM docs WHERE twin = :twin AND account = :account RETURNING {_LISTED}"
)

DELETE_OF_TWIN = Statement(f"DELETE FROM docs WHERE twin = :twin RETURNING {_LISTED}")
"""Those of every account."""
