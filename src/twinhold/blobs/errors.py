"""What can go wrong with blobs, wherever they are kept."""


class BlobsError(Exception):
    """Blobs cannot be kept or read now; the text is for the operator."""


class BlobMissingError(BlobsError):
    """Nothing is kept under the place."""


class BlobDamagedError(BlobsError):
    """What came back is not what was put in."""
