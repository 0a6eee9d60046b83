"""The measurements as tables in Markdown, and as one JSON document."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from bench.footprint import Footprint
from bench.load import Sample, middle
from bench.ours import TITLES as TITLES_OF_OURS
from bench.wires import TITLES as TITLES_OF_ALL

Results = Mapping[tuple[str, str], Sequence[Sample]]
"""The runs of each operation and target."""

FIGURES: Mapping[tuple[str, str], float] = {
    ("get", "ceiling"): 0.65,
    ("post", "ceiling"): 0.65,
    ("patch", "ceiling"): 0.65,
    ("uuids", "ceiling"): 0.65,
    ("details", "ceiling"): 0.65,
    ("rule", "ceiling"): 0.65,
    ("put", "ceiling"): 0.5,
    ("ledger", "ceiling"): 0.4,
    ("value", "ceiling"): 0.35,
    ("resolve", "ceiling"): 0.5,
    ("get", "baseline"): 15.0,
    ("post", "baseline"): 10.0,
    ("patch", "baseline"): 12.0,
    ("uuids", "baseline"): 20.0,
    ("details", "baseline"): 20.0,
    ("rule", "baseline"): 80.0,
}
"""The rate that Twinhold is to reach, as a multiple of the other's."""

MOST_RESIDENT_MB = 80.0
MOST_START_SECONDS = 0.7

TITLES = TITLES_OF_ALL | TITLES_OF_OURS
_PRODUCT = "twinhold"
_OTHERS = ("ceiling", "baseline")


class Report:
    """Everything one run of the bench found out."""

    def __init__(
        self,
        machine: Mapping[str, str],
        settings: Mapping[str, Any],
        footprint: Footprint,
        results: Results,
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._footprint = footprint
        self._results = results
        self._middles = {key: middle(list(samples)) for key, samples in results.items()}
        self._operations = list(dict.fromkeys(operation for operation, _ in results))

    @property
    def failed(self) -> int:
        """Answers that failed, of all targets."""
        return sum(sample.failed for sample in self._middles.values())

    def text(self) -> str:
        """The tables."""
        parts = [
            "\n".join(f"{name}: {text}" for name, text in self._machine.items()),
            ", ".join(f"{name} {value}" for name, value in self._settings.items()),
            self._rates(),
            self._ratios(),
            self._at_rest(),
        ]
        return "\n\n".join(parts)

    def write(self, path: Path) -> None:
        """Write the document, every single run included."""
        document = {
            "machine": self._machine,
            "settings": self._settings,
            "footprint": asdict(self._footprint),
            "medians": self._records(self._middles.items()),
            "ratios": [
                {"operation": operation, "other": other}
                | dict(zip(("rate", "cpu"), self._ratio(operation, other), strict=True))
                for operation in self._operations
                for other in _OTHERS
            ],
            "runs": self._records(
                (key, sample) for key, samples in self._results.items() for sample in samples
            ),
        }
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def _rates(self) -> str:
        head = ("operation", "target", "requests/s", "p50 ms", "p99 ms", "CPU µs", "failed")
        return table(
            head,
            (
                (
                    TITLES[operation],
                    target,
                    f"{found.rate:.0f}",
                    f"{found.p50_ms:.2f}",
                    f"{found.p99_ms:.2f}",
                    f"{found.cpu_us:.0f}",
                    str(found.failed),
                )
                for (operation, target), found in self._middles.items()
            ),
        )

    def _ratios(self) -> str:
        head = ("operation", "Twinhold against", "rate", "to reach", "", "CPU")
        return table(
            head,
            (
                self._ratio_line(operation, other)
                for other in _OTHERS
                for operation in self._operations
            ),
        )

    def _ratio_line(self, operation: str, other: str) -> tuple[str, ...]:
        rate, cpu = self._ratio(operation, other)
        figure = FIGURES.get((operation, other))
        aim = "" if figure is None else f"{figure:g}x"
        ended = "" if figure is None else verdict(reached=rate >= figure)
        return TITLES[operation], other, f"{rate:.2f}x", aim, ended, f"{cpu:.2f}x"

    def _ratio(self, operation: str, other: str) -> tuple[float, float]:
        """Rate and processor time of Twinhold, as multiples of the other's.

        The median of the rounds' ratios: what slows a whole round is in both and falls out.
        """
        rounds = list(
            zip(self._results[operation, _PRODUCT], self._results[operation, other], strict=True)
        )
        return (
            median(ours.rate / theirs.rate for ours, theirs in rounds),
            median(ours.cpu_us / theirs.cpu_us for ours, theirs in rounds),
        )

    def _at_rest(self) -> str:
        found = self._footprint
        start, memory = f"{MOST_START_SECONDS:g} s", f"{MOST_RESIDENT_MB:g} MB"
        starts = (
            ("start to first answer, fresh data", found.fresh_seconds),
            ("start to first answer, existing data", found.existing_seconds),
        )
        lines = [
            (what, f"{took:.2f} s", start, verdict(reached=took < MOST_START_SECONDS))
            for what, took in starts
        ]
        small = verdict(reached=found.resident_mb < MOST_RESIDENT_MB)
        lines.append(("resident memory, idle", f"{found.resident_mb:.1f} MB", memory, small))
        return table(("Twinhold", "measured", "less than", ""), lines)

    def _records(self, samples: Iterable[tuple[tuple[str, str], Sample]]) -> list[dict[str, Any]]:
        return [
            {"operation": operation, "target": target} | asdict(sample)
            for (operation, target), sample in samples
        ]


def verdict(*, reached: bool) -> str:
    """How a comparison with what is to be reached ends, in a word."""
    return "reached" if reached else "missed"


def table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown, its columns aligned."""
    rows = [head, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join("-" * max(width, 3) for width in widths) + " |"
    return "\n".join([texts[0], rule, *texts[1:]])
