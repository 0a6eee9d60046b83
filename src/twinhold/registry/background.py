"""Work that goes on beside the requests, and how it ends."""

import asyncio
from collections.abc import Iterable
from typing import Any

_MOMENT_SECONDS = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End tasks and wait for a moment; one that waits for a silent store ends with the store."""
    ending = set(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending, timeout=_MOMENT_SECONDS)
