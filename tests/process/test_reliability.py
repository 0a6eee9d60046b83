"""The checks of `scripts/reliability` in their short form, and that they notice what is planted."""

import pytest
from reliability import powercut
from reliability.powercut import Sabotage

# What SQLite tidies up without power fails where there is nobody to tell.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CUTS = 60
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
    assert powercut.cut(CUTS, SEED, fault).found
