"""Bodies that pass through without being held: files, in both directions."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any

from twinhold.api.kit.operations import Stream
from twinhold.registry.errors import DocumentTooLargeError, InvalidValueError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STALLED_SECONDS = 60.0
"""How long a client may neither send nor take anything."""


async def arriving(receive: Receive, largest: int) -> AsyncGenerator[bytes, None]:
    """The chunks of a request's body as they arrive.

    Raises:
        DocumentTooLargeError: there is more of it than allowed.
        InvalidValueError: the client went away, or sent nothing for too long.
    """
    size = 0
    more = True
    while more:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                message = await receive()
        except TimeoutError:
            raise InvalidValueError("The body stopped arriving before it was complete.") from None
        if message["type"] == "http.disconnect":
            raise InvalidValueError("The client went away before the body was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > largest:
            raise DocumentTooLargeError(f"The body is larger than {largest} bytes.")
        if chunk:
            yield chunk
        more = message.get("more_body", False)


async def send(receive: Receive, send: Send, stream: Stream) -> None:
    """Send the chunks of an answer's body; stop when its client goes away."""
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await send({"type": "http.response.body", "body": b"", "more_body": True})  # the head goes
        async with contextlib.aclosing(stream.chunks) as chunks:
            async for chunk in chunks:
                if gone.done():
                    return
                async with asyncio.timeout(STALLED_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
