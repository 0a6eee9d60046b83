"""A client that sends whatever it is given: bytes on a socket, and what came back."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

_PATIENCE = 10.0
_IMPATIENCE = 0.2
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_LINE_END = re.compile(rb"[\r\n]")

Headers = Sequence[tuple[bytes, bytes]]


class Sent(NamedTuple):
    """A request whose message is sound, whatever it holds."""

    method: bytes
    target: bytes
    body: bytes = b""
    headers: Headers = ()

    def message(self, host: str, secret: str) -> bytes:
        """The request as it goes out."""
        head = [
            b"%b %b HTTP/1.1" % (self.method, self.target),
            b"host: " + host.encode(),
            b"authorization: " + secret.encode(),
            b"content-length: %d" % len(self.body),
            *(b"%b: %b" % (name, _LINE_END.sub(b"", value)) for name, value in self.headers),
        ]
        return b"\r\n".join([*head, b"", self.body])


class SilenceError(Exception):
    """The server neither answers nor closes the connection."""


@dataclass
class Wire:
    """Connections to a server, one at a time, and what came over them.

    Attributes:
        slowest: seconds of the slowest answer; what it answered is `slowest_message`.
        statuses: how many answers had each; 0 for connections closed without one.
    """

    url: str
    secret: str
    slowest: float = 0.0
    slowest_message: bytes = b""
    statuses: dict[int, int] = field(default_factory=dict)
    _socket: socket.socket | None = None

    def ask(self, sent: Sent) -> int:
        """Send a sound request and take the status of its answer.

        Raises:
            SilenceError: there is none.
        """
        message = sent.message(urlsplit(self.url).netloc, self.secret)
        return self._counted(message, alone=False)

    def shout(self, message: bytes) -> int:
        """Send any bytes over a connection of their own, and take the first answer.

        Where more might be waited for, the client ends its side, and the server must end its own.

        Raises:
            SilenceError: it does neither.
        """
        self.close()
        try:
            return self._counted(message, alone=True)
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _counted(self, message: bytes, *, alone: bool) -> int:
        started = time.perf_counter()
        with self._closing():
            status = self._exchange(message, alone=alone)
        seconds = time.perf_counter() - started
        if status and seconds > self.slowest:
            self.slowest, self.slowest_message = seconds, message
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return status

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Close the connection when anything goes wrong with it."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _exchange(self, message: bytes, *, alone: bool) -> int:
        for _ in range(2):  # an idle connection may have been closed since
            was_open = self._socket is not None
            status = self._try(message, alone=alone)
            if status or not was_open:
                return status
        return status

    def _try(self, message: bytes, *, alone: bool) -> int:
        if self._socket is None:
            place = urlsplit(self.url)
            self._socket = socket.create_connection((place.hostname, place.port))
        self._socket.settimeout(_IMPATIENCE if alone else _PATIENCE)
        received = b""
        with contextlib.suppress(ConnectionError):
            self._send(message)
            received = self._receive(half_close=alone, is_bodiless=message.startswith(b"HEAD"))
        if not received or b"\r\nconnection: close" in received.lower():
            self.close()
        found = _STATUS.match(received)
        return int(found[1]) if found else 0

    def _send(self, message: bytes) -> None:
        assert self._socket is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(message)

    def _receive(self, *, half_close: bool, is_bodiless: bool) -> bytes:
        """The whole of the first answer, or less where the connection ends."""
        assert self._socket is not None
        received = b""
        while not _is_whole(received, is_bodiless=is_bodiless):
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError:
                if not half_close:
                    raise SilenceError(f"no answer, only {received[:100]!r}") from None
                half_close = False
                self._socket.settimeout(_PATIENCE)
                self._socket.shutdown(socket.SHUT_WR)
                continue
            if not chunk:
                return received
            received += chunk
        return received


def _is_whole(received: bytes, *, is_bodiless: bool) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    length = _LENGTH.search(head + b"\r\n")
    return is_bodiless or length is None or len(body) >= int(length[1])
