"""Servers that may die, commands, and waiting for something to come true."""

import contextlib
import http.client
import re
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
from tests.harness import TWINHOLD, Account, Server

T = TypeVar("T")

SECONDS = 20.0
_PAUSE = 0.02


def until(what: Callable[[], T], seconds: float = SECONDS) -> T:
    """Ask until the answer is true, and answer it.

    Raises:
        TimeoutError: it did not come true in time.
    """
    end = time.monotonic() + seconds
    while not (answer := what()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s, last answer: {answer!r}")
        time.sleep(_PAUSE)
    return answer


@contextlib.contextmanager
def started(
    data: Path, *options: str, program: Sequence[str] = TWINHOLD
) -> Generator[Server, None, None]:
    """A server that may die during the block; killed at its end, for nothing may depend on more."""
    server = Server(data, *options, program=program)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)


def connect(account: Account) -> http.client.HTTPConnection:
    """A connection to the account's server; opened by the first request."""
    return http.client.HTTPConnection(urlsplit(account.url).netloc, timeout=60)


def complaint(outcome: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed told its operator: one clear line at last, and exit code 1."""
    assert outcome.returncode == 1, outcome
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr, outcome.stderr
    *_, last = outcome.stderr.splitlines()
    assert re.fullmatch(r"twinhold: .+", last), outcome.stderr
    return last


def processor_seconds(server: Server) -> float:
    """Processor time of a server's process so far: what it took, whatever else the machine does."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)
