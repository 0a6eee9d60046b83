"""Opening a blob store: choose by the address."""

from pathlib import Path

from twinhold.blobs.contract import Blobs
from twinhold.blobs.errors import BlobsError
from twinhold.blobs.folder import FolderBlobs

FOLDER = "blobs"


async def open_blobs(data: Path, address: str | None, *, make: bool = True) -> Blobs:
    """Open the bucket at `s3://bucket/prefix`, the folder named, or else the one in `data`.

    Args:
        data: the data directory.
        address: of the bucket or folder.
        make: the folder where it is missing; not for those who only read.

    Raises:
        BlobsError: it cannot be reached or made, or support for S3 is not installed.
    """
    scheme, separator, _ = (address or "").partition("://")
    if not separator:
        return FolderBlobs(Path(address) if address else data / FOLDER, make=make)
    if scheme != "s3":
        raise BlobsError(f"Files are kept in a folder or at s3://bucket/prefix, not {scheme}://...")
    try:
        from twinhold.blobs import s3  # noqa: PLC0415 - an extra that most do without
    except ImportError as error:
        raise BlobsError(
            "Keeping files in S3 needs the extra s3: pip install 'twinhold[s3]'"
        ) from error
    return await s3.open_bucket(address or "")
