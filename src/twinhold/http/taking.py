"""Whether a client takes what it is sent."""

import asyncio
import fcntl
import struct
import termios

_INT = struct.Struct("i")


class Taking:
    """Cuts off a client that takes nothing of what it was sent."""

    def __init__(self, transport: asyncio.Transport, patience: float) -> None:
        """Take a connection.

        Args:
            transport: of the connection.
            patience: seconds in which the client must take something.
        """
        self._transport = transport
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Begin to look, unless that has begun."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            left = untaken(self._transport)
            self._timer = loop.call_later(self._patience, self._look, left)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, before: int) -> None:
        self._timer = None
        if not self._transport.get_write_buffer_size():
            return
        if untaken(self._transport) >= before:
            self._transport.abort()
        else:
            self.watch()


def untaken(transport: asyncio.Transport) -> int:
    """Bytes that the client has not acknowledged; the system holds up to megabytes of them."""
    unsent = transport.get_write_buffer_size()
    try:
        place = transport.get_extra_info("socket").fileno()
        queued = fcntl.ioctl(place, termios.TIOCOUTQ, bytes(_INT.size))
    except (OSError, ValueError):  # not every system says it of a socket, none of a closed one
        return unsent
    return unsent + int(_INT.unpack(queued)[0])
