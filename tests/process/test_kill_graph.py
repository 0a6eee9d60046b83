"""A killed server keeps every acknowledged twin of a model, and deletes one whole or not at all.

A deletion with `cascade` removes a twin and all its relationships, which are many rows: after the
kill either all of them are there or none.
"""

import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.harness import Account, serving
from tests.process.running import started

ROUNDS = 3
CLIENTS = 4
PUMP = "dtmi:com:example:Pump;1"
MODEL = {
    "@context": "dtmi:dtdl:context;3",
    "@id": PUMP,
    "@type": "Interface",
    "contents": [
        {"@type": "Property", "name": "flow", "schema": "integer"},
        {"@type": "Relationship", "name": "feeds"},
    ],
}

Options = Callable[[], list[str]]


@pytest.fixture
def options(engine: str, new_database: Callable[[], str]) -> Options:
    return lambda: [] if engine == "sqlite" else ["--database", new_database()]


@dataclass
class Pump:
    """A twin as its client knows it; each member is what was acknowledged.

    Attributes:
        fed: whether it feeds the hub and is fed by it.
        deleting: its deletion was sent.
        deleted: its deletion was acknowledged.
    """

    id: str
    flow: int
    put: bool = False
    fed: bool = False
    deleting: bool = False
    deleted: bool = False


@dataclass(eq=False)
class Client(threading.Thread):
    """Puts, connects and deletes twins until its server is gone."""

    account: Account
    hub: str
    pumps: list[Pump] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            while True:
                self._step()
        except requests.RequestException:
            return

    def _step(self) -> None:
        pump = Pump(f"{self.hub}-{len(self.pumps)}", flow=random.randrange(1000))
        self.pumps.append(pump)
        self._put(pump.id, pump.flow)
        pump.put = True
        for source, target in ((pump.id, self.hub), (self.hub, pump.id)):
            edge = {"sourceId": source, "targetId": target, "name": "feeds"}
            self._ask("PUT", "/relationships", edge)
        pump.fed = True
        if random.random() < 0.7:
            pump.deleting = True
            self._ask("DELETE", f"/{pump.id}?cascade=true")
            pump.deleted = True

    def _put(self, id_: str, flow: int) -> None:
        self._ask("PUT", "", {"id": id_, "modelId": PUMP, "contents": {"flow": flow}})

    def _ask(self, method: str, path: str, sent: Any = None) -> None:
        answer = self.account.request(method, f"/api/v3/twins{path}", json=sent)
        assert answer.status_code in {200, 204}, answer.text


def violations(account: Account, client: Client) -> list[str]:
    """What the registry broke of its promises to a client."""
    path = f"/api/v3/twins/{client.hub}/relationships"
    into = {edge["sourceId"] for edge in account.request("GET", f"{path}/incoming").json()}
    out = {edge["targetId"] for edge in account.request("GET", f"{path}/outgoing").json()}
    found = []
    for pump in client.pumps:
        answer = account.request("GET", f"/api/v3/twins/{pump.id}")
        there = answer.status_code == 200
        edges = (pump.id in into, pump.id in out)
        if there and answer.json()["contents"] != {"flow": pump.flow}:
            found.append(f"half: {pump} is {answer.text}")
        if pump.put and not pump.deleting and not there:
            found.append(f"lost: {pump}")
        if pump.deleted and (there or any(edges)):
            found.append(f"not deleted: {pump} {edges}")
        if pump.fed and edges != (there, there):
            found.append(f"half deleted, or edges lost: {pump} {there} {edges}")
        if any(edges) and not there:
            found.append(f"an edge without its end: {pump} {edges}")
    return found


def test_random_kills_break_no_promise(tmp_path: Path, options: Options) -> None:
    data, engine = tmp_path / "data", options()
    clients: list[Client] = []
    for _ in range(ROUNDS):
        with started(data, *engine) as server:
            account = server.account()
            assert account.request("POST", "/models", json=[MODEL]).status_code == 201
            mine = [Client(account, f"hub-{number}") for number in range(CLIENTS)]
            for client in mine:
                client._put(client.hub, 0)
                client.start()
            time.sleep(random.uniform(0.3, 0.8))
            server.stop(signal.SIGKILL)
            for client in mine:
                client.join()
        clients += mine
    with serving(data, *engine) as server:
        for client in clients:
            assert violations(replace(client.account, url=server.url), client) == []
    assert any(pump.deleted for client in clients for pump in client.pumps)
