"""What clients may claim of a running server: time, connections, memory."""

import asyncio
import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from tests.harness import Account, Server, serving

from twinhold.http import LARGEST_HEAD, taking

PATIENCE = 1
KEEP_ALIVE = 2
CONNECTIONS = 8
ENOUGH_SECONDS = 15
"""After this long a client that ought to be cut off is not."""

Options = Callable[[], list[str]]


@pytest.fixture(scope="module")
def strict(
    options: Options, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with little patience and few connections."""
    data = tmp_path_factory.mktemp(f"limits-{engine}") / "data"
    limits = {
        "--patience": PATIENCE,
        "--keep-alive": KEEP_ALIVE,
        "--connections": CONNECTIONS,
    }
    flags = [str(part) for pair in limits.items() for part in pair]
    with serving(data, *options(), *flags) as server:
        yield server


def connected(server: Server) -> socket.socket:
    place = urlsplit(server.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=ENOUGH_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def asking(server: Server, count: int) -> socket.socket:
    """A connection that has asked for a large page so many times and taken nothing yet."""
    place = urlsplit(server.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(ENOUGH_SECONDS)
    connection.connect((place.hostname, place.port))
    connection.sendall(b"GET /docs HTTP/1.1\r\nHost: here\r\n\r\n" * count)
    return connection


def dripping(connection: socket.socket, drop: bytes) -> bytes:
    """Send a drop now and then until the server cuts the connection off; answer what it said."""
    connection.settimeout(0.1)
    ending = time.monotonic() + ENOUGH_SECONDS
    said = b""
    while time.monotonic() < ending:
        with contextlib.suppress(TimeoutError):
            try:
                connection.sendall(drop)
                part = connection.recv(10_000)
            except ConnectionError:
                return said
            if not part:
                return said
            said += part
    pytest.fail("the connection is open still")


def head(account: Account, length: int) -> bytes:
    """The head of a request that makes a twin, by HTTP/1.1."""
    lines = ["POST /twins HTTP/1.1", "Host: here", f"Authorization: {account.secret}"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def answered(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer


class TestPatience:
    """A client that lets the server wait is cut off, and no other client notices."""

    @pytest.mark.parametrize(
        ("start", "drop"),
        [
            (b"GET /health HTTP/1.1\r\n", b"X-A: b\r\n"),
            (b"GET /hea", b"l"),
            (b"", b"\r\n"),
            (b"GET /health HTTP/1.1\r\nHost: here\r\n\r\nGET /health HT", b""),
        ],
        ids=["headers", "request line", "nothing", "behind a whole request"],
    )
    def test_ends_with_a_head_that_drips(self, strict: Server, start: bytes, drop: bytes) -> None:
        with connected(strict) as connection:
            connection.sendall(start)
            said = dripping(connection, drop)
        assert b"HTTP/1.1 408 " in said

    def test_ends_with_a_client_that_says_nothing(self, strict: Server) -> None:
        with connected(strict) as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
            assert connection.recv(1000) == b""

    def test_ends_with_a_body_that_drips_and_stores_nothing(self, strict: Server) -> None:
        account = strict.account()
        with connected(strict) as connection:
            connection.sendall(head(account, 10_000) + b'{"description": {"a": "')
            said = dripping(connection, b"x")
        assert said.startswith(b"HTTP/1.1 408 ")
        assert account.request("GET", "/twins").json()["twins"] == []

    def test_ends_with_chunks_that_drip(self, strict: Server) -> None:
        account = strict.account()
        chunked = head(account, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        with connected(strict) as connection:
            connection.sendall(chunked)
            assert dripping(connection, b"1\r\n \r\n").startswith(b"HTTP/1.1 408 ")

    def test_ends_with_a_file_that_drips(self, strict: Server) -> None:
        url = urlsplit(strict.account().request("POST", "/cache").json()["url"])
        put = f"PUT {url.path} HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\n"
        with connected(strict) as connection:
            connection.sendall(put.encode())
            assert dripping(connection, b"x").startswith(b"HTTP/1.1 408 ")

    def test_ends_with_a_refused_body_that_drips_on(self, strict: Server) -> None:
        with connected(strict) as connection:
            connection.sendall(head(strict.account(), 10**9))
            said = dripping(connection, b"x")
        assert said.startswith(b"HTTP/1.1 400 ")

    def test_lasts_for_a_body_that_keeps_coming(self, strict: Server) -> None:
        account = strict.account()
        sent = json.dumps({"description": {"a": "x" * 60_000}}).encode()
        with connected(strict) as connection:
            connection.sendall(head(account, len(sent)))
            for start in range(0, len(sent), 5000):
                time.sleep(PATIENCE / 5)
                connection.sendall(sent[start : start + 5000])
            assert answered(connection).status == 201

    def test_lasts_for_a_client_that_awaits_our_word(self, strict: Server) -> None:
        """`Expect: 100-continue`: the body comes when it is asked for."""
        account = strict.account()
        expecting = head(account, 2).replace(b"Host:", b"Expect: 100-continue\r\nHost:")
        with connected(strict) as connection:
            connection.sendall(expecting)
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"{}")
            assert answered(connection).status == 201

    def test_ends_with_a_client_that_takes_no_answer(self, strict: Server) -> None:
        ending = time.monotonic() + ENOUGH_SECONDS
        with asking(strict, 50) as connection:
            while time.monotonic() < ending:
                time.sleep(0.1)
                try:
                    connection.sendall(b"\r\n")
                except ConnectionError:
                    return
        pytest.fail("the connection is open still")

    def test_lasts_for_a_client_that_takes_its_answers_slowly(self, strict: Server) -> None:
        size = len(requests.get(f"{strict.url}/docs", timeout=30).content)
        with asking(strict, 20) as connection:
            took, slept = 0, 0
            while took < 20 * size:
                part = connection.recv(65_536)
                assert part
                took += len(part)
                if slept < 30 and took > slept * size // 3:
                    slept += 1
                    time.sleep(PATIENCE / 10)

    def test_leaves_fast_clients_alone(self, strict: Server) -> None:
        account = strict.account()
        slow = [connected(strict) for _ in range(CONNECTIONS // 2)]
        try:
            for connection in slow:
                connection.sendall(b"GET /health HTTP/1.1\r\n")
            for _ in range(20):
                assert account.request("POST", "/twins", json={}).status_code == 201
        finally:
            for connection in slow:
                connection.close()


class TestKeepAlive:
    def test_lasts_longer_than_the_patience_and_then_ends(self, strict: Server) -> None:
        with connected(strict) as connection:
            for _ in range(2):
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
                answer = answered(connection)
                assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')
                time.sleep(PATIENCE * 1.3)
            assert connection.recv(1000) == b""

    def test_ends_after_the_rest_of_a_refused_body(self, strict: Server) -> None:
        with connected(strict) as connection:
            connection.sendall(b"POST /twins HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n{")
            answer = answered(connection)
            assert (answer.status, bool(answer.read())) == (401, True)
            connection.sendall(b"   ")
            assert connection.recv(1000) == b""


class TestConnections:
    def test_beyond_the_limit_are_answered_503_and_closed(self, strict: Server) -> None:
        held = [self._served(strict) for _ in range(CONNECTIONS)]
        try:
            for _ in range(3):
                with connected(strict) as connection:
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
                    answer = answered(connection)
                    assert answer.status == 503
                    assert answer.headers["Retry-After"] == "1"
                    assert answer.read().endswith(b".")
                    assert connection.recv(1000) == b""
            assert requests.get(f"{strict.url}/health", timeout=30).status_code == 503
        finally:
            for connection in held:
                connection.close()

    def test_are_free_again_when_others_end(self, strict: Server) -> None:
        for _ in range(3 * CONNECTIONS):
            self._served(strict).close()

    @staticmethod
    def _served(server: Server) -> socket.socket:
        """A connection that is served; one that was ended just now may count for a moment."""
        ending = time.monotonic() + ENOUGH_SECONDS
        while time.monotonic() < ending:
            connection = connected(server)
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
            answer = answered(connection)
            answer.read()
            if answer.status == 200:
                return connection
            connection.close()
        pytest.fail("no connection is free")


def test_a_head_is_at_most_64_kib(strict: Server) -> None:
    with connected(strict) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nX: " + b"a" * (LARGEST_HEAD + 1))
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_closed_connection_has_nothing_left_to_take() -> None:
    """Its descriptor is gone, and a timer may still look."""

    async def look() -> int:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            transport, _ = await loop.create_connection(asyncio.Protocol, *listener.getsockname())
            transport.abort()
            await asyncio.sleep(0)
            return taking.untaken(transport)

    assert asyncio.run(look()) == 0
