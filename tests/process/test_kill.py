"""A server that is killed loses no acknowledged write and leaves nothing half done, on any engine.

Set TWINHOLD_TEST_KILLS for more random kills than the few of the normal run.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.harness import serving
from tests.process import load
from tests.process.load import Load
from tests.process.running import SECONDS, started, until

KILLS = int(os.environ.get("TWINHOLD_TEST_KILLS", "5"))
KILLED = -signal.SIGKILL
FIRST_ACCOUNT = 3
"""Which write of a first start makes the operator's account."""

Options = Callable[[], list[str]]


def crashing(point: str, count: int) -> list[str]:
    """The program that dies at a point; see `crashing_server`."""
    return [sys.executable, str(Path(__file__).with_name("crashing_server.py")), point, str(count)]


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_kill_in_the_write_path_breaks_no_promise(
    tmp_path: Path, options: Options, point: str
) -> None:
    """Many clients write while the server dies in a write: what was acknowledged is there."""
    data, engine = tmp_path / "data", options()
    with (
        started(data, *engine, program=crashing(point, 150)) as server,
        Load(server.account()).running() as sent,
    ):
        assert server.process.wait(SECONDS) == KILLED
    assert sent.acknowledged > 0
    assert sent.refused == []
    with serving(data, *engine) as server:
        assert load.violations(replace(sent.account, url=server.url), sent.records) == []


@pytest.mark.parametrize("point", ["before", "after"])
def test_the_commit_decides(tmp_path: Path, options: Options, point: str) -> None:
    """The write in which the server dies is wholly absent before its commit, wholly there after."""
    data, engine = tmp_path / "data", options()
    with (
        started(data, *engine, program=crashing(point, 40)) as server,
        Load(server.account(), clients=1).running() as sent,
    ):
        assert server.process.wait(SECONDS) == KILLED
    (last,) = [record for record in sent.records if record.unanswered]
    with serving(data, *engine) as server:
        account = replace(sent.account, url=server.url)
        assert load.violations(account, sent.records) == []
        assert load.happened(account, last) is (point == "after")


@pytest.mark.parametrize("count", [1, FIRST_ACCOUNT])
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_first_start_that_is_killed_is_completed_by_the_next(
    tmp_path: Path, options: Options, point: str, count: int
) -> None:
    """Killed around the schema or the first account, the next start lets its operator in."""
    data, flags = tmp_path / "data", options()
    command = [*crashing(point, count), "serve", "--port", "0", "--data", str(data), *flags]
    first = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    assert first.returncode == KILLED, first
    with serving(data, *flags) as server:
        operator = server.operator
        who = operator.request("GET", "/whoami").json()
        assert who == {
            "account": operator.account,
            "user": operator.user,
            "role": operator.role,
        }
        server.account()


def test_random_kills_under_load_break_no_promise(tmp_path: Path, options: Options) -> None:
    """Killed at any moment and started again, time after time, over the same registry."""
    data, engine = tmp_path / "data", options()
    rounds: list[Load] = []
    for _ in range(KILLS):
        with started(data, *engine) as server:
            _check(rounds, server.url)
            with Load(server.account()).running() as sent:
                sent.wait_for(1)
                time.sleep(random.uniform(0, 0.5))
                assert server.stop(signal.SIGKILL) == KILLED
        rounds.append(sent)
    with serving(data, *engine) as server:
        _check(rounds, server.url)


def test_the_checker_sees_a_server_that_answers_before_its_commit(
    tmp_path: Path, options: Options
) -> None:
    """An engine that acknowledges too early is caught by the very checker used above."""
    data, engine = tmp_path / "data", options()
    honest = 60
    with (
        started(data, *engine, program=crashing("lying", honest)) as server,
        Load(server.account()).running() as sent,
    ):
        # More than were ever committed, even if each honest commit held one of every client.
        until(lambda: sent.acknowledged > honest * sent.clients)
        server.stop(signal.SIGKILL)
    with serving(data, *engine) as server:
        found = load.violations(replace(sent.account, url=server.url), sent.records)
    assert any(violation.startswith("lost") for violation in found), found


def _check(rounds: list[Load], url: str) -> None:
    for sent in rounds:
        assert sent.acknowledged > 0
        assert sent.refused == []
        assert load.violations(replace(sent.account, url=url), sent.records) == []
