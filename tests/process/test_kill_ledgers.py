"""A change of a ledger is whole or absent after a kill: values, history and what refers to it."""

import contextlib
import http.client
import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.dialect.trusted_twin.ledgers import add, becomes, history, new_twin, reference, values
from tests.harness import Account, serving
from tests.process.running import SECONDS, connect, started
from tests.process.test_kill import KILLED, crashing

CLIENTS = 4


@dataclass
class Counter:
    """A ledger whose two entries always count together, and a reference to one of them."""

    account: Account
    twin: str
    other: str
    acknowledged: int = 0

    @classmethod
    def begin(cls, account: Account) -> "Counter":
        """Make the ledgers."""
        twin, other = new_twin(account), new_twin(account)
        add(account, twin, **{name: {"value": 0, "history": "INF"} for name in ("a", "b")})
        add(account, other, r=reference(twin, account, "a"))
        return cls(account, twin, other)

    def count(self) -> None:
        """Count until the server is gone."""
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(connect(self.account)) as connection,
        ):
            while True:
                value = self.acknowledged + 1
                answer = self._send(connection, value)
                assert "error" not in json.dumps(answer), answer
                self.acknowledged = value

    def _send(self, connection: http.client.HTTPConnection, value: int) -> Any:
        sent = {
            "entries": {name: {"value": value} for name in ("a", "b")},
            "conditions": {"a": f"value == {value - 1}"},
            "transaction": True,
        }
        path = f"/twins/{self.twin}/ledgers/personal"
        connection.request("PATCH", path, json.dumps(sent), {"Authorization": self.account.secret})
        answer = connection.getresponse()
        return json.loads(answer.read())

    def check(self, url: str) -> None:
        """What was acknowledged is there, and of the last one all or nothing."""
        account = replace(self.account, url=url)
        found = values(account, self.twin)
        last = found["a"]
        assert last in {self.acknowledged, self.acknowledged + 1}
        assert found == {"a": last, "b": last}
        records = {name: list(kept.values()) for name, kept in history(account, self.twin).items()}
        newest = list(range(last, max(last - 100, -1), -1))
        assert records == {"a": newest, "b": newest}
        becomes(lambda: values(account, self.other), {"r": last})


@pytest.mark.parametrize("point", ["before", "after", "anywhere"])
def test_a_transaction_is_whole_or_absent(
    tmp_path: Path, options: Callable[[], list[str]], point: str
) -> None:
    data, engine = tmp_path / "data", options()
    count = 10**9 if point == "anywhere" else 120
    program = crashing("after" if point == "anywhere" else point, count)
    with started(data, *engine, program=program) as server:
        counters = [Counter.begin(server.account()) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=counter.count) for counter in counters]
        for thread in threads:
            thread.start()
        if point == "anywhere":
            while sum(counter.acknowledged for counter in counters) < 100:
                threads[0].join(0.01)
            server.stop(signal.SIGKILL)
        assert server.process.wait(SECONDS) == KILLED
        for thread in threads:
            thread.join()
    assert all(counter.acknowledged for counter in counters)
    with serving(data, *engine) as server:
        for counter in counters:
            counter.check(server.url)
