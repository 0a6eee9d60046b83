"""What hangs on a twin comes and goes whole, also when the server is killed under way.

Identities, stickers with their recipients and docs with their files are many rows; after the kill
those of the last request are all there or none, and the doctor finds nothing wrong.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.dialect.trusted_twin.ledgers import new_twin
from tests.harness import Account, serving, twinhold
from tests.process.running import SECONDS, started
from tests.process.test_kill import KILLED, crashing

CLIENTS = 3
WRITES = 100
KINDS = ("identities", "stickers", "docs")
NONE: frozenset[str] = frozenset()


@dataclass
class Hanger:
    """A client that hangs things on a twin of its own until the server is gone.

    Attributes:
        kept: the names of what is there, by kind, as it was acknowledged.
        coming: the kind and the names that the request under way leads to.
    """

    account: Account
    twin: str
    kept: dict[str, frozenset[str]] = field(default_factory=lambda: dict.fromkeys(KINDS, NONE))
    coming: tuple[str, frozenset[str]] = ("", NONE)
    rounds: int = 0

    def run(self) -> None:
        try:
            while True:
                self._round()
                self.rounds += 1
        except requests.ConnectionError:
            return

    def _round(self) -> None:
        names = [f"r{self.rounds}-{part}" for part in "abc"]
        self._add("identities", {f"A#{name}": {"visibility": "true"} for name in names})
        recipients = [self.account.account, self.account.user]
        self._add("stickers", {name: {"recipients": recipients} for name in names})
        made = self.account.request("POST", "/cache").json()
        requests.put(made["url"], data=names[0].encode(), timeout=60).raise_for_status()
        self._add("docs", {name: {"handler": made["handler"]} for name in names})
        if self.rounds % 2:
            self.coming = "docs", NONE
            self.account.request("DELETE", self._path("docs")).raise_for_status()
            self.kept["docs"] = NONE

    def _add(self, kind: str, members: dict[str, Any]) -> None:
        self.coming = kind, self.kept[kind] | members.keys()
        self.account.request("POST", self._path(kind), json={kind: members}).raise_for_status()
        self.kept[kind] = self.coming[1]

    def _path(self, kind: str) -> str:
        return f"/twins/{self.twin}/{kind}"

    def check(self, url: str) -> None:
        """All that was acknowledged is there, and of the last request all or nothing."""
        self.account = replace(self.account, url=url)
        for kind in KINDS:
            found = self.account.request("GET", self._path(kind)).json()
            if kind == "stickers":
                names = found["accounts"].get(self.account.account, {}).keys()
            else:
                names = found[kind].keys()
            whole = self.coming[1] if kind == self.coming[0] else self.kept[kind]
            assert names in (self.kept[kind], whole)
        for name in self.account.request("GET", self._path("docs")).json()["docs"]:
            path = f"{self._path('docs')}/{name}"
            doc = self.account.request("GET", path, params={"download": "true"}).json()
            sent = name[:-1] + "a"
            assert requests.get(doc["download"]["url"], timeout=60).text == sent


@pytest.mark.parametrize("point", ["before", "after"])
def test_what_hangs_on_a_twin_is_whole_or_absent(
    tmp_path: Path, options: Callable[[], list[str]], point: str
) -> None:
    data, engine = tmp_path / "data", options()
    with started(data, *engine, program=crashing(point, WRITES)) as server:
        accounts = [server.account() for _ in range(CLIENTS)]
        hangers = [Hanger(account, new_twin(account)) for account in accounts]
        threads = [threading.Thread(target=hanger.run) for hanger in hangers]
        for thread in threads:
            thread.start()
        assert server.process.wait(SECONDS) == KILLED
        for thread in threads:
            thread.join()
    assert all(hanger.rounds for hanger in hangers)
    with serving(data, *engine) as server:
        for hanger in hangers:
            hanger.check(server.url)
    told = twinhold("doctor", "--read-files", "--data", str(data), *engine)
    assert told.stdout == "Nothing is wrong.\n", told
