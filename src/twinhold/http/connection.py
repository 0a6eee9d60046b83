"""A client's connection: its requests are read, answered in their order, and bounded.

A request that arrives in one piece starts no timer, and one task serves all requests of a
connection: a task for each would cost more than reading the request does.
"""

import asyncio
import logging
from collections import deque
from typing import Any

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from twinhold.http import answers
from twinhold.http.exchange import Application, Exchange
from twinhold.http.limits import LARGEST_HEAD, LEAST_BODY, Limits
from twinhold.http.taking import Taking
from twinhold.http.turn import Turn

_LOGGER = logging.getLogger("twinhold.http")

_LINGER_SECONDS = 1.0
_NOT_HTTP = "What was sent is no request of HTTP/1.1."
_TOO_LARGE = "The head of the request is too large."
_TOO_LATE = "The request did not arrive in time."
_TOO_MANY = "The server has as many connections as it may."


def limited(limits: Limits) -> type["Connection"]:
    """The protocol with these limits; uvicorn wants a class."""
    return type("LimitedConnection", (Connection,), {"limits": limits, "turn": Turn()})


class Connection(asyncio.Protocol):
    """Reads requests and hands them, one after the other, to the application.

    What is too large, too slow or too much is refused before it costs memory.

    Attributes:
        is_lost: whether nothing can be sent any more.
    """

    limits = Limits(patience=30, connections=10_000)
    turn: Turn

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: object,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """See `uvicorn.Config.http_protocol_class`."""
        del app_state
        if not config.loaded:
            config.load()
        self._app: Application = config.loaded_app
        self._keep_alive = config.timeout_keep_alive
        self._state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser: Any = httptools.HttpRequestParser(self)
        # What comes behind the last request is dropped, instead of taking its answer away.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        self._transport = transport
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._held = b""
        self._head = self._body = 0
        self._is_whole = self._was_waiting = self._is_paused = self._is_full = False
        self._arrived: deque[Exchange] = deque()
        self._newest: Exchange | None = None
        self._current: Exchange | None = None
        self._serving: asyncio.Task[None] | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._idling: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._taking = Taking(transport, self.limits.patience)
        self._is_refused = len(self._state.connections) >= self.limits.connections
        if self._is_refused:
            self._turn_away()
        else:
            self._state.connections.add(self)  # type: ignore[arg-type]
            self._await_more()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """See `asyncio.Protocol`."""
        self.is_lost = True
        self._state.connections.discard(self)
        self._stop_waiting()
        self._taking.stop()
        if self._idling is not None:
            self._idling.cancel()
        self._arrived.clear()
        self._newest = None
        self._wake()
        self._transport.close()
        self._parser = None  # it refers to this connection

    def shutdown(self) -> None:
        """The server ends: answer what has arrived, and close."""
        if self._newest is None or self._newest.is_answered:
            self.flush()
            self._transport.close()
        else:
            self._newest.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._is_refused:
            return
        self._head += len(data)
        self._is_whole = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here: the request is answered as if it had not asked for it.
            if self._newest is not None:
                self._newest.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(400, _NOT_HTTP)
        if self._head > LARGEST_HEAD:
            self._refuse(400, _TOO_LARGE)
        if self._is_whole or self._transport.is_closing():
            self._stop_waiting()
        elif self._patience is None:
            self._await_more()

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another that is whole."""
        self._is_whole = False

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of a trailer, which nobody will look at."""
        self._headers.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        """The head has ended: the request can be answered when those before it are."""
        headers, parser = self._headers, self._parser
        keep = parser.should_keep_alive()
        if b"connection" in headers and parser.get_http_version() == "1.0":
            keep = False  # such a client would have to be told
        exchange = Exchange(self, parser.get_method().decode(), self._url, headers, keep_alive=keep)
        self._url, self._headers = b"", {}
        self._head = self._body = 0
        self._stop_waiting()
        self._newest = exchange
        self._arrived.append(exchange)
        if self._current is None:
            if self._serving is None:
                self._serving = self._loop.create_task(self._serve())
            self._wake()
        else:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._head = 0
        self._body += len(body)
        if self._newest is not None:
            self._newest.take(body)
            self._wake()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._is_whole = True
        self._body = 0
        if self._newest is not None:
            self._newest.is_whole = True
            self._wake()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: the client takes less than it is sent."""
        self._is_full = True
        self._taking.watch()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._is_full = False
        self._taking.stop()
        self._wake()

    @property
    def common_fields(self) -> answers.Common:
        """See `Line`: today's date, which uvicorn keeps."""
        return tuple(self._state.default_headers)

    def write(self, data: bytes) -> None:
        """See `Line`; what is held goes first."""
        if self._held:
            data, self._held = self._held + data, b""
        if not self._transport.is_closing():
            self._transport.write(data)

    def hold(self, data: bytes) -> None:
        """See `Line`; no more than one answer is held."""
        if self._held:
            self.write(data)
        else:
            self._held = data
            self.turn.await_end(self)

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            self.write(b"")

    def pause_reading(self) -> None:
        """See `Line`."""
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    async def more(self) -> None:
        """See `Line`."""
        self._resume_reading()
        await self._something()

    async def drained(self) -> None:
        """See `Line`."""
        while self._is_full and not self.is_lost:
            await self._something()

    async def _serve(self) -> None:
        """Answer the requests of the connection in their order, until it ends."""
        busy, me = self._state.tasks, asyncio.current_task(self._loop)
        if me is None:
            raise RuntimeError("A connection is served outside of a task.")
        try:
            while (exchange := await self._next()) is not None:
                busy.add(me)  # the server waits for these when it ends
                await self._app(exchange)
                if not (exchange.is_answered and exchange.keep_alive):
                    break
                busy.discard(me)
        finally:
            busy.discard(me)
            self._end()

    async def _next(self) -> Exchange | None:
        """Wait for a request to answer; None when none will come any more."""
        self._current = None
        while not self._arrived or self._is_full:
            if self.is_lost:
                return None
            if not self._is_full:
                self._resume_reading()
                self._idle()
            await self._something()
        self._current = self._arrived.popleft()
        return self._current

    async def _something(self) -> None:
        """Wait until something happens on the connection; only the serving task does."""
        self._wanted = self._loop.create_future()
        await self._wanted

    def _wake(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not wanted.done():
            wanted.set_result(None)

    def _resume_reading(self) -> None:
        if self._is_paused:
            self._is_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def _idle(self) -> None:
        """Let the connection end when no request comes for as long as it is kept.

        One timer looks when the last answer was, instead of being set anew by each.
        """
        self._idle_since = self._loop.time()
        if self._idling is None and self._newest is not None:
            self._await_idleness(self._keep_alive)

    def _await_idleness(self, seconds: float) -> None:
        self._idling = self._loop.call_later(seconds, self._look_for_idleness)

    def _look_for_idleness(self) -> None:
        is_busy = self._current is not None or self._arrived or not self._is_whole
        since = self._loop.time() if is_busy else self._idle_since
        left = since + self._keep_alive - self._loop.time()
        if left > 0:
            self._await_idleness(left)
        else:
            self._end()

    def _turn_away(self) -> None:
        """Say 503 and no more; the client may still send a request, or it would miss the answer."""
        self.write(answers.plain(503, _TOO_MANY, [(b"retry-after", b"1")]))
        self._transport.write_eof()
        self._patience = self._loop.call_later(_LINGER_SECONDS, self._transport.abort)

    def _await_more(self) -> None:
        self._patience = self._loop.call_later(self.limits.patience, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        """Cut off a client that keeps the server waiting."""
        self._patience = None
        if self._transport.is_closing():
            return
        is_waiting = self._is_waiting_for_us()
        if is_waiting or self._was_waiting or self._body >= LEAST_BODY:
            self._was_waiting = is_waiting
            self._body = 0
            self._await_more()
        else:
            self._refuse(408, _TOO_LATE)

    def _is_waiting_for_us(self) -> bool:
        """Whether the client can send nothing before the server goes on."""
        if self._is_paused:
            return True
        newest = self._newest
        if newest is None or newest.is_answered:
            return False
        return newest.awaits_word or newest.is_whole

    def _refuse(self, status: int, message: str) -> None:
        """End the connection, with a word where it cannot be taken for a part of an answer."""
        if self._transport.is_closing():
            return
        _LOGGER.warning("%d: %s", status, message)
        current, newest = self._current, self._newest
        if current is None or (current is newest and not current.is_begun):
            self.write(answers.plain(status, message))
            self._arrived.clear()
            if newest is not None:
                newest.is_given_up = True
            self._wake()
        self._end()

    def _end(self) -> None:
        """Close the connection; the transport does so when all is sent that was written."""
        if not self._transport.is_closing():
            self.flush()
            self._transport.close()
            self._taking.watch()
