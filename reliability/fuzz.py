"""Send a server what nobody would, and see that it answers, soon, and keeps no memory of it.

Two sources of requests: Schemathesis makes them from the OpenAPI document and holds the answers to
it (`schemathesis.toml`); Hypothesis makes what no document describes (`fuzz_requests.py`).
"""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
from hypothesis import HealthCheck, Phase
from reliability import fuzz_requests
from reliability.engines import Place
from reliability.fuzz_requests import Requests
from reliability.fuzz_wire import Sent, SilenceError, Wire
from reliability.fuzz_world import World
from tests.harness import ROOT, Account, Server, serving

SLOW_SECONDS = 1.0
MOST_GROWTH = 1.05
_SCHEMATHESIS = ROOT / ".venv/fuzz/bin/schemathesis"
_IDLE_SECONDS = 15
_LONGEST = 400
_RULES, _OPERATORS = 600, ("==", "!=", "<", ">=")
_LARGE_TWINS, _LARGE = 3_000, 3_000
_LONGEST_REPORT = 4000
_SERVER_ERROR = 500
_NO_HTTP = "no request of HTTP"
_MOST_EXAMPLES, _REQUESTS_AN_EXAMPLE = 150, 150
_PHASES = "coverage,fuzzing,stateful"


class Extent(NamedTuple):
    """How much to send.

    Attributes:
        requests: that Schemathesis makes, at least.
        examples: that Hypothesis makes of each kind.
        seed: of what is left to chance.
    """

    requests: int
    examples: int
    seed: int

    @property
    def warm_up(self) -> "Extent":
        """What is sent before the memory is looked at: a tenth, and other requests."""
        return Extent(self.requests // 10, self.examples // 10, self.seed + 1000)


@dataclass
class Found:
    """What came out of a fuzz.

    Attributes:
        begun: when; what was slow before, waited for the start of the server.
        statuses: how many answers had each, as the server logged them.
        broken: messages that the server refused (400) for they were no HTTP.
        described: requests that Schemathesis made.
        odd: requests that Hypothesis made.
        closed: of these, those for which the connection was closed without an answer.
        slowest: seconds of the slowest answer.
        memory: millions of bytes, resident: after the warm-up, at most, and at the end.
        late: what was answered after more than a second.
        problems: what was not as it must be.
    """

    begun: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    described: int = 0
    odd: int = 0
    closed: int = 0
    slowest: float = 0.0
    memory: tuple[float, float, float] = (0.0, 0.0, 0.0)
    late: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        statuses = ", ".join(
            f"{count} x {status}" for status, count in sorted(self.statuses.items())
        )
        before, peak, after = self.memory
        return (
            f"{sum(self.statuses.values()) + self.broken} answers ({statuses}, {self.broken} x 400 "
            "for it was no HTTP); "
            f"{self.described} requests were Schemathesis'; "
            f"{self.odd} were odd, and {self.closed} of them closed without an answer; "
            f"slowest {self.slowest * 1000:.0f} ms; "
            f"memory {before:.1f} MB, at most {peak:.1f}, at last {after:.1f}"
        )


def fuzz(place: Place, extent: Extent) -> Found:
    """Fuzz a server of its own, from a warm-up to a rest."""
    subprocess.run(["sh", "scripts/env", "fuzz"], cwd=ROOT, check=True)
    found = Found()
    with serving(place.data, *place.options) as server:
        world = World.of(server.operator)
        found.begun = time.time()
        _fill(world.account, server.account("Filling"))
        _send(server, world, extent.warm_up, found)
        before = _resting_memory(server)
        _send(server, world, extent, found)
        found.memory = (before, _memory(server, "VmHWM"), _resting_memory(server))
    read_log(server.log, found)
    found.problems += found.late
    if found.memory[-1] > before * MOST_GROWTH:
        found.problems.append("the memory is not back to within 5 %")
    return found


def _fill(account: Account, other: Account) -> None:
    """Have the server keep as much as it ever does: rules, statements, and pages of its file."""
    for number in range(_RULES):
        compared = " and ".join(
            f"TWIN.a{place} {_OPERATORS[number >> 2 * place & 3]} {number}" for place in range(5)
        )
        rule = f"{compared} and TWIN.name =~ '{number}[a-z]*{'x' * 20}'"
        account.request("GET", "/twins", params={"match": rule, "details": "true"})
    for _ in range(_LARGE_TWINS):
        other.request("POST", "/twins", json={"description": {"text": "x" * _LARGE}})
    cursor = ""
    while cursor is not None:
        page = other.request("GET", "/twins", params={"details": "true", "cursor": cursor})
        cursor = page.json()["cursor"]
    other.request("GET", "/twins", params={"match": "TWIN.text == 'y'", "fill": "true"})


def _send(server: Server, world: World, extent: Extent, found: Found) -> None:
    found.problems += conform(server, extent, found)
    found.problems += generate(world, extent.examples, extent.seed, found)


def generate(world: World, examples: int, seed: int, found: Found) -> Iterator[str]:
    """Send what Hypothesis makes; yields what was answered wrongly, the smallest of each kind."""
    for kind, requests in fuzz_requests.KINDS.items():
        wire = Wire(world.account.url, world.account.secret)
        try:
            _run(wire, requests(world), examples, seed)
        except AssertionError as error:
            yield f"{kind}: {str(error)[:_LONGEST]}"
        finally:
            wire.close()
        found.closed += wire.statuses.get(0, 0)
        found.odd += sum(wire.statuses.values())
        if wire.slowest > SLOW_SECONDS:
            message = wire.slowest_message[:_LONGEST]
            found.late.append(f"{kind}: answered after {wire.slowest:.1f} s: {message!r}")


def _run(wire: Wire, requests: Requests, examples: int, seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @hypothesis.given(requests)
    def send(sent: Sent | bytes) -> None:
        try:
            status = wire.shout(sent) if isinstance(sent, bytes) else wire.ask(sent)
        except SilenceError as error:
            raise AssertionError(f"{error} to {sent!r}") from None
        if status >= _SERVER_ERROR:
            raise AssertionError(f"{status} to {sent!r}")

    send()


def conform(server: Server, extent: Extent, found: Found) -> Iterable[str]:
    """Send what Schemathesis makes, until there are enough requests; what it found fault with."""
    problems: dict[str, None] = {}
    sent, seed = 0, extent.seed
    while sent < extent.requests:
        report = _schemathesis(server, extent.requests - sent, seed)
        problems |= dict.fromkeys(_complaints(report))
        sent += max(int(report["test_cases"]["generated"]), 1)
        seed += 1
    found.described += sent
    return problems


def _schemathesis(server: Server, wanted: int, seed: int) -> dict[str, Any]:
    """One run of Schemathesis; its report."""
    folder = server.data.parent
    report = folder / "schemathesis.json"
    examples = max(1, min(_MOST_EXAMPLES, wanted // _REQUESTS_AN_EXAMPLE))
    command = [
        str(_SCHEMATHESIS), "--config-file", "reliability/schemathesis.toml",
        "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: {server.operator.secret}",
        "--phases", _PHASES, "--max-examples", str(examples), "--seed", str(seed),
        "--workers", "1", "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    (folder / f"schemathesis-{seed}.txt").write_text(done.stdout)
    if not report.exists():
        raise RuntimeError(f"Schemathesis does not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(report.read_text())
    report.unlink()
    found["printed"] = done.stdout.partition("FAILURES")[2][:_LONGEST_REPORT]
    return found


def _complaints(report: dict[str, Any]) -> Iterator[str]:
    for failure in report["failures"]:
        for operation in failure["operations"]:
            yield f"Schemathesis: {failure['title']}: {operation}"
    if report["failures"]:
        yield f"Schemathesis says: {report['printed']}"
    for error in report["errors"]:
        yield f"Schemathesis: {error['title']}"


def read_log(log: Path, found: Found) -> None:
    """Count the answers in the log of a server, which has a line for each."""
    with log.open() as lines:
        for line in lines:
            if not line.startswith("{"):
                continue
            entry = json.loads(line)
            if "status" in entry:
                _count(entry, line, found)
            elif _NO_HTTP in entry.get("message", ""):
                found.broken += 1
            elif entry.get("level") == "error":
                found.problems.append(line[:_LONGEST])


def _count(entry: dict[str, Any], line: str, found: Found) -> None:
    status, seconds = entry["status"], entry["ms"] / 1000
    found.statuses[status] = found.statuses.get(status, 0) + 1
    if status >= _SERVER_ERROR:
        found.problems.append(line[:_LONGEST])
    if entry["ts"] < found.begun:
        return
    found.slowest = max(found.slowest, seconds)
    if seconds > SLOW_SECONDS:
        found.late.append(line[:_LONGEST])


def _resting_memory(server: Server) -> float:
    """What is resident after a while without a request."""
    time.sleep(_IDLE_SECONDS)
    return _memory(server, "VmRSS")


def _memory(server: Server, name: str) -> float:
    """A line of what the system says of a process, in millions of bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / 1e6
