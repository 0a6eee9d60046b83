"""What a running server takes: memory, a start, and an engine that is known to be sound."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness import ROOT, Server, serving
from tests.process.running import processor_seconds

IDLE_MEMORY_MIB = 80
START_SECONDS = 15.0
"""Far more than a start takes: the bench watches the time, a test must not fail by chance."""

LONG_RULES, TERMS = 200, 90
MOST_KEPT_MIB = 30
"""What rules may leave behind; 200 of these took 90 MiB when as many were kept."""

SOUND_SQLITE = (3, 51, 3)
"""The first release that cannot lose acknowledged rows when a checkpoint races a commit."""

_VERSION_OFFSET = 96

Options = Callable[[], list[str]]


def resident_mib(server: Server) -> float:
    """Resident memory of a server's process."""
    command = ["ps", "-o", "rss=", "-p", str(server.process.pid)]
    return int(subprocess.check_output(command, text=True)) / 1024


def test_idle_memory_and_start(
    tmp_path: Path, options: Options, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that has answered its first request is small, and took little to get there."""
    flags = options()
    with serving(tmp_path / "data", *flags) as server:
        operator = server.operator
        assert operator.request("POST", "/twins").status_code == 201
        first_answer = processor_seconds(server)
        memory = resident_mib(server)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{engine}: first answer for {first_answer:.2f} s of work, {memory:.0f} MiB\n"
        )
    assert memory < IDLE_MEMORY_MIB
    assert first_answer < START_SECONDS


def test_long_rules_do_not_stay_in_memory(tmp_path: Path, options: Options) -> None:
    """Whoever may search can send rules without end; each is nearly as large as a rule may be."""
    with serving(tmp_path / "data", *options()) as server:
        operator = server.operator
        assert operator.request("POST", "/twins").status_code == 201
        before = resident_mib(server)
        for number in range(LONG_RULES):
            rule = " and ".join(f"TWIN.a{number}_{term} == {term}" for term in range(TERMS))
            assert operator.request("GET", "/twins", params={"match": rule}).status_code == 200
        assert resident_mib(server) - before < MOST_KEPT_MIB


def test_the_running_sqlite_is_sound(tmp_path: Path) -> None:
    """SQLite writes its own version into the file: not the pinned version, the one that ran."""
    with serving(tmp_path / "data") as server:
        assert server.operator.request("POST", "/twins").status_code == 201
    header = (tmp_path / "data" / "twinhold.db").read_bytes()[:100]
    assert header.startswith(b"SQLite format 3\0")
    number = int.from_bytes(header[_VERSION_OFFSET : _VERSION_OFFSET + 4])
    version = (number // 1_000_000, number // 1000 % 1000, number % 1000)
    assert version >= SOUND_SQLITE


def test_no_module_takes_the_sqlite_of_the_standard_library() -> None:
    """It may be any release, the unsound ones among them."""
    for file in (ROOT / "src").rglob("*.py"):
        assert "sqlite3" not in file.read_text(), file
