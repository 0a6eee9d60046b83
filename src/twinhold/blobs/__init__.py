"""Where files are kept: a folder, or a bucket that speaks S3; both behind one small interface.

A blob is a file's bytes under a place, a name that its owner makes up and never uses twice. Bytes
go in and come out as they arrive, so that a file's size costs no memory.
"""

from twinhold.blobs.contract import Blobs, Chunks, new_place
from twinhold.blobs.digests import Tally, verified
from twinhold.blobs.errors import BlobDamagedError, BlobMissingError, BlobsError
from twinhold.blobs.folder import FolderBlobs
from twinhold.blobs.open import open_blobs

__all__ = [
    "BlobDamagedError",
    "BlobMissingError",
    "Blobs",
    "BlobsError",
    "Chunks",
    "FolderBlobs",
    "Tally",
    "new_place",
    "open_blobs",
    "verified",
]
