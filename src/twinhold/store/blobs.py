"""Statements about what is known of blobs: which there are, who needs them, which are to go.

A blob is found by its digest and lies at a place. `refs` counts the docs and uploads that have it,
so that one statement can tell that nobody does, on any engine and beside any other transaction.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement


class BlobRow(NamedTuple):
    """Where a blob lies."""

    digest: str
    place: str
    size: int


SELECT = Statement("SELECT digest, place, size FROM blobs WHERE digest = :digest")

COUNT = Statement("SELECT count(*) FROM blobs")

PAGE = Statement(
    """SELECT digest, place, size FROM blobs WHERE digest > :after ORDER BY digest LIMIT :count"""
)
"""The `BlobRow` of each blob after a digest."""

PUT = Statement(
    """INSERT INTO blobs (digest, place, size, refs) VALUES (:digest, :place, :size, 1)
    ON CONFLICT (digest) DO UPDATE SET refs = blobs.refs + 1 RETURNING place"""
)
"""One more needs the blob; answers where it lies, which may be elsewhere."""

REFER = Statement("UPDATE blobs SET refs = refs + 1 WHERE digest = :digest RETURNING size")
"""One more needs the blob, if there still is one."""

RELEASE = Statement("UPDATE blobs SET refs = refs - :count WHERE digest = :digest")

DROP_UNNEEDED = Statement(
    """DELETE FROM blobs WHERE refs = 0 AND digest IN (
        SELECT digest FROM blobs WHERE refs = 0 LIMIT :count
    ) RETURNING place"""
)
"""Forget some blobs that nobody needs; whoever would need one again waits, then finds none."""

LOOSEN = Statement(
    """INSERT INTO loose_blobs (place, expires, doomed) VALUES (:place, :expires, :doomed)"""
)

FASTEN = Statement("DELETE FROM loose_blobs WHERE place = :place AND NOT doomed RETURNING place")
"""What lies at the place is needed; too late where it is doomed already."""

DOOM = Statement(
    """UPDATE loose_blobs SET doomed = :yes WHERE place IN (
        SELECT place FROM loose_blobs WHERE expires <= :now ORDER BY expires LIMIT :count
    ) RETURNING place"""
)
"""Some places whose time is over; nothing makes them needed again."""

FORGET = Statement("DELETE FROM loose_blobs WHERE place = :place")
