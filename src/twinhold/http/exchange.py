"""One request of a client and its answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

import httptools

from twinhold.http import answers
from twinhold.http.answers import NO_CONTENT, Common, Fields

HIGH_WATER = 64 * 1024
"""Bytes of a body that are held before somebody asks for them; then nothing more is read."""


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


class Line(Protocol):
    """What an exchange needs of its connection."""

    is_lost: bool

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client has gone away."""

    def hold(self, data: bytes) -> None:
        """Send bytes soon, together with what other clients are sent."""

    def pause_reading(self) -> None:
        """Let no more of the body arrive for now."""

    async def more(self) -> None:
        """Wait until more has arrived, or the client has gone away."""

    async def drained(self) -> None:
        """Wait until the client has taken enough of what it was sent, or has gone away."""

    @property
    def common_fields(self) -> Common:
        """The header fields of every answer."""


class Exchange:
    """A request as it arrived, and the way back to its client.

    Attributes:
        method: in capitals.
        target: the request target, as it was sent.
        headers: the first field of each name; names in lower case.
        keep_alive: whether the connection stays open after the answer.
        awaits_word: whether the client sends its body only when it is told to go on.
        is_whole: whether all of the request has arrived.
        is_begun: whether an answer has begun.
        is_answered: whether all of the answer was sent.
        is_given_up: whether the connection ends before the request was whole.
    """

    __slots__ = (
        "_held",
        "_left",
        "_line",
        "_parts",
        "awaits_word",
        "headers",
        "is_answered",
        "is_begun",
        "is_given_up",
        "is_whole",
        "keep_alive",
        "method",
        "target",
    )

    def __init__(
        self,
        line: Line,
        method: str,
        target: bytes,
        headers: Mapping[bytes, bytes],
        *,
        keep_alive: bool,
    ) -> None:
        self._line = line
        self.method = method
        self.target = target
        self.headers = headers
        self.keep_alive = keep_alive
        self.awaits_word = b"expect" in headers and headers[b"expect"].lower() == b"100-continue"
        self._parts: list[bytes] = []
        self._held = self._left = 0
        self.is_whole = self.is_begun = self.is_answered = self.is_given_up = False

    def place(self) -> tuple[bytes, bytes]:
        """The path and the query string of the target, neither of them decoded."""
        target = self.target
        if not target.startswith(b"/") or b"#" in target:
            return _parsed(target)
        path, _, query = target.partition(b"?")
        return path, query

    def take(self, part: bytes) -> None:
        """A part of the body has arrived; of one that is answered, nothing is kept."""
        if self.is_answered:
            return
        self._parts.append(part)
        self._held += len(part)
        if self._held > HIGH_WATER:
            self._line.pause_reading()

    async def read(self) -> bytes:
        """The next part of the body; empty at its end.

        Raises:
            ClientGoneError: it will not arrive.
        """
        if self.awaits_word:
            self.awaits_word = False
            self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._parts and not self.is_whole:
            if self._line.is_lost or self.is_given_up:
                raise ClientGoneError
            await self._line.more()
        part = b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        return part

    @property
    def is_gone(self) -> bool:
        """Whether nobody waits for an answer any more."""
        return self._line.is_lost or self.is_given_up

    def answer(self, status: int, media_type: str, body: bytes, fields: Fields = ()) -> None:
        """Send a whole answer; head and body leave together.

        Only answers to what was read wait for others: the sooner who writes can write again, the
        more shares the next commit.
        """
        head = self._head(status, media_type, len(body), fields)
        if self.method == "GET":
            self._line.hold(head + body)
        else:
            self._line.write(head if self.method == "HEAD" else head + body)
        self.is_answered = True

    def begin(self, status: int, media_type: str, length: int, fields: Fields) -> None:
        """Send the head of an answer whose body follows in parts."""
        self._line.write(self._head(status, media_type, length, fields))
        self._left = length

    async def send(self, part: bytes) -> None:
        """Send a part of the body, as soon as the client has taken enough of those before."""
        if len(part) > self._left:
            raise ValueError("The body is longer than its head says.")
        self._left -= len(part)
        self._line.write(part)
        await self._line.drained()

    def end(self) -> None:
        """The body is complete; one that is too short ends with the connection."""
        if self._left == 0:
            self.is_answered = True

    def _head(self, status: int, media_type: str, length: int, fields: Fields) -> bytes:
        self.is_begun = True
        if self.awaits_word and not self.is_whole:
            self.keep_alive = False  # nobody knows whether the body comes yet, or another request
        head = answers.start(status, media_type, self._line.common_fields)
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if fields:
            end = answers.lines(fields) + end
        return head + end if status == NO_CONTENT else b"%b%d\r\n%b" % (head, length, end)


Application: TypeAlias = Callable[[Exchange], Awaitable[None]]
"""Answers requests."""


def _parsed(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target that is a whole URL; both empty where it is none."""
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        return b"", b""
    return url.path or b"", url.query or b""
