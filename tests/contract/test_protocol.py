"""HTTP on the wire: what answers look like byte by byte, and when connections stay open."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tests.harness import Account, Server


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    """A bare connection to the server."""
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        yield connection


def answers(connection: socket.socket, count: int, bodiless: int = 0) -> list[tuple[str, str]]:
    """The heads and bodies of so many answers, of which the first ones have no bodies."""
    file, found = connection.makefile("rb"), []
    for number in range(count):
        head = ""
        while not head.endswith("\r\n\r\n"):
            line = file.readline()
            assert line, f"the connection ended after {head!r}"
            head += line.decode()
        _, _, length = head.lower().partition("content-length: ")
        size = int(length.split("\r\n")[0]) if length and number >= bodiless else 0
        found.append((head.lower(), file.read(size).decode()))
    return found


def has_ended(connection: socket.socket) -> bool:
    """Whether the server closes the connection without another byte."""
    return connection.recv(1) == b""


def test_pipelined_requests_are_answered_in_their_order(connection: socket.socket) -> None:
    paths = ["/health", "/nowhere", "/health", "/openapi.json", "/nowhere", "/health"]
    asked = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
    connection.sendall(asked.encode())
    found = answers(connection, len(paths))
    statuses = [int(head.split()[1]) for head, _ in found]
    assert statuses == [404 if path == "/nowhere" else 200 for path in paths]
    assert found[0][1] == found[2][1] == found[5][1] == '{"status":"ok"}'


def test_answers_to_reading_and_writing_keep_their_order(
    connection: socket.socket, account: Account
) -> None:
    head = f"/twins HTTP/1.1\r\nHost: x\r\nAuthorization: {account.secret}\r\n"
    reading, writing = f"GET {head}\r\n", f"POST {head}Content-Length: 2\r\n\r\n{{}}"
    connection.sendall((reading + writing + reading * 2 + writing + reading).encode())
    statuses = [head.split()[1] for head, _ in answers(connection, 6)]
    assert statuses == ["200", "201", "200", "200", "201", "200"]


def test_clients_that_ask_at_the_same_time_are_all_answered(server: Server) -> None:
    place = urlsplit(server.url)
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((place.hostname, place.port), timeout=30))
            for _ in range(100)
        ]
        for connection in connections:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        bodies = {answers(connection, 1)[0][1] for connection in connections}
    assert bodies == {'{"status":"ok"}'}


def test_an_answer_has_a_date_and_a_length_and_no_server(connection: socket.socket) -> None:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    ((head, _),) = answers(connection, 1)
    names = [line.split(":")[0] for line in head.split("\r\n")[1:-2]]
    assert head.startswith("http/1.1 200 ok\r\n")
    assert sorted(names) == ["content-length", "content-type", "date"]


@pytest.mark.parametrize(
    "head",
    [
        "GET /health HTTP/1.0\r\n",
        "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
    ],
)
def test_a_connection_ends_when_its_client_does_not_keep_it(
    connection: socket.socket, head: str
) -> None:
    connection.sendall(head.encode() + b"\r\n")
    ((answer, body),) = answers(connection, 1)
    assert "connection: close" in answer
    assert body == '{"status":"ok"}'
    assert has_ended(connection)


def test_an_answer_to_head_has_no_body(connection: socket.socket) -> None:
    connection.sendall(b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    (refused, _), (answered, body) = answers(connection, 2, bodiless=1)
    assert refused.startswith("http/1.1 405 ")
    assert (answered.split()[1], body) == ("200", '{"status":"ok"}')


def test_a_body_is_asked_for_before_it_is_sent(connection: socket.socket, account: Account) -> None:
    head = f"POST /twins HTTP/1.1\r\nHost: x\r\nAuthorization: {account.secret}\r\n"
    connection.sendall(f"{head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
    assert answers(connection, 1) == [("http/1.1 100 continue\r\n\r\n", "")]
    connection.sendall(b"{}")
    assert answers(connection, 1)[0][0].startswith("http/1.1 201 ")


def test_a_body_that_is_refused_is_never_asked_for(connection: socket.socket) -> None:
    connection.sendall(
        b"POST /twins HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    ((head, _),) = answers(connection, 1)
    assert head.startswith("http/1.1 401 ")
    assert "connection: close" in head
    assert has_ended(connection)


def test_a_large_answer_arrives_whole(connection: socket.socket) -> None:
    connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    bodies = {body for _, body in answers(connection, 20)}
    assert len(bodies) == 1


@pytest.mark.parametrize("target", ["*", "x", "http://x"])
def test_a_target_that_is_no_path_is_not_found(connection: socket.socket, target: str) -> None:
    """The target of `OPTIONS *` (RFC 9112, section 3.2.4) belongs to no dialect."""
    connection.sendall(f"OPTIONS {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    ((head, _),) = answers(connection, 1)
    assert head.split()[1] in {"400", "404"}


def test_what_is_not_http_is_refused_and_ends_the_connection(connection: socket.socket) -> None:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answers(connection, 1)[0][0].startswith("http/1.1 200 ")
    connection.sendall(b"\x16\x03\x01 and more\r\n\r\n")
    assert answers(connection, 1)[0][0].startswith("http/1.1 400 ")
    assert has_ended(connection)


def test_a_request_that_breaks_off_in_its_body_is_refused_once_and_stores_nothing(
    connection: socket.socket, account: Account
) -> None:
    head = f"POST /twins HTTP/1.1\r\nHost: x\r\nAuthorization: {account.secret}\r\n"
    body = "2\r\n{}\r\nno length\r\n"
    connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n{body}".encode())
    assert answers(connection, 1)[0][0].startswith("http/1.1 400 ")
    assert has_ended(connection)
    assert account.request("GET", "/twins").json()["twins"] == []


def test_a_request_comes_in_any_pieces(connection: socket.socket) -> None:
    asked = b"GET /rules/nowhere?a=b HTTP/1.1\r\nHost: x\r\nAuthorization: none\r\n\r\n"
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(len(asked)):
        connection.sendall(asked[at : at + 1])
    ((head, _),) = answers(connection, 1)
    assert head.split()[1] in {"401", "404"}


def test_a_trailer_is_no_header(connection: socket.socket, account: Account) -> None:
    """What comes behind the body cannot say who sends it."""
    connection.sendall(
        b"POST /twins HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\nAuthorization: " + account.secret.encode() + b"\r\n\r\n"
    )
    assert answers(connection, 1)[0][0].startswith("http/1.1 401 ")
