"""A wire between a server and its database that can be cut: a program, and what controls it.

    proxy.py HOST PORT      (or: proxy.py /path/of/a/socket)

It prints the port that it listens on, then obeys one word a line on its input and says `done`:
    cut      close every connection and refuse new ones, as a database does that stopped;
    freeze   let nothing through any more in either direction, as a network does that lost a cable;
    restore  work again; what was frozen is gone.

A process of its own, so that a test starts servers from a process without threads.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Generator
from urllib.parse import parse_qs, urlsplit

_CHUNK = 65_536
_SECONDS = 10


class Proxy:
    """The proxy's process, and the address of the database behind it."""

    def __init__(self, database: str) -> None:
        parts = urlsplit(database)
        folder = parse_qs(parts.query).get("host", [""])[0]
        target = (
            [f"{folder}/.s.PGSQL.{parts.port or 5432}"]
            if folder.startswith("/")
            else [folder or parts.hostname or "127.0.0.1", str(parts.port or 5432)]
        )
        self.process = subprocess.Popen(
            [sys.executable, __file__, *target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = self._line()
        user = f"{parts.username or 'postgres'}:{parts.password or 'hidden'}"
        self.url = f"postgresql://{user}@127.0.0.1:{port}{parts.path}"

    def tell(self, word: str) -> None:
        """Give an order and wait until it is carried out."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self._line() == "done"

    def close(self) -> None:
        """End the proxy: it ends when its input does."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(_SECONDS) == 0
        self.process.stdout.close()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextlib.contextmanager
def between(database: str) -> Generator[Proxy, None, None]:
    """A proxy in front of a database for the length of a block."""
    proxy = Proxy(database)
    try:
        yield proxy
    finally:
        proxy.close()


class _Wire:
    """What the program does."""

    def __init__(self, target: list[str]) -> None:
        self._target = target
        self._port = 0
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._joined: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()

    async def restore(self) -> None:
        """Listen, at the same port as before, and let through."""
        await self.cut()
        self._open.set()
        self._listener = await asyncio.start_server(self._join, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse, and close what is open."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def freeze(self) -> None:
        """Hold back everything."""
        self._open.clear()

    async def obey(self) -> None:
        """Do as told until the input ends."""
        await self.restore()
        _say(str(self._port))
        orders = {"cut": self.cut, "freeze": self.freeze, "restore": self.restore}
        while word := await asyncio.to_thread(sys.stdin.readline):
            await orders[word.strip()]()
            _say("done")
        await self.cut()
        self._open.set()
        await asyncio.gather(*self._joined)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._joined.add(task)
        self._writers.add(writer)
        await self._open.wait()
        try:
            back, ahead = await (
                asyncio.open_unix_connection(self._target[0])
                if len(self._target) == 1
                else asyncio.open_connection(self._target[0], int(self._target[1]))
            )
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(ahead)
        await asyncio.gather(self._pass(reader, ahead), self._pass(back, writer))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_Wire(sys.argv[1:]).obey())
