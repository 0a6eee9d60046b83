"""The HTTP protocol of the server, with bounds on what an unfinished request may cost.

uvicorn bounds neither a request's head nor the time it takes to arrive, and answers a connection
that is one too many only once it has sent a request. A request that arrives in one piece starts no
timer.
"""

import asyncio
import fcntl
import struct
import termios

import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from twinhold.lean_protocol import LeanProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers; uvicorn itself would hold any number of them."""

LEAST_BODY = 4096
"""Bytes of a body, or its end, that must arrive while the patience lasts."""

_INT = struct.Struct("i")
_LINGER_SECONDS = 1.0
_TOO_LATE = "The request did not arrive in time."
_TOO_MANY = "The server has as many connections as it may."


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may claim.

    Attributes:
        patience: seconds for a head to arrive, for each next `LEAST_BODY` of a body, and for the
            client to take more of an answer.
        connections: that are open at a time, in this process.
    """

    patience: float
    connections: int


def limited(limits: Limits) -> type["BoundedProtocol"]:
    """The protocol with these limits; uvicorn wants a class."""
    return type("BoundedProtocol", (BoundedProtocol,), {"limits": limits})


class BoundedProtocol(LeanProtocol):
    """Refuses what is too large, too slow or too much, before it costs memory."""

    limits = Limits(patience=30, connections=10_000)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        self._head = self._body = 0
        self._is_whole = self._is_refused = self._was_waiting = False
        self._patience: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        if len(self.connections) >= self.limits.connections:
            self._turn_away(transport)
            return
        super().connection_made(transport)
        self._await_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: the client takes less than it is sent."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._stop_watching()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """The connection has idled for too long."""
        self._end()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._is_refused:
            return
        self._head += len(data)
        self._is_whole = False
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")
        if self._is_whole or self.transport.is_closing():
            self._stop_waiting()
        elif self._patience is None:
            self._await_more()

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another that is whole."""
        self._is_whole = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._head = self._body = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What arrives is no head."""
        self._head = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._is_whole = True
        self._body = 0
        super().on_message_complete()

    def _turn_away(self, transport: asyncio.Transport) -> None:
        """Say 503 and no more; the client may still send a request, or it would miss the answer."""
        self._is_refused = True
        self.transport = transport
        self.flow = FlowControl(transport)
        transport.write(_answer(503, _TOO_MANY, b"retry-after: 1\r\n"))
        transport.write_eof()
        self._patience = self.loop.call_later(_LINGER_SECONDS, transport.abort)

    def _await_more(self) -> None:
        self._patience = self.loop.call_later(self.limits.patience, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        """Cut off a client that keeps the server waiting."""
        self._patience = None
        if self.transport.is_closing():
            return
        waiting = self._is_waiting_for_us()
        if waiting or self._was_waiting or self._body >= LEAST_BODY:
            self._was_waiting = waiting
            self._body = 0
            self._await_more()
            return
        if self._may_be_answered():
            self.transport.write(_answer(408, _TOO_LATE))
        self._end()

    def _end(self) -> None:
        """Close the connection; the transport does so when all is sent that was written."""
        self.transport.close()
        self._watch()

    def _watch(self) -> None:
        """See to it that the client takes what it is sent."""
        if self._taking is None:
            untaken = _untaken(self.transport)
            self._taking = self.loop.call_later(self.limits.patience, self._look, untaken)

    def _stop_watching(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _look(self, before: int) -> None:
        """Cut off a client that has taken nothing since."""
        self._taking = None
        if not self.transport.get_write_buffer_size():
            return
        if _untaken(self.transport) >= before:
            self.transport.abort()
        else:
            self._watch()

    def _is_waiting_for_us(self) -> bool:
        """Whether the client can send nothing before the server goes on."""
        if self.flow.read_paused:
            return True
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return cycle.waiting_for_100_continue or not cycle.more_body

    def _may_be_answered(self) -> bool:
        """Whether no answer has begun on which ours would be taken for a part."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        begun: bool = cycle.response_started
        cycle.disconnected = True
        cycle.message_event.set()
        return not begun


def _untaken(transport: asyncio.Transport) -> int:
    """Bytes that the client has not acknowledged; the system holds up to megabytes of them."""
    unsent = transport.get_write_buffer_size()
    try:
        place = transport.get_extra_info("socket").fileno()
        queued = fcntl.ioctl(place, termios.TIOCOUTQ, bytes(_INT.size))
    except (OSError, ValueError):  # not every system says it of a socket, none of a closed one
        return unsent
    return unsent + int(_INT.unpack(queued)[0])


def _answer(status: int, message: str, headers: bytes = b"") -> bytes:
    """A plain answer that ends its connection."""
    body = message.encode()
    return (
        STATUS_LINE[status]
        + b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(body)
        + headers
        + b"connection: close\r\n\r\n"
        + body
    )
