"""Answers of one turn of the event loop, which leave together at its end."""

import asyncio
from typing import Protocol

_MOST = 32
"""Answers that wait for each other at most, so that the first does not wait long."""


class Holder(Protocol):
    """A connection that holds an answer."""

    def flush(self) -> None:
        """Send it."""


class Turn:
    """The connections that hold an answer until the turn of the loop ends.

    A client of many connections is woken once by all of its answers, instead of by each of them:
    where its processor sleeps, waking it can cost more than answering does.
    """

    def __init__(self) -> None:
        self._holders: list[Holder] = []

    def await_end(self, holder: Holder) -> None:
        """Have a connection flushed when everything that was due by now is done."""
        if not self._holders:
            asyncio.get_running_loop().call_soon(self._end)
        self._holders.append(holder)
        if len(self._holders) == _MOST:
            self._end()

    def _end(self) -> None:
        holders, self._holders = self._holders, []
        for holder in holders:
            holder.flush()
