"""Take the database from under a server that writes: for a while, or for good.

The server is never restarted. What it acknowledged must be there, what it could not write must be
told in clear words, and it must write again by itself as soon as a database does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from reliability import postgresql
from reliability.findings import Tally
from reliability.processes import AWAY, LONGEST_SECONDS, Crowd, judge
from tests.harness import Account, Server, serving, twinhold
from tests.process.running import until

_BETWEEN = 100
_SECONDS = 60


@dataclass
class Gaps:
    """What was found, and how long clients waited.

    Attributes:
        seconds: for how many no write was possible, each time.
        slowest: how many the slowest error took to be answered.
    """

    tally: Tally = field(default_factory=Tally)
    seconds: list[float] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        middle = sorted(self.seconds)[len(self.seconds) // 2]
        return (
            f"{self.tally}; a write was possible again "
            f"after {middle:.1f} s, at most {max(self.seconds):.1f} s; "
            f"errors were answered within {self.slowest:.1f} s"
        )


def restart(times: int, random: Random) -> Gaps:
    """Kill PostgreSQL so many times, and start it again after a moment."""
    with postgresql.alone() as node:

        def go_away() -> None:
            node.kill()
            time.sleep(random.uniform(0, LONGEST_SECONDS))
            node.start()

        return _interrupt(times, random, postgresql.address(node), go_away)


def fail_over(times: int, random: Random) -> Gaps:
    """Kill the primary so many times, each time with a standby that confirms every commit."""
    with postgresql.pair() as both:
        database = postgresql.address(both.primary, both.standby)
        return _interrupt(times, random, database, both.fail_over, both.mend)


def lag(times: int, random: Random) -> Gaps:
    """Fail over to a standby that nobody waited for: this must be noticed."""
    with postgresql.pair() as both:
        database = postgresql.address(both.primary, both.standby)

        def fail_over() -> None:
            both.part()
            time.sleep(LONGEST_SECONDS)
            both.fail_over()

        return _interrupt(times, random, database, fail_over, both.mend)


def _interrupt(
    times: int,
    random: Random,
    database: str,
    interrupt: Callable[[], None],
    mend: Callable[[], None] = lambda: None,
) -> Gaps:
    """Interrupt a server under load so many times; look at what was promised after each."""
    gaps, crowds = Gaps(), list[Crowd]()
    with TemporaryDirectory(prefix="twinhold-reliability-") as folder:
        data = Path(folder, "data")
        with serving(data, "--database", database) as server:
            account = server.account()
            for _ in range(times):
                crowds.append(Crowd.of(server))
                with crowds[-1].writing():
                    _write_on(crowds[-1])
                    time.sleep(random.uniform(0, LONGEST_SECONDS))
                    before = time.monotonic()
                    interrupt()
                    until(lambda: _writes(account), _SECONDS)
                    gaps.seconds.append(time.monotonic() - before)
                    _write_on(crowds[-1])
                _judge(gaps.tally, crowds[-1], server)
                gaps.slowest = max(gaps.slowest, crowds[-1].slowest)
                mend()
            judge(gaps.tally, crowds, server.url)
        examined = twinhold("doctor", "--data", str(data), "--database", database)
        if examined.returncode:
            gaps.tally.add("half", f"the doctor finds: {examined.stdout} {examined.stderr}")
    return gaps


def _write_on(crowd: Crowd) -> None:
    """Wait until so many more writes are acknowledged."""
    goal = crowd.acknowledged + _BETWEEN
    until(lambda: crowd.acknowledged >= goal, _SECONDS)


def _writes(account: Account) -> bool:
    return account.request("POST", "/twins").status_code == HTTPStatus.CREATED


def _judge(tally: Tally, crowd: Crowd, server: Server) -> None:
    tally.interruptions += 1
    tally.acknowledged += crowd.acknowledged
    judge(tally, [crowd], server.url)
    if unclear := crowd.failed - AWAY:
        tally.add("half", f"answers without a database: {unclear}")
