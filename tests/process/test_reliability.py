"""The checks of `scripts/reliability` in their short form, and that they notice what is planted.

More kills and signals have their tests beside this one; fail-overs take too long for the suite.
"""

import socketserver
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import strategies as st
from reliability import databases, fuzz, mutants, powercut, processes, refusals
from reliability.engines import Place
from reliability.fuzz_requests import KINDS
from reliability.fuzz_wire import Sent, Wire
from reliability.fuzz_world import World
from reliability.powercut import Sabotage
from reliability.processes import Point
from tests.harness import ROOT, serving

from twinhold.api import trusted_twin, willow
from twinhold.api.twinhold import NAMES

CUTS, SABOTAGED, ODD = 40, 15, 60
SEED = 1


def test_a_power_cut_breaks_no_promise() -> None:
    """Whatever a disk keeps of what was not synced, every acknowledged write is there, whole."""
    tally = powercut.cut(CUTS, SEED)
    assert tally.examples == []
    assert tally.found == 0
    assert tally.acknowledged > CUTS
    assert tally.torn > CUTS / 2


@pytest.mark.parametrize("fault", [powercut.sync_never, powercut.sync_log_late])
def test_a_store_that_does_not_sync_is_noticed(fault: Sabotage) -> None:
    assert powercut.cut(SABOTAGED, SEED, fault).found


@pytest.mark.parametrize("kind", refusals.REFUSALS)
def test_a_disk_that_refuses_costs_only_what_was_refused(kind: str) -> None:
    """The store says that a write failed, keeps nothing of it, and goes on when the disk does."""
    tally = refusals.refuse(10, Random(SEED), refusals.REFUSALS[kind])
    assert tally.examples == []
    assert tally.interruptions == 10


def test_a_clock_that_goes_back_costs_nothing() -> None:
    assert refusals.turn_back(10, Random(SEED)).examples == []


def test_a_server_outlives_a_full_disk(tmp_path: Path) -> None:
    tally = processes.fill_disk(2, tmp_path / "data")
    assert tally.examples == []
    assert tally.interruptions == 2


def test_a_kill_at_a_commit_breaks_no_promise_about_any_kind_of_write(
    tmp_path: Path, options: Callable[[], list[str]]
) -> None:
    place = Place("", tmp_path / "data", options())
    tally = processes.end(1, Point("before"), place, Random(SEED))
    assert tally.examples == []
    assert tally.acknowledged > 0


def test_a_server_outlives_its_database() -> None:
    """PostgreSQL is killed with all its processes, so that what it had not synced is gone."""
    gaps = databases.restart(1, Random(SEED))
    assert gaps.tally.examples == []
    assert gaps.tally.acknowledged > 0


@pytest.mark.parametrize("fault", mutants.FAULTS, ids=lambda fault: fault.name)
def test_every_fault_still_fits_the_source(fault: mutants.Fault) -> None:
    """The long form plants them; a change of the source must not take one away in silence."""
    assert fault.wrong in mutants.mutated(fault)
    assert (ROOT / "tests" / fault.tests.partition("::")[0]).is_file()


def test_no_request_is_answered_by_an_error_of_the_server(tmp_path: Path) -> None:
    """Odd JSON, headers, cursors, rules, models, patches, paths and bytes: at worst a refusal."""
    found = fuzz.Found()
    with serving(tmp_path / "data") as server:
        found.problems += fuzz.generate(World.of(server.account()), ODD, SEED, found)
    fuzz.read_log(server.log, found)
    assert found.problems == []
    assert found.odd >= ODD * len(KINDS)
    assert found.statuses.keys() >= {200, 201, 400, 401, 404, 405}


def test_an_error_of_the_server_is_noticed() -> None:
    class Failing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wire = Wire(f"http://127.0.0.1:{server.server_address[1]}", "secret")
        with pytest.raises(AssertionError, match="500 to Sent"):
            fuzz._run(wire, st.just(Sent(b"GET", b"/")), 1, SEED)
        wire.close()
        server.shutdown()


def test_what_is_taken_off_a_check_of_schemathesis_is_there() -> None:
    """An exception for an operation that is gone, or has another name, would hide something."""
    settings = tomllib.loads((ROOT / "reliability/schemathesis.toml").read_text())
    entries = settings["operations"]
    named = {name for entry in entries for name in entry.get("include-operation-id", ())}
    operations = (*trusted_twin.DIALECT.operations, *willow.DIALECT.operations)
    assert named <= {operation.name for operation in operations} | set(NAMES)
