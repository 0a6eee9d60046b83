"""The checks by their names: how often each thing happens, and what the report says of it."""

import argparse
import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from reliability import databases, fuzz, mutants, powercut, processes, refusals
from reliability.engines import places
from reliability.findings import Tally
from reliability.processes import Point, Signal

_SABOTAGED_CUTS = 40
_MOST_PROBLEMS = 40
_SOON_SECONDS = 10
"""In which a write must be possible after a fail-over."""

Outcome = tuple[str, bool]
"""A line of the report, and whether it is as it must be."""

Check = Callable[[argparse.Namespace], Iterator[Outcome]]


def _power(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (10_000 if options.long else 150)
    tally = powercut.cut(times, options.seed)
    cuts = f"{tally.interruptions} cuts ({tally.torn} with unsynced data)"
    yield f"{cuts}, {tally.outcomes} states of the disk: {tally}", not tally.found
    yield from _examples(tally)
    for name, fault in (("OFF", powercut.sync_never), ("NORMAL", powercut.sync_log_late)):
        seen = powercut.cut(_SABOTAGED_CUTS, options.seed, fault)
        yield f"with synchronous = {name}, as it must be: {seen}", bool(seen.found)


def _signals(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (400 if options.long else 2)
    ends = {
        Signal(signal.SIGKILL): times,
        Point("before"): _fourth(times),
        Point("after"): _fourth(times),
        Signal(signal.SIGTERM): _fourth(times),
    }
    killed = 0
    with places() as found:
        for place, (death, often) in itertools.product(found, ends.items()):
            tally = processes.end(often, death, place, Random(options.seed))
            yield f"{often} times {death} on {place.engine}: {tally}", not tally.found
            yield from _examples(tally)
            killed += often if death != Signal(signal.SIGTERM) else 0
    yield f"killed {killed} times in all", True


def _fourth(times: int) -> int:
    return max(1, times // 4)


def _disk(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (500 if options.long else 20)
    for name, refusal in refusals.REFUSALS.items():
        tally = refusals.refuse(times, Random(options.seed), refusal)
        yield f"{times} times {name} in SQLite: {tally}", not tally.found
        yield from _examples(tally)
    with TemporaryDirectory(prefix="twinhold-reliability-") as folder:
        tally = processes.fill_disk(1 + times // 20, Path(folder, "data"))
        yield f"{tally.interruptions} times full under a server: {tally}", not tally.found
        yield from _examples(tally)


def _database(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (25 if options.long else 1)
    gaps = databases.restart(times, Random(options.seed))
    yield f"{times} times killed and started again: {gaps}", not gaps.tally.found
    yield from _examples(gaps.tally)


def _failover(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (25 if options.long else 1)
    gaps = databases.fail_over(times, Random(options.seed))
    soon = max(gaps.seconds) < _SOON_SECONDS
    yield f"{times} times to the standby: {gaps}", soon and not gaps.tally.found
    yield from _examples(gaps.tally)
    seen = databases.lag(1, Random(options.seed)).tally
    yield f"to a standby that nobody waited for, as it must be: {seen}", bool(seen.found)


def _clock(options: argparse.Namespace) -> Iterator[Outcome]:
    times = options.times or (500 if options.long else 20)
    tally = refusals.turn_back(times, Random(options.seed))
    yield f"{times} times back: {tally}", not tally.found
    yield from _examples(tally)


def _fuzz(options: argparse.Namespace) -> Iterator[Outcome]:
    requests, examples = (50_000, 2_500) if options.long else (4_000, 100)
    extent = fuzz.Extent(requests, options.times or examples, options.seed)
    with places() as found:
        for place in found if options.long else found[:1]:
            outcome = fuzz.fuzz(place, extent)
            yield f"on {place.engine}: {outcome}", not outcome.problems
            yield from ((problem, False) for problem in outcome.problems[:_MOST_PROBLEMS])


def _mutants(options: argparse.Namespace) -> Iterator[Outcome]:
    if not options.long:
        yield f"{len(mutants.FAULTS)} faults, planted only with --long", True
        return
    failing = mutants.faultless()
    yield f"without a fault, these tests fail: {', '.join(failing) or 'none'}", not failing
    for fault, test in mutants.plant():
        yield f"{fault.name}: noticed by {test or 'nobody'}", test is not None


def _examples(tally: Tally) -> Iterator[Outcome]:
    yield from ((example, False) for example in tally.examples)


CHECKS: dict[str, Check] = {
    "power": _power,
    "signals": _signals,
    "disk": _disk,
    "database": _database,
    "failover": _failover,
    "clock": _clock,
    "fuzz": _fuzz,
    "mutants": _mutants,
}
