"""The HTTP protocol of the server, with a bound on what it holds of an unfinished request."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers; uvicorn itself would hold any number of them."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head does not end in time, before it costs memory."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        self._head = 0
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What arrives is no head."""
        self._head = 0
        super().on_body(body)
