"""Kill or stop the server under load, again and again, and count what it broke of its promises.

The clients and their checks are those of `tests/process`: twins, the graph of a model, and ledgers
with their histories, all at once on one server.
"""

import resource
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from random import Random

from reliability.engines import Place
from reliability.findings import Tally
from tests.harness import Account, Server, serving
from tests.process import load, test_kill_graph
from tests.process.load import Load
from tests.process.running import started
from tests.process.test_kill_graph import MODEL
from tests.process.test_kill_ledgers import Counter

LONGEST_SECONDS = 0.8
_CLIENTS = 2
_WARM, _BETWEEN = 5, 50
AWAY = (500, "500314")
"""Status and subcode of an operation while the store does not answer."""


@dataclass
class Crowd:
    """Clients of every kind on one server, and what they were promised."""

    load: Load
    graph: list[test_kill_graph.Client]
    counters: list[Counter]

    @classmethod
    def of(cls, server: Server) -> "Crowd":
        """Clients that have not begun."""
        account = server.account()
        answer = account.request("POST", "/models", json=[MODEL])
        assert answer.status_code == 201, answer.text
        graph = [test_kill_graph.Client(account, f"hub-{number}") for number in range(_CLIENTS)]
        for client in graph:
            client._put(client.hub, 0)
        counters = [Counter.begin(server.account()) for _ in range(_CLIENTS)]
        return cls(Load(server.account(), clients=_CLIENTS), graph, counters)

    def write_while(self, body: Callable[[], object]) -> None:
        """Let all of them write; the block has to end the server."""
        threads: list[threading.Thread] = [
            *self.graph,
            *(threading.Thread(target=counter.count, daemon=True) for counter in self.counters),
        ]
        with self.load.running():
            for thread in threads:
                thread.start()
            self.load.wait_for(_WARM)
            body()
        for thread in threads:
            thread.join()

    @property
    def acknowledged(self) -> int:
        """How many writes were."""
        pumps = [pump for client in self.graph for pump in client.pumps]
        steps = sum(pump.put + 2 * pump.fed + pump.deleted for pump in pumps)
        return self.load.acknowledged + steps + sum(one.acknowledged for one in self.counters)

    def violations(self, url: str) -> Iterator[str]:
        """What the server broke of its promises."""
        yield from (f"refused: {answer}" for answer in self.load.refused)
        yield from load.violations(_at(self.load.account, url), self.load.records)
        for client in self.graph:
            yield from test_kill_graph.violations(_at(client.account, url), client)
        for counter in self.counters:
            try:
                counter.check(url)
            except AssertionError as error:
                yield f"half: a ledger: {error}"


def end(times: int, number: signal.Signals, place: Place, random: Random) -> Tally:
    """End a server so many times by a signal, at any moment.

    Each life is checked by the next, and all of them once more at last.
    """
    tally, crowds = Tally(), list[Crowd]()
    for _ in range(times):
        with started(place.data, *place.options) as server:
            _judge(tally, crowds[-1:], server.url)
            crowds.append(Crowd.of(server))
            crowds[-1].write_while(lambda: _end_soon(server, number, random, tally))
        tally.interruptions += 1
        tally.acknowledged += crowds[-1].acknowledged
    with serving(place.data, *place.options) as server:
        _judge(tally, crowds, server.url)
    return tally


def _end_soon(server: Server, number: signal.Signals, random: Random, tally: Tally) -> None:
    time.sleep(random.uniform(0, LONGEST_SECONDS))
    code = server.stop(number)
    if code != (-number if number == signal.SIGKILL else 0):
        tally.add("half", f"the server ended with {code}")


def _judge(tally: Tally, crowds: Iterable[Crowd], url: str) -> None:
    for crowd in crowds:
        tally.outcomes += 1
        for violation in crowd.violations(url):
            tally.add("lost" if violation.startswith("lost") else "half", violation)


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
            sent.wait_for_failures(_WARM)
            if sent.account.request("GET", "/whoami").status_code != HTTPStatus.OK:
                tally.add("half", "the server does not read while its disk is full")
            _limit(server, resource.RLIM_INFINITY)
            tally.interruptions += 1
        sent.wait_for(_BETWEEN)
        server.stop(signal.SIGKILL)
    if unclear := set(sent.failed) - {AWAY}:
        tally.add("half", f"answers of a full disk: {unclear}")
    tally.acknowledged = sent.acknowledged
    with serving(data) as server:
        _judge(tally, [Crowd(sent, [], [])], server.url)
    return tally


def _limit(server: Server, size: int) -> None:
    """Limit the files of a server."""
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))
