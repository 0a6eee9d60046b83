"""The checks of `scripts/reliability` in their short form, and that they notice what is planted.

Kills, signals and a full disk under a server have their tests beside this one.
"""

from pathlib import Path
from random import Random

import pytest
from reliability import mutants, powercut, processes, refusals
from reliability.powercut import Sabotage
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


@pytest.mark.parametrize("fault", mutants.FAULTS, ids=lambda fault: fault.name)
def test_every_fault_still_fits_the_source(fault: mutants.Fault) -> None:
    """The long form plants them; a change of the source must not take one away in silence."""
    assert fault.wrong in mutants.mutated(fault)
    assert (ROOT / "tests" / fault.tests).is_file()
