"""Measure what requests cost in registries of different sizes, on both engines.

`scripts/bench growth` grows registries to 10 000, 1 000 000 and 5 000 000 twins, checks them
through the API, and asks all of them the same, in turn (bench/turns.py). With --data the registries
stay there, and the next run asks them again; only the smallest is grown anew, for the twins that
were added would change it. docs/explanation/performance.md says what came out.
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from bench import grown, machine
from bench.growth_report import GrowthReport, Results
from bench.questions import TITLES, Asker
from bench.targets import WrongAnswerError
from bench.turns import RefusedError, Subject, take_turns

from twinhold.registry import keys
from twinhold.registry.cursors import Cursors
from twinhold.store.open import open_store

_T = TypeVar("_T")
_SIZES = ("10000", "1000000", "5000000")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answer its exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        report = _measure(options)
    except (WrongAnswerError, RefusedError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.text())
    if options.json is not None:
        report.write(options.json)
    if options.plot is not None:
        options.plot.write_text(report.plot())
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    for name, item, known in (
        ("sizes", _size, _SIZES),
        ("engines", _one_of(grown.ENGINES), grown.ENGINES),
        ("operations", _one_of(TITLES), TITLES),
    ):
        every = ",".join(known)
        parser.add_argument(
            f"--{name}", type=_list_of(item), default=every, metavar="...", help=f"[{every}]"
        )
    parser.add_argument(
        "--seconds", type=float, default=3, help="for each operation in each registry [3]"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the registries there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it there, as SVG")
    options = parser.parse_args(arguments)
    options.sizes = sorted(set(options.sizes))
    return options


def _list_of(item: Callable[[str], _T]) -> Callable[[str], list[_T]]:
    return lambda text: [item(part) for part in text.split(",")]


def _size(text: str) -> int:
    size = int(text)
    if size < grown.SMALLEST or size % 2:
        raise argparse.ArgumentTypeError(f"must be even, and at least {grown.SMALLEST}")
    return size


def _one_of(names: Collection[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {','.join(names)}")
        return text

    return check


def _measure(options: argparse.Namespace) -> GrowthReport:
    results: Results = {}
    with contextlib.ExitStack() as stack:
        folder = options.data
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="twinhold-bench-")
            folder = Path(stack.enter_context(temporary))
        folder.mkdir(parents=True, exist_ok=True)
        described = machine.describe(folder)
        for engine in options.engines:
            with _asked(engine, options.sizes, folder) as askers:
                for operation in options.operations:
                    results |= _ask(engine, askers, operation, options.seconds)
    return GrowthReport(described, options.seconds, results)


@contextlib.contextmanager
def _asked(engine: str, sizes: list[int], folder: Path) -> Iterator[list[Asker]]:
    """Registries of all sizes on an engine, running and checked."""
    with grown.places(engine, sizes, folder) as places, contextlib.ExitStack() as stack:
        grown.grow(places[0], anew=True)
        for place in places[1:]:
            grown.grow(place)
        grown.warm(folder / engine, places)
        askers = []
        for place in places:
            account = json.loads((place.data / "credentials.json").read_text())["account"]
            cursors = asyncio.run(_cursors(place))
            target = stack.enter_context(grown.serve(place))
            asker = Asker(target, account, cursors, place.size, grown.sample_of(place))
            asker.check()
            askers.append(asker)
        yield askers


async def _cursors(place: grown.Place) -> Cursors:
    """What seals the cursors of a registry that no server is using."""
    store = await open_store(place.data, place.address)
    try:
        return Cursors((await store.read(keys.reload)).cursors)
    finally:
        await store.close()


def _ask(engine: str, askers: list[Asker], operation: str, seconds: float) -> Results:
    """Ask all of them for one operation."""
    _say(f"{engine}: {operation}")
    turn = random.getrandbits(40)
    subjects = [
        Subject(asker.target.server, asker.questions(operation, turn).__next__) for asker in askers
    ]
    taken = take_turns(subjects, seconds * len(askers))
    return {
        (engine, operation, asker.size): found for asker, found in zip(askers, taken, strict=True)
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
