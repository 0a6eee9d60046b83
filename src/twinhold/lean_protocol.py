"""uvicorn's HTTP protocol, less what no request here needs.

An answer that is whole leaves in one write, its head together with its body, for a second one would
cost more than the handler does.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class LeanProtocol(HttpToolsProtocol):
    """Starts requests and sends their answers in as few steps as they need.

    A connection has one timer for its idleness, which looks when it last began instead of being
    set anew by each answer.
    """

    _idle_since: float | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def on_response_complete(self) -> None:
        """Begin the next request of the connection, or idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._await_request(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """A request arrives; its answer lets the timer begin if that has ended meanwhile."""
        self._idle_since = None

    def _await_request(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self._look_for_idleness)

    def _look_for_idleness(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._await_request(left)
        else:
            self.timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Run a request in a task, which the server waits for when it stops."""
        self.tasks.add(self.loop.create_task(self._run(cycle, app)))

    async def _run(self, cycle: RequestResponseCycle, app: Any) -> None:
        try:
            await cycle.run_asgi(app)
        finally:
            # A callback of the task would cost a turn of the event loop.
            self.tasks.discard(asyncio.current_task(self.loop))

    def on_headers_complete(self) -> None:
        """Start the request, or let it wait for those before it on its connection."""
        version = self._complete_scope()
        before = self.cycle
        self.cycle = _Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _complete_scope(self) -> str:
        """Put the request line into the scope; answer the version of HTTP."""
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        return version


class _Cycle(RequestResponseCycle):
    """One request and its answer; the head waits for the body, and what is whole leaves at once."""

    _start: Any = None

    async def send(self, message: "ASGISendEvent") -> None:
        """See ASGI."""
        if not self.response_started:
            self._start = message
            self.response_started, self.waiting_for_100_continue = True, False
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
        elif self._is_plain(start, message):
            self._answer(start, message["body"])  # type: ignore[typeddict-item]
        else:
            self.response_started = False
            await super().send(start)
            await super().send(message)

    def _is_plain(self, start: Any, message: "ASGISendEvent") -> bool:
        """Whether the body is whole, and nothing else stands between it and the client."""
        return not (
            message.get("more_body")
            or CLOSE_HEADER in start["headers"]
            or self.disconnected
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
        )

    def _answer(self, start: Any, body: bytes) -> None:
        parts = [STATUS_LINE[start["status"]]]
        for name, value in (*self.default_headers, *start["headers"]):
            if _CONTROL.search(value):
                raise RuntimeError("A header of the answer holds a control character.")
            parts += (name, b": ", value, b"\r\n")
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", body)
        self.transport.write(b"".join(parts))
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
