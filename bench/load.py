"""Load: wrk with many connections on one server, for a bounded time."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.servers import Server

_SCRIPT = Path(__file__).with_name("load.lua")
_ANSWER_SECONDS = 10
_GRACE_SECONDS = 30
_END_OF_REQUEST = b"\x1e"


@dataclass(frozen=True)
class Sample:
    """What one run of wrk found.

    Attributes:
        rate: requests answered a second.
        p50_ms: half of the answers took at most this long.
        p99_ms: 99 of 100 answers took at most this long.
        cpu_us: processor time of the server a request, user and system, all its threads.
        failed: answers of 400 and above, broken connections and requests without an answer.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int


def write_requests(path: Path, requests: Iterable[bytes]) -> None:
    """Write the file that `drive` sends from."""
    path.write_bytes(b"".join(request + _END_OF_REQUEST for request in requests))


def drive(server: Server, requests: Path, connections: int, seconds: int) -> Sample:
    """Send the requests of a file in random order until the time is over.

    Raises:
        RuntimeError: wrk gave no figures.
    """
    command = ["wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--timeout", f"{_ANSWER_SECONDS}s"]
    command += ["--script", str(_SCRIPT), server.url, "--", str(requests)]
    before = server.cpu_seconds()
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + _ANSWER_SECONDS + _GRACE_SECONDS,
    )
    used = server.cpu_seconds() - before
    line = next((line for line in ended.stdout.splitlines() if line.startswith("figures ")), None)
    if line is None:
        raise RuntimeError(f"wrk gave no figures: {ended.stdout}{ended.stderr}")
    answered, lasted_us, p50_us, p99_us, failed = map(int, line.split()[1:])
    return Sample(
        rate=answered / lasted_us * 1e6,
        p50_ms=p50_us / 1000,
        p99_ms=p99_us / 1000,
        cpu_us=used / answered * 1e6 if answered else float("nan"),
        failed=failed,
    )


def middle(samples: list[Sample]) -> Sample:
    """The median of each figure; failed answers are added up."""
    return Sample(
        rate=median(sample.rate for sample in samples),
        p50_ms=median(sample.p50_ms for sample in samples),
        p99_ms=median(sample.p99_ms for sample in samples),
        cpu_us=median(sample.cpu_us for sample in samples),
        failed=sum(sample.failed for sample in samples),
    )
