"""What the figures were measured on, without naming the machine."""

import os
import platform
import subprocess
import time
from pathlib import Path
from statistics import median

import apsw
from bench.targets import PYTHON_OF_BASELINE

_SYNCS = 50
_BLOCK = b"x" * 4096


def describe(directory: Path) -> dict[str, str]:
    """Processor, system, interpreters and disk, as texts for a reader."""
    return {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "SQLite": f"{apsw.sqlite_lib_version()}; {_sqlite_of_baseline()} in the baseline",
        "disk": f"{_file_system(directory)}, a write with fdatasync takes {_sync_us(directory)} µs",
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _sqlite_of_baseline() -> str:
    return _output([PYTHON_OF_BASELINE, "-c", "import sqlite3; print(sqlite3.sqlite_version)"])


def _file_system(directory: Path) -> str:
    return _output(["stat", "--file-system", "--format=%T", str(directory)])


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _sync_us(directory: Path) -> int:
    """The median time to append a page to a file and see it on the disk."""
    times = []
    path = directory / "sync"
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            started = time.perf_counter()
            file.write(_BLOCK)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return round(median(times) * 1e6)
