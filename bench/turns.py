"""Servers that are asked in turn: one request to each, over one connection each, again and again.

So every answer of one server stands beside one of the others a few milliseconds away, and what
disturbs the machine disturbs all alike.
"""

import contextlib
import random
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from bench.servers import HOST, Server

_CHUNK = 1 << 16
_ANSWER_SECONDS = 60
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class RefusedError(Exception):
    """An answer was of 400 and above, or no answer."""


@dataclass(frozen=True)
class Taken:
    """How long the answers of one server took.

    Attributes:
        answers: how many there were.
        p50_ms: half of them took at most this long.
        p95_ms: 95 of 100 took at most this long.
        p99_ms: 99 of 100 took at most this long.
        cpu_us: processor time of the server a request, user and system, all its threads.
    """

    answers: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True)
class Subject:
    """A server, and what makes the next request to it."""

    server: Server
    next_request: Callable[[], bytes]


def take_turns(subjects: Sequence[Subject], seconds: float) -> list[Taken]:
    """Ask until the time is over; answers what each took, in the order given.

    Raises:
        RefusedError: a request failed.
    """
    times: list[list[float]] = [[] for _ in subjects]
    order = list(range(len(subjects)))
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(_connect(subject.server)) for subject in subjects]
        before = [subject.server.cpu_seconds() for subject in subjects]
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(times[0]) < 2:
            random.shuffle(order)
            for number in order:
                request = subjects[number].next_request()
                begun = time.perf_counter()
                _exchange(connections[number], request)
                times[number].append(time.perf_counter() - begun)
        used = [
            subject.server.cpu_seconds() - then
            for subject, then in zip(subjects, before, strict=True)
        ]
    return [_taken(taken, cpu) for taken, cpu in zip(times, used, strict=True)]


def _connect(server: Server) -> socket.socket:
    connection = socket.create_connection((HOST, server.port), _ANSWER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _exchange(connection: socket.socket, request: bytes) -> None:
    """Send a request and receive its answer, whole."""
    connection.sendall(request)
    received = connection.recv(_CHUNK)
    while (head := received.find(_END_OF_HEAD)) < 0:
        if not (more := connection.recv(_CHUNK)):
            raise RefusedError(f"No answer to {request[:200]!r}.")
        received += more
    lines = received[:head].lower().split(b"\r\n")
    if not lines[0].startswith(b"http/1.1 2"):
        raise RefusedError(f"{received[:500]!r} to {request[:500]!r}")
    length = next(int(line[len(_LENGTH) :]) for line in lines if line.startswith(_LENGTH))
    left = length - (len(received) - head - len(_END_OF_HEAD))
    while left > 0:
        left -= len(connection.recv(min(left, _CHUNK)))


def _taken(times: list[float], cpu: float) -> Taken:
    parts = quantiles(times, n=100)
    return Taken(
        answers=len(times),
        p50_ms=parts[49] * 1000,
        p95_ms=parts[94] * 1000,
        p99_ms=parts[98] * 1000,
        cpu_us=cpu / len(times) * 1e6,
    )
