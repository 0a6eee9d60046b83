"""Hours of mixed load on a large registry: does its memory stay small, and does it stay the same?

`scripts/bench soak` puts a million twins into a registry on SQLite, starts Twinhold on it, and asks
for a mixture of everything at a bounded rate. It looks at the resident memory every few seconds,
prints a line every few minutes, and in the end says whether the memory stayed below the most that
is allowed, whether it grew in the second half, and whether any answer failed. `--rate` bounds what
it takes of the machine, so that it can run beside other work.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import apsw
from bench import grown
from bench.grown import Place
from bench.mixture import Asker
from bench.targets import Target

MOST_RESIDENT_MB = 100.0
MOST_GROWTH_MB = 2.0
_SAMPLE_SECONDS = 5.0
_CONNECTIONS = 16


@dataclass(frozen=True)
class Sample:
    """The memory of the server at a time."""

    minutes: float
    resident_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answer its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench soak", description=__doc__)
    parser.add_argument("--twins", type=int, default=1_000_000, help="in the registry [1000000]")
    parser.add_argument("--minutes", type=float, default=60, help="of load [60]")
    parser.add_argument("--rate", type=float, default=300, help="requests a second [300]")
    parser.add_argument("--every", type=float, default=5, help="minutes between two lines [5]")
    parser.add_argument("--folder", type=Path, help="keep the registry there, and use it again")
    options = parser.parse_args(arguments)
    if options.folder is not None:
        return _run(options.folder, options)
    with tempfile.TemporaryDirectory(prefix="twinhold-bench-") as folder:
        return _run(Path(folder), options)


def _run(folder: Path, options: argparse.Namespace) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    place = Place("sqlite", options.twins, folder / f"{options.twins}", None)
    grown.grow(place)
    with grown.serve(place) as target:
        soak = Soak(target, _described(place.data))
        asyncio.run(soak.run(options))
    return soak.judge()


def _described(data: Path) -> list[str]:
    """The UUIDs of the twins with descriptions."""
    flags = apsw.SQLITE_OPEN_READONLY
    with contextlib.closing(apsw.Connection(str(data / "twinhold.db"), flags=flags)) as connection:
        rows = connection.execute("SELECT uuid FROM twins WHERE description IS NOT NULL")
        return [str(uuid) for (uuid,) in rows]


class Soak:
    """One run: the load, the memory on the way, and what is to be said of both."""

    def __init__(self, target: Target, uuids: list[str]) -> None:
        self._server = target.server
        self._asker = Asker(target.server.port, target.wire.authorization or "", uuids)
        self._samples: list[Sample] = []

    async def run(self, options: argparse.Namespace) -> None:
        """Ask for so many minutes, and tell of it every few minutes."""
        await self._asker.prepare()
        self._tell(f"{options.rate:g} requests/s for {options.minutes:g} minutes")
        self._tell("| minute | requests | failed | p50 ms | p99 ms | CPU µs | now MB | most MB |")
        self._tell("| --- | --- | --- | --- | --- | --- | --- | --- |")
        until = time.monotonic() + options.minutes * 60
        rate = options.rate / _CONNECTIONS
        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(self._asker.keep_asking(rate, until))
            group.create_task(self._watch(until, options.every))

    async def _watch(self, until: float, every: float) -> None:
        started = told = time.monotonic()
        used = self._server.cpu_seconds()
        while time.monotonic() < until:
            await asyncio.sleep(min(_SAMPLE_SECONDS, max(0, until - time.monotonic())))
            now = time.monotonic()
            self._samples.append(Sample((now - started) / 60, self._server.resident_mb()))
            if now - told >= every * 60 or now >= until:
                self._tell_line(self._server.cpu_seconds() - used)
                told, used = now, self._server.cpu_seconds()

    def _tell_line(self, cpu_seconds: float) -> None:
        tally, last = self._asker.tally, self._samples[-1]
        took = tally.take()
        cells = (
            f"{last.minutes:.0f}",
            f"{tally.asked.total()}",
            f"{tally.failed.total()}",
            f"{took[len(took) // 2] * 1000:.1f}",
            f"{took[len(took) * 99 // 100] * 1000:.1f}",
            f"{cpu_seconds / len(took) * 1e6:.0f}",
            f"{last.resident_mb:.1f}",
            f"{self._most():.1f}",
        )
        self._tell(f"| {' | '.join(cells)} |")

    def judge(self) -> int:
        """Say what came out; answer the exit code."""
        tally, most, growth = self._asker.tally, self._most(), self._growth()
        self._tell(f"asked: {dict(tally.asked)}")
        if tally.failed:
            self._tell(f"failed: {dict(tally.failed)}")
        good = (most < MOST_RESIDENT_MB, growth < MOST_GROWTH_MB, not tally.failed)
        self._tell(
            f"most resident: {most:.1f} MB, to stay below {MOST_RESIDENT_MB:g}: {_word(good[0])}"
        )
        self._tell(
            f"growth from the third quarter to the last: {growth:.1f} MB, "
            f"to stay below {MOST_GROWTH_MB:g}: {_word(good[1])}"
        )
        self._tell(f"failed answers: {tally.failed.total()}: {_word(good[2])}")
        return 0 if all(good) else 1

    def _most(self) -> float:
        return max(sample.resident_mb for sample in self._samples)

    def _growth(self) -> float:
        """By how much the median of the last quarter is above that of the one before."""
        memory = [sample.resident_mb for sample in self._samples]
        quarter = max(1, len(memory) // 4)
        return median(memory[-quarter:]) - median(memory[-2 * quarter : -quarter] or memory)

    def _tell(self, text: str) -> None:
        print(text, flush=True)


def _word(good: bool) -> str:  # noqa: FBT001 - reads best as a word
    return "reached" if good else "missed"


if __name__ == "__main__":
    sys.exit(main())
