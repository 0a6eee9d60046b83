"""The contract of a blob store; `folder` and `s3` keep it, one test suite holds them to it."""

import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Protocol, TypeAlias

Chunks: TypeAlias = AsyncGenerator[bytes, None]

_PLACE = re.compile(r"[0-9a-f]{32}")


class Blobs(Protocol):
    """An open blob store.

    Every method raises `BlobsError` when what is below it does not answer, and `ValueError` for a
    place that `new_place` cannot have made: no place leads anywhere else.
    """

    async def put(self, place: str, chunks: AsyncIterable[bytes]) -> None:
        """Keep a file under a place; return only when it is durable.

        When it raises, be it what the chunks raised, nothing can be read under the place.
        """
        ...

    async def get(self, place: str) -> Chunks:
        """The chunks of a file; close them when they are not read to their end.

        Raises:
            BlobMissingError: nothing is kept under the place.
        """
        ...

    async def size(self, place: str) -> int:
        """How many bytes a file has.

        Raises:
            BlobMissingError: nothing is kept under the place.
        """
        ...

    async def delete(self, place: str) -> None:
        """Let a file go, and what an unfinished `put` has left of it; none need be there."""
        ...


def new_place() -> str:
    """A place that was never used and will never be made again."""
    return secrets.token_hex(16)


def path_of(place: str) -> str:
    """Where a place is, in any blob store: so that one can be copied to another as it is.

    Raises:
        ValueError: `new_place` cannot have made it.
    """
    if not _PLACE.fullmatch(place):
        raise ValueError(f"{place!r} is no place of a blob.")
    return f"{place[:2]}/{place}"


async def gathered(chunks: AsyncIterable[bytes], least: int) -> AsyncIterator[bytes]:
    """Chunks put together until each has at least so many bytes; the last may have fewer."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= least:
            yield b"".join(parts)
            parts, size = [], 0
    if size:
        yield b"".join(parts)
