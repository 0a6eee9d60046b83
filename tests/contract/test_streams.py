"""Bodies that pass through: bounded while they arrive, cut when nobody takes them."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest

from twinhold.api.kit import streams
from twinhold.api.kit.operations import Stream
from twinhold.registry.errors import DocumentTooLargeError, InvalidValueError

Message = MutableMapping[str, Any]


class Client:
    """What is on the other side of a request: it sends some messages, and then stays silent."""

    def __init__(self, *messages: Message, leaves_after: int | None = None) -> None:
        self.waiting = list(messages)
        self.got: list[Message] = []
        self._leaves_after = leaves_after
        self._left = asyncio.Event()

    async def sends(self) -> Message:
        if self.waiting:
            return self.waiting.pop(0)
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def gets(self, message: Message) -> None:
        self.got.append(message)
        if self._leaves_after == len(self.got):
            self._left.set()
        await asyncio.sleep(0)


def part(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


async def arrived(client: Client, largest: int) -> list[int]:
    return [len(chunk) async for chunk in streams.arriving(client.sends, largest)]


def test_chunks_arrive_as_they_come() -> None:
    async def test() -> None:
        client = Client(part(5), part(0), part(3), part(2, more=False))
        assert await arrived(client, 10) == [5, 3, 2]

    asyncio.run(test())


def test_a_body_is_refused_when_it_grows_too_large_and_not_read_on() -> None:
    async def test() -> None:
        client = Client(part(5), part(6), part(9, more=False))
        with pytest.raises(DocumentTooLargeError):
            await arrived(client, 10)
        assert client.waiting == [part(9, more=False)]

    asyncio.run(test())


def test_a_client_that_leaves_or_stalls_ends_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STALLED_SECONDS", 0.01)

    async def test() -> None:
        with pytest.raises(InvalidValueError, match="went away"):
            await arrived(Client(part(5), {"type": "http.disconnect"}), 10)
        with pytest.raises(InvalidValueError, match="stopped arriving"):
            await arrived(Client(part(5)), 10)

    asyncio.run(test())


def test_an_answer_stops_when_its_client_leaves() -> None:
    closed = []

    async def long() -> AsyncIterator[bytes]:
        try:
            for _ in range(1000):
                yield b"x"
        finally:
            closed.append(True)

    async def test() -> None:
        client = Client(part(0, more=False), leaves_after=5)
        await streams.send(client.sends, client.gets, Stream(long(), 1000))  # type: ignore[arg-type]
        assert 5 <= len(client.got) < 10
        assert all(message["more_body"] for message in client.got)

    asyncio.run(test())
    assert closed == [True]
