"""Measure Twinhold beside a ceiling and a baseline, all in one run.

docs/explanation/performance.md says what is measured and what came out.
Every round gives every operation to every target, in an order drawn anew, before the next round
begins: what disturbs the machine disturbs all of them alike. Ends with 1 when an answer failed.
`scripts/bench search` measures searches of a large registry instead (bench/search.py),
`scripts/bench growth` what requests cost as a registry grows (bench/growth.py),
`scripts/bench soak` whether the memory of a large registry stays small (bench/soak.py), and
`scripts/bench postgresql` Twinhold on PostgreSQL beside a ceiling there (bench/postgresql.py).
"""

import argparse
import contextlib
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import footprint, growth, machine, postgresql, search, soak, targets, wires
from bench.load import Sample, drive, write_requests
from bench.ours import COUNTERPARTS, PUTS
from bench.report import Report
from bench.targets import Target, WrongAnswerError
from bench.wires import PAGE_SIZE

OPERATIONS = (*wires.OPERATIONS, *COUNTERPARTS)
_OTHERS = {
    "search": search.main,
    "growth": growth.main,
    "soak": soak.main,
    "postgresql": postgresql.main,
}
_STARTERS = (targets.twinhold, targets.ceiling, targets.baseline)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answer its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments and arguments[0] in _OTHERS:
        return _OTHERS[arguments[0]](arguments[1:])
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        report = _measure(options)
    except (WrongAnswerError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.text())
    if options.json is not None:
        report.write(options.json)
    if report.failed:
        print(f"bench: {report.failed} answers failed", file=sys.stderr)
    return 1 if report.failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--runs", type=_positive, default=3, help="rounds [3]")
    parser.add_argument("--seconds", type=_positive, default=3, help="of each measurement [3]")
    parser.add_argument("--connections", type=_positive, default=32, help="kept open [32]")
    parser.add_argument("--twins", type=_positive, default=2000, help="made beforehand [2000]")
    parser.add_argument(
        "--operations",
        type=_operations,
        default=list(OPERATIONS),
        metavar="NAME,...",
        help=f"which of {','.join(OPERATIONS)} [all]",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, too")
    options = parser.parse_args(arguments)
    if options.twins <= PAGE_SIZE:
        parser.error(f"--twins must be more than {PAGE_SIZE}, so that there is a next page")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _operations(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in OPERATIONS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {','.join(OPERATIONS)}")
    return names


def _measure(options: argparse.Namespace) -> Report:
    with tempfile.TemporaryDirectory(prefix="twinhold-bench-") as temporary:
        directory = Path(temporary)
        described = machine.describe(directory)
        _say("starting Twinhold a few times, for its footprint")
        at_rest = footprint.measure()
        with _started(directory) as started:
            for target in started:
                _say(f"{target.name}: making {options.twins} twins, trying every operation")
                target.seed(options.twins)
                target.check()
                target.prepare(options.operations)
                _prepare(target, directory, options.operations)
            results = _rounds(started, directory, options)
    names = ("connections", "seconds", "runs", "twins")
    return Report(described, {name: getattr(options, name) for name in names}, at_rest, results)


@contextlib.contextmanager
def _started(directory: Path) -> Iterator[list[Target]]:
    """All targets at once; those that wait their turn are idle."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(starter(directory / starter.__name__)) for starter in _STARTERS]


def _prepare(target: Target, directory: Path, operations: Sequence[str]) -> None:
    """Write down the requests of each operation: one for each twin, one of a page."""
    host = target.server.url.removeprefix("http://")
    for operation in operations:
        write_requests(
            _requests(directory, target, operation),
            (
                target.ask(operation, uuid, number).raw(target.wire, host)
                for number, uuid in enumerate(_subjects(target, operation))
            ),
        )


def _subjects(target: Target, operation: str) -> Sequence[str]:
    """The UUIDs that the requests of an operation are about; a page has one request."""
    if operation == "put":
        return [""] * PUTS
    return target.uuids[:1] if operation in target.wire.pages else target.uuids


def _rounds(
    started: Sequence[Target], directory: Path, options: argparse.Namespace
) -> dict[tuple[str, str], list[Sample]]:
    results: dict[tuple[str, str], list[Sample]] = {
        (operation, target.name): [] for operation in options.operations for target in started
    }
    for number in range(options.runs):
        for operation in options.operations:
            _say(f"round {number + 1} of {options.runs}: {operation}")
            for target in random.sample(started, len(started)):
                requests = _requests(directory, target, operation)
                sample = drive(target.server, requests, options.connections, options.seconds)
                results[operation, target.name].append(sample)
    return results


def _requests(directory: Path, target: Target, operation: str) -> Path:
    return directory / f"{target.name}-{operation}.requests"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
