"""What growth costs: a table for each engine, a plot, and one JSON document."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.plot import Line, Panel, draw
from bench.questions import FILTERED, TITLES
from bench.report import table, verdict
from bench.turns import Taken

Results = dict[tuple[str, str, int], Taken]
"""What answers took, by engine, operation and size."""

MOST_TIMES = 1.3
"""What a request may cost in the largest registry, as a multiple of the smallest."""

MOST_PAGE_MS = 30.0
"""What 95 of 100 filtered pages may take on SQLite."""

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class GrowthReport:
    """Everything one run found out."""

    def __init__(self, machine: Mapping[str, str], seconds: float, results: Results) -> None:
        self._machine = machine
        self._seconds = seconds
        self._results = results
        self._sizes = sorted({size for _, _, size in results})

    def text(self) -> str:
        """The tables."""
        parts = [
            "\n".join(f"{name}: {text}" for name, text in self._machine.items()),
            f"{self._seconds:g} s for each operation in each registry",
            *(f"{ENGINES[engine]}:\n\n{self._table(engine)}" for engine in self._engines()),
        ]
        if self._filtered("sqlite"):
            parts.append(self._slowest_page("sqlite"))
        return "\n\n".join(parts)

    def plot(self) -> str:
        """p50 of each operation as a multiple of that in the smallest registry, as SVG."""
        panels = [
            Panel(
                ENGINES[engine],
                [
                    Line(
                        TITLES[operation],
                        [(size, self._times(engine, operation, size)) for size in self._sizes],
                    )
                    for operation in self._operations(engine)
                ],
            )
            for engine in self._engines()
        ]
        return draw(panels, MOST_TIMES)

    def write(self, path: Path) -> None:
        """Write the document."""
        document = {
            "machine": self._machine,
            "seconds": self._seconds,
            "results": [
                {"engine": engine, "operation": operation, "twins": size} | asdict(taken)
                for (engine, operation, size), taken in self._results.items()
            ],
        }
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def _table(self, engine: str) -> str:
        sizes = [_thousands(size) for size in self._sizes]
        head = ("operation", *(f"p50 ms, {size}" for size in sizes), f"p95 ms, {sizes[-1]}")
        return table(
            (*head, "p50 times", "CPU times", ""),
            (self._row(engine, operation) for operation in self._operations(engine)),
        )

    def _row(self, engine: str, operation: str) -> tuple[str, ...]:
        found = [self._results[engine, operation, size] for size in self._sizes]
        times = self._times(engine, operation, self._sizes[-1])
        used = self._ratio(engine, operation, self._sizes[-1], lambda taken: taken.cpu_us)
        return (
            TITLES[operation],
            *(f"{taken.p50_ms:.2f}" for taken in found),
            f"{found[-1].p95_ms:.2f}",
            f"{times:.2f}x",
            f"{used:.2f}x",
            verdict(reached=times <= MOST_TIMES),
        )

    def _slowest_page(self, engine: str) -> str:
        """What p95 of a filtered page is, at each size."""
        found = {
            size: max(self._results[engine, name, size].p95_ms for name in self._filtered(engine))
            for size in self._sizes
        }
        each = ", ".join(f"{p95:.1f} ms of {_thousands(size)}" for size, p95 in found.items())
        aim = f"less than {MOST_PAGE_MS:.0f} ms"
        reached = verdict(reached=max(found.values()) < MOST_PAGE_MS)
        return f"The slowest kind of filtered page, p95 by twins: {each}; {aim}: {reached}."

    def _times(self, engine: str, operation: str, size: int) -> float:
        """p50 in a registry of a size, as a multiple of that in the smallest."""
        return self._ratio(engine, operation, size, lambda taken: taken.p50_ms)

    def _ratio(
        self, engine: str, operation: str, size: int, figure: Callable[[Taken], float]
    ) -> float:
        """A figure in a registry of a size, as a multiple of that in the smallest."""
        large = figure(self._results[engine, operation, size])
        small = figure(self._results[engine, operation, self._sizes[0]])
        return large / small if small else float("nan")

    def _engines(self) -> Sequence[str]:
        return list(dict.fromkeys(engine for engine, _, _ in self._results))

    def _operations(self, engine: str) -> Sequence[str]:
        return list(dict.fromkeys(name for found, name, _ in self._results if found == engine))

    def _filtered(self, engine: str) -> Sequence[str]:
        return [name for name in self._operations(engine) if name in FILTERED]


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")
