"""Bodies that pass through without being held: files, in both directions."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Protocol

from twinhold.http import ClientGoneError
from twinhold.registry.errors import DocumentTooLargeError, InvalidValueError

STALLED_SECONDS = 60.0
"""How long a client may neither send nor take anything."""


class Source(Protocol):
    """Where a body arrives: an `Exchange`."""

    async def read(self) -> bytes:
        """The next part; empty at the end."""


class Sink(Protocol):
    """Where a body goes: an `Exchange`."""

    @property
    def is_gone(self) -> bool:
        """Whether nobody takes it any more."""

    async def send(self, part: bytes) -> None:
        """Send a part, and wait until enough of it was taken."""


async def arriving(source: Source, largest: int) -> AsyncGenerator[bytes, None]:
    """The chunks of a request's body as they arrive.

    Raises:
        DocumentTooLargeError: there is more of it than allowed.
        InvalidValueError: the client went away, or sent nothing for too long.
    """
    size = 0
    while chunk := await _next(source):
        size += len(chunk)
        if size > largest:
            raise DocumentTooLargeError(f"The body is larger than {largest} bytes.")
        yield chunk


async def _next(source: Source) -> bytes:
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            return await source.read()
    except TimeoutError:
        raise InvalidValueError("The body stopped arriving before it was complete.") from None
    except ClientGoneError:
        raise InvalidValueError("The client went away before the body was complete.") from None


async def send(sink: Sink, stream: AsyncGenerator[bytes, None]) -> None:
    """Send the chunks of an answer's body; stop when its client goes away."""
    async with contextlib.aclosing(stream) as chunks:
        async for chunk in chunks:
            if sink.is_gone:
                return
            async with asyncio.timeout(STALLED_SECONDS):
                await sink.send(chunk)
