"""Counts and durations of requests, for Prometheus.

Each worker counts in a slab of integers of its own; with several workers the slabs are files in one
directory, so that whichever worker is asked answers for all, those that have ended included.
"""

import mmap
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from twinhold import __version__
from twinhold.api.kit.observation import Observation

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATUSES = (200, 201, 204, 400, 401, 403, 404, 405, 429, 500, 503)
_OTHER = len(_STATUSES)
_BOUNDS_MS = (0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000)
_DURATIONS = _OTHER + 1
_SUM_US = _DURATIONS + len(_BOUNDS_MS) + 1
_DEVIATIONS = _SUM_US + 1
_STRIDE = _DEVIATIONS + 1
_WORD = 8
_STATUS_SLOT = {status: slot for slot, status in enumerate(_STATUSES)}


class Metrics:
    """Tallies every observation under its operation."""

    def __init__(self, operations: Iterable[str], directory: Path | None = None) -> None:
        """Make a slab, in memory or (several workers) as a file of the directory."""
        self._names = ["", *sorted(set(operations))]
        self._start = {name: number * _STRIDE for number, name in enumerate(self._names)}
        self._directory = directory
        self._slab = _slab(len(self._names) * _STRIDE * _WORD, directory)

    def __call__(self, observation: Observation) -> None:
        """Count a request."""
        slab, start = self._slab, self._start[observation.operation]
        slab[start + _STATUS_SLOT.get(observation.status, _OTHER)] += 1
        slab[start + _DURATIONS + bisect_left(_BOUNDS_MS, observation.ms)] += 1
        slab[start + _SUM_US] += int(observation.ms * 1000)
        if observation.deviations is not None:
            slab[start + _DEVIATIONS] += observation.deviations.count

    def exposition(self) -> bytes:
        """All counts in the text format of Prometheus."""
        registry = CollectorRegistry()
        registry.register(_Exporter(self._names, self._totals()))
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _totals(self) -> list[int]:
        if self._directory is None:
            return list(self._slab)
        slabs = [
            memoryview(file.read_bytes()).cast("Q") for file in sorted(self._directory.iterdir())
        ]
        return [sum(column) for column in zip(*slabs, strict=True)]


class _Exporter:
    """The tallies as metric families."""

    def __init__(self, names: list[str], totals: list[int]) -> None:
        self._names = names
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """What `CollectorRegistry` asks for."""
        yield InfoMetricFamily("twinhold", "This Twinhold.", {"version": __version__})
        requests = CounterMetricFamily(
            "twinhold_requests", "Requests answered.", labels=["operation", "status"]
        )
        durations = HistogramMetricFamily(
            "twinhold_request_seconds", "From arrival to answer.", labels=["operation"]
        )
        deviations = CounterMetricFamily(
            "twinhold_model_deviations",
            "Places in what was put that do not follow their model.",
            labels=["operation"],
        )
        for name, row in self._rows():
            label = name or "unknown"
            for status, count in zip((*_STATUSES, "other"), row, strict=False):
                if count:
                    requests.add_metric([label, str(status)], count)
            durations.add_metric([label], _buckets(row), row[_SUM_US] / 1e6)
            if row[_DEVIATIONS]:
                deviations.add_metric([label], row[_DEVIATIONS])
        yield requests
        yield durations
        yield deviations

    def _rows(self) -> Iterator[tuple[str, list[int]]]:
        """Each operation that was called, with its part of the slab."""
        for number, name in enumerate(self._names):
            row = self._totals[number * _STRIDE : (number + 1) * _STRIDE]
            if any(row):
                yield name, row


def _buckets(row: list[int]) -> list[tuple[str, float]]:
    bounds = [*(str(bound / 1000) for bound in _BOUNDS_MS), "+Inf"]
    counts, running = row[_DURATIONS:_SUM_US], 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip(bounds, counts, strict=True):
        running += count
        buckets.append((bound, running))
    return buckets


def _slab(size: int, directory: Path | None) -> memoryview:
    if directory is None:
        return memoryview(bytearray(size)).cast("Q")
    # Whole from the moment that another worker sees it, and never the file of one that has ended.
    draft = directory.parent / f"{directory.name}-{os.getpid()}-{time.time_ns()}"
    with draft.open("w+b") as file:
        file.truncate(size)
        slab = memoryview(mmap.mmap(file.fileno(), size)).cast("Q")
    draft.rename(directory / draft.name)
    return slab
