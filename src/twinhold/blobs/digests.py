"""SHA-256 of what passes by."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator

from twinhold.blobs.contract import Chunks
from twinhold.blobs.errors import BlobDamagedError


class Tally:
    """Chunks on their way, counted and digested.

    Attributes:
        size: bytes that have passed.
    """

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self.size = 0
        self._chunks = chunks
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of all that has passed, in hexadecimal."""
        return self._hash.hexdigest()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self.size += len(chunk)
            self._hash.update(chunk)
            yield chunk


async def verified(chunks: Chunks, digest: str) -> Chunks:
    """The chunks of a file, of which the last comes only when all of them have the digest.

    Raises:
        BlobDamagedError: they have another.
    """
    tally = Tally(chunks)
    held = b""
    try:
        async for chunk in tally:
            if held and chunk:  # else the whole file would be out before it is checked
                yield held
            held = chunk or held
    finally:
        await chunks.aclose()
    if tally.digest != digest:
        raise BlobDamagedError(f"The file with the SHA-256 {digest} is damaged.")
    yield held
