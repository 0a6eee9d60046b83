"""Bodies that pass through: bounded while they arrive, cut when nobody takes them."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from twinhold.api.kit import streams
from twinhold.http import ClientGoneError
from twinhold.registry.errors import DocumentTooLargeError, InvalidValueError


class Client:
    """What is on the other side of a request: it sends some parts, then leaves or stays silent."""

    def __init__(self, *parts: int, leaves: bool = False, leaves_after: int = 0) -> None:
        self.waiting = list(parts)
        self.got: list[bytes] = []
        self._leaves = leaves
        self._leaves_after = leaves_after

    @property
    def is_gone(self) -> bool:
        return bool(self._leaves_after) and len(self.got) >= self._leaves_after

    async def read(self) -> bytes:
        if self.waiting:
            return bytes(self.waiting.pop(0))
        if self._leaves:
            raise ClientGoneError
        await asyncio.Event().wait()
        return b""

    async def send(self, part: bytes) -> None:
        self.got.append(part)
        await asyncio.sleep(0)


async def arrived(client: Client, largest: int) -> list[int]:
    return [len(chunk) async for chunk in streams.arriving(client, largest)]


def test_chunks_arrive_as_they_come() -> None:
    assert asyncio.run(arrived(Client(5, 3, 2, 0), 10)) == [5, 3, 2]


def test_a_body_is_refused_when_it_grows_too_large_and_not_read_on() -> None:
    client = Client(5, 6, 9, 0)
    with pytest.raises(DocumentTooLargeError):
        asyncio.run(arrived(client, 10))
    assert client.waiting == [9, 0]


def test_a_client_that_leaves_or_stalls_ends_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STALLED_SECONDS", 0.01)
    with pytest.raises(InvalidValueError, match="went away"):
        asyncio.run(arrived(Client(5, leaves=True), 10))
    with pytest.raises(InvalidValueError, match="stopped arriving"):
        asyncio.run(arrived(Client(5), 10))


def test_an_answer_stops_when_its_client_leaves() -> None:
    closed = []

    async def long() -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(1000):
                yield b"x"
        finally:
            closed.append(True)

    client = Client(leaves_after=5)
    asyncio.run(streams.send(client, long()))
    assert len(client.got) == 5
    assert closed == [True]
