"""What is worth noticing about a request, and who is told.

Code observes; the access log and the metrics decide what to do about it. An observation never holds
a secret: no header, no query string, and no path other than the operation's own template.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import TextIO

import msgspec

from twinhold.registry.validation import Deviations

FLUSH_SECONDS = 0.2
_FLUSH_LINES = 500


class Observation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request that was answered.

    Attributes:
        ts: seconds since the epoch at the answer.
        operation: its name; empty when the path is unknown.
        path: the template of the path, without the caller's values.
        ms: from the request's arrival to the answer.
        trace: of the error, as the client was told it.
        error: code of the error, of the catalogue.
        deviations: what was kept although it does not follow its model: where, and never what.
    """

    ts: float
    method: str
    path: str
    operation: str
    status: int
    ms: float
    account: str = ""
    user: str = ""
    trace: str = ""
    error: str = ""
    deviations: Deviations | None = None


Observer = Callable[[Observation], None]


class AccessLog:
    """One line of JSON a request, written a few times a second rather than one by one."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._noted: list[Observation] = []
        self._encode = msgspec.json.Encoder().encode_lines

    def __call__(self, observation: Observation) -> None:
        """Take note of a request."""
        noted = self._noted
        noted.append(observation)
        if len(noted) == 1:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        elif len(noted) >= _FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what was noted; a reader of the log that has gone away must not stop the server."""
        if not self._noted:
            return
        text = self._encode(self._noted).decode()
        self._noted.clear()
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            return
