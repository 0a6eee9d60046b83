"""End the server under load, again and again, and count what it broke of its promises.

The clients write all that a registry takes: twins as `tests.process.load` does, and everything else
as `reliability.courses` does, all at once on one server.
"""

import contextlib
import resource
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import NamedTuple, Protocol

from reliability.callers import Client, Course
from reliability.courses import COURSES
from reliability.engines import Place
from reliability.findings import Tally
from tests.harness import TWINHOLD, Account, Server, serving
from tests.process import load
from tests.process.load import Load
from tests.process.running import SECONDS, started, until
from tests.process.test_kill import KILLED, crashing

LONGEST_SECONDS = 0.8
_CLIENTS = 2
_WARM, _FEW, _BETWEEN = 20, 5, 50
_FIRST_POINT, _LAST_POINT = 80, 250
"""Which write a server dies in: when all clients have begun, and before they are tired."""
AWAY = {(500, "500314"), (503, "")}
"""Statuses and subcodes of operations while the store does not answer."""


class Death(Protocol):
    """How a server ends."""

    def program(self, random: Random) -> Sequence[str]:
        """The server that is started."""

    def meet(self, server: Server, random: Random) -> bool:
        """Wait until it has ended; answer whether it has done so as it must."""


class Signal(NamedTuple):
    """By a signal, at any moment."""

    number: signal.Signals

    def __str__(self) -> str:
        return self.number.name

    def program(self, random: Random) -> Sequence[str]:
        """See `Death.program`."""
        del random
        return TWINHOLD

    def meet(self, server: Server, random: Random) -> bool:
        """See `Death.meet`."""
        time.sleep(random.uniform(0, LONGEST_SECONDS))
        code = server.stop(self.number)
        return code == (KILLED if self.number == signal.SIGKILL else 0)


class Point(NamedTuple):
    """By SIGKILL at a point of a write: `before` or `after` its commit."""

    name: str

    def __str__(self) -> str:
        return f"SIGKILL {self.name} a commit"

    def program(self, random: Random) -> Sequence[str]:
        """See `Death.program`."""
        return crashing(self.name, random.randrange(_FIRST_POINT, _LAST_POINT))

    def meet(self, server: Server, random: Random) -> bool:
        """See `Death.meet`."""
        del random
        return server.process.wait(SECONDS) == KILLED


@dataclass
class Crowd:
    """Clients of every kind on one server, and what they were promised."""

    load: Load
    clients: list[Client]

    @classmethod
    def of(cls, server: Server) -> "Crowd":
        """Clients that have not begun."""
        other = server.account()
        clients = [Client(partial(_begin, kind, server, other)) for kind in COURSES]
        with ThreadPoolExecutor(len(clients)) as pool:
            for _ in pool.map(Client.prepare, clients):
                pass
        return cls(Load(server.account(), clients=_CLIENTS), clients)

    @contextlib.contextmanager
    def writing(self) -> Generator[None, None, None]:
        """Let all of them write during the block, or until the server is gone."""
        stopping = threading.Event()
        threads = [
            threading.Thread(target=client.write_until, args=(stopping,)) for client in self.clients
        ]
        with self.load.running():
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                stopping.set()
        for thread in threads:
            thread.join()

    @property
    def acknowledged(self) -> int:
        """How many writes were."""
        return self.load.acknowledged + sum(client.acknowledged for client in self.clients)

    @property
    def slowest(self) -> float:
        """How many seconds the slowest answer 5xx took."""
        return max(client.slowest for client in self.clients)

    @property
    def failed(self) -> set[tuple[int, str]]:
        """Statuses and subcodes of answers 5xx."""
        return set(self.load.failed).union(*(client.failed for client in self.clients))

    def violations(self, url: str) -> Iterator[str]:
        """What the server broke of its promises."""
        yield from (f"refused: {answer}" for answer in self.load.refused)
        yield from load.violations(_at(self.load.account, url), self.load.records)
        for client in self.clients:
            yield from (f"refused: {answer}" for answer in client.refused)
            yield from filter(None, (promise.violation(url) for promise in client.promises))


def end(times: int, death: Death, place: Place, random: Random) -> Tally:
    """End a server so many times.

    Each life is checked by the next, and all of them once more at last.
    """
    tally, crowds = Tally(), list[Crowd]()
    for _ in range(times):
        with started(place.data, *place.options, program=death.program(random)) as server:
            judge(tally, crowds[-1:], server.url)
            crowds.append(Crowd.of(server))
            with crowds[-1].writing():
                _warm(crowds[-1], server)
                if not death.meet(server, random):
                    tally.add("half", f"the server ended with {server.process.poll()}")
        tally.interruptions += 1
        tally.acknowledged += crowds[-1].acknowledged
        if crowds[-1].failed:
            tally.add("half", f"answers of a server that has a store: {crowds[-1].failed}")
    with serving(place.data, *place.options) as server:
        judge(tally, crowds, server.url)
    return tally


def _warm(crowd: Crowd, server: Server) -> None:
    """Wait until some writes are acknowledged, if the server lives that long."""
    until(lambda: crowd.acknowledged >= _WARM or server.process.poll() is not None)


def judge(tally: Tally, crowds: Iterable[Crowd], url: str) -> None:
    """Count what a server broke of its promises to crowds."""
    for crowd in crowds:
        tally.outcomes += 1
        for violation in crowd.violations(url):
            tally.add("lost" if violation.startswith("lost") else "half", violation)


def _begin(kind: type[Course], server: Server, other: Account) -> Course:
    return kind(server.account(), other)


def _at(account: Account, url: str) -> Account:
    return replace(account, url=url)


def fill_disk(times: int, data: Path) -> Tally:
    """Take the room from under a server so many times, by a limit of the size of its files.

    While there is none, it reads, and says of each write that the store is away. It writes again
    as soon as there is room, without a restart. At last it is killed and checked.
    """
    tally = Tally()
    with started(data) as server, Load(server.account(), clients=_CLIENTS).running() as sent:
        for _ in range(times):
            sent.wait_for(_BETWEEN)
            _limit(server, sum(path.stat().st_size for path in data.glob("*-wal")))
            sent.wait_for_failures(_FEW)
            if sent.account.request("GET", "/whoami").status_code != HTTPStatus.OK:
                tally.add("half", "the server does not read while its disk is full")
            _limit(server, resource.RLIM_INFINITY)
            tally.interruptions += 1
        sent.wait_for(_BETWEEN)
        server.stop(signal.SIGKILL)
    if unclear := set(sent.failed) - AWAY:
        tally.add("half", f"answers of a full disk: {unclear}")
    tally.acknowledged = sent.acknowledged
    with serving(data) as server:
        judge(tally, [Crowd(sent, [])], server.url)
    return tally


def _limit(server: Server, size: int) -> None:
    """Limit the files of a server."""
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))
