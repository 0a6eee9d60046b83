"""Statements about uploads: URLs that take one file each, and the files that came."""

from typing import NamedTuple

from twinhold.store.statement import Statement


class UploadRow(NamedTuple):
    """An upload; the digest and size of its file once it has come, its end in microseconds."""

    uuid: str
    account: str
    token: bytes
    validity: int
    digest: str | None
    size: int | None


INSERT = Statement(
    """INSERT INTO uploads (uuid, account, token, validity)
    VALUES (:upload, :account, :token, :validity)"""
)

SELECT = Statement(
    """SELECT uuid, account, token, validity, digest, size FROM uploads WHERE uuid = :upload"""
)

SELECT_FOR_UPDATE = Statement(
    """SELECT uuid, account, token, validity, digest, size FROM uploads
    WHERE uuid = :upload {for_update}"""
)

COMPLETE = Statement(
    """UPDATE uploads SET digest = :digest, size = :size, validity = :validity
    WHERE uuid = :upload"""
)

DELETE = Statement("DELETE FROM uploads WHERE uuid = :upload")

DELETE_EXPIRED = Statement(
    """DELETE FROM uploads WHERE uuid IN (
        SELECT uuid FROM uploads
        WHERE validity <= :now AND (digest IS NOT NULL OR validity <= :abandoned)
        ORDER BY validity LIMIT :count
    ) RETURNING uuid, digest"""
)
"""Ends some uploads; one whose file may still be on its way only when it is long over."""
