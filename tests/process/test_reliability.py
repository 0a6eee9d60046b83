"""The checks of `scripts/reliability` in their short form, and that they notice what is planted.

More kills and signals have their tests beside this one; fail-overs take too long for the suite.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from reliability import databases, mutants, powercut, processes, refusals
from reliability.engines import Place
from reliability.powercut import Sabotage
from reliability.processes import Point
from tests.harness import ROOT

CUTS, SABOTAGED = 40, 15
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
    assert (ROOT / "tests" / fault.tests).is_file()
