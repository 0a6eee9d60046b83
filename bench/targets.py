"""The three targets: how each is started and seeded, and that it answers as it should."""

import contextlib
import http.client
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import ours, wires
from bench.callers import make_caller
from bench.ours import COUNTERPARTS
from bench.servers import HOST, ROOT, Server, free_port, running
from bench.wires import PAGE_SIZE, Request, Wire
from tests.material import ontology

PYTHON = str(ROOT / ".venv/bin/python")
PYTHON_OF_BASELINE = str(ROOT / ".venv/bench/bin/python")

_TOKEN = "a-token-of-the-baseline"
_COLD = 11.5


class WrongAnswerError(Exception):
    """A target did not answer as it should."""


@dataclass
class Target:
    """A running registry, and the UUIDs of the twins that it was seeded with.

    Attributes:
        data: the directory of its data, where it is Twinhold.
    """

    name: str
    server: Server
    wire: Wire
    data: Path | None = None
    uuids: list[str] = field(default_factory=list)

    def seed(self, count: int) -> None:
        """Create twins over one connection, one after the other."""
        with contextlib.closing(_connect(self.server)) as connection:
            for number in range(count):
                twin = self._send(connection, self.wire.ask("post", "", number), 201)
                self.uuids.append(self.wire.uuid(twin))

    def answer(self, request: Request, status: int = 200) -> Any:
        """The answer to a request, decoded.

        Raises:
            WrongAnswerError: it has another status.
        """
        with contextlib.closing(_connect(self.server)) as connection:
            return self._send(connection, request, status)

    def ask(self, operation: str, uuid: str, number: int) -> Request:
        """A request of an operation, or of the one that stands beside it."""
        if operation not in COUNTERPARTS:
            return self.wire.ask(operation, uuid, number)
        if self.data is not None:
            return ours.ask(operation, uuid, number)
        return self.wire.ask(COUNTERPARTS[operation], uuid, number)

    def prepare(self, operations: Collection[str]) -> None:
        """Make what those operations need that only Twinhold has, and try each of them.

        Raises:
            WrongAnswerError: an answer is not what it should be; the text says which.
        """
        if self.data is None:
            return
        with contextlib.closing(_connect(self.server)) as connection:
            if "put" in operations:
                models = json.loads(ontology().read_bytes())
                self._send(connection, Request("POST", "/models", models), 201)
            if {"ledger", "value"} & set(operations):
                for uuid in self.uuids:
                    add = Request("POST", f"/twins/{uuid}/ledgers/personal", ours.ledger())
                    self._send(connection, add, 201)
            if "resolve" in operations:
                ours.add_identities(self.data, ours.account_of(self.data), self.uuids)
            for operation in COUNTERPARTS.keys() & set(operations):
                self._check_ours(connection, operation)

    def _check_ours(self, connection: http.client.HTTPConnection, operation: str) -> None:
        answer = self._send(connection, ours.ask(operation, self.uuids[0], 0))
        if operation == "put":
            self._require(operation, answer["contents"]["name"] == "Floor_1", "another twin")
        elif operation == "resolve":
            self._require(operation, answer["twins"] == self.uuids[:1], "another twin")
        else:
            count = {"ledger": ours.ENTRIES, "value": 1}[operation]
            self._require(operation, len(answer["entries"]) == count, "other entries")

    def check(self) -> None:
        """Try every operation once.

        Raises:
            WrongAnswerError: an answer is not what it should be; the text says which.
        """
        with contextlib.closing(_connect(self.server)) as connection:
            self._check_twins(connection)
            self._check_pages(connection)
            self._check_rule(connection)

    def _check_twins(self, connection: http.client.HTTPConnection) -> None:
        number = len(self.uuids)
        made = self._send(connection, self.wire.ask("post", "", number), 201)
        uuid = self.wire.uuid(made)
        self._expect("post", made, uuid, number)
        read = self._send(connection, self.wire.ask("get", uuid, 0))
        self._expect("get", read, uuid, number)
        changed = self._send(connection, self.wire.ask("patch", uuid, number + 1))
        self._expect("patch", changed, uuid, number + 1)
        read = self._send(connection, self.wire.ask("get", uuid, 0))
        self._expect("get after patch", read, uuid, number + 1)

    def _expect(self, what: str, twin: dict[str, Any], uuid: str, number: int) -> None:
        self._require(what, twin.keys() >= self.wire.members, "a member is missing")
        self._require(what, self.wire.uuid(twin) == uuid, "it is another twin")
        described = twin["description"] == wires.description(number)
        self._require(what, described, "the description is not the one sent")

    def _check_pages(self, connection: http.client.HTTPConnection) -> None:
        uuids = self._page(connection, "uuids")
        self._require("uuids", all(str(UUID(uuid)) == uuid for uuid in uuids), "no UUIDs")
        for operation in ("details", "rule"):
            twins = self._page(connection, operation)
            members = all(twin.keys() >= self.wire.members for twin in twins)
            self._require(operation, members, "a member is missing")
            same = [self.wire.uuid(twin) for twin in twins] == uuids
            self._require(operation, same, "the twins are not those of the page of UUIDs")

    def _check_rule(self, connection: http.client.HTTPConnection) -> None:
        """A twin that the rule does not hold for is left out."""
        twin = self._page(connection, "rule")[0]
        uuid, before = self.wire.uuid(twin), twin["description"]
        path, cold = f"/twins/{uuid}", wires.description(0, _COLD)
        self._send(connection, Request("PATCH", path, {"description": cold}))
        page = self._send(connection, self.wire.ask("rule", "", 0))[self.wire.items]
        left_out = uuid not in map(self.wire.uuid, page)
        self._require("rule", left_out, "a twin is there that does not match")
        self._send(connection, Request("PATCH", path, {"description": before}))

    def _page(self, connection: http.client.HTTPConnection, operation: str) -> list[Any]:
        page = self._send(connection, self.wire.ask(operation, "", 0))
        items: list[Any] = page[self.wire.items]
        self._require(operation, len(items) == PAGE_SIZE, f"{len(items)} items are on the page")
        self._require(operation, page[self.wire.cursor], "the cursor is missing")
        return items

    def _send(
        self, connection: http.client.HTTPConnection, request: Request, status: int = 200
    ) -> Any:
        connection.request(
            request.method, request.path, request.body() or None, self.wire.headers()
        )
        answer = connection.getresponse()
        body = answer.read()
        self._require(
            f"{request.method} {request.path}",
            answer.status == status,
            f"{answer.status} {body[:300]!r}",
        )
        return json.loads(body)

    def _require(self, what: str, truth: object, otherwise: str) -> None:
        if not truth:
            raise WrongAnswerError(f"{self.name}, {what}: {otherwise}")


@contextlib.contextmanager
def twinhold(directory: Path, options: Sequence[str] = ()) -> Iterator[Target]:
    """The product as its user starts it; data in a directory that may exist from before.

    It is asked by a user whose role lists their permissions and has a twin rule.
    """
    with operated(directory, options) as target:
        administrator = json.loads((directory / "credentials.json").read_text())
        secret = make_caller(target.server.port, administrator)
        yield replace(target, wire=wires.trusted_twin(secret))


@contextlib.contextmanager
def operated(directory: Path, options: Sequence[str] = ()) -> Iterator[Target]:
    """The same, asked by its operator, who may do everything."""
    port = free_port()
    command = [PYTHON, "-m", "twinhold", "serve", "--port", str(port), "--data", str(directory)]
    command += options
    with running(command, port, directory.with_suffix(".log")) as server:
        secret = json.loads((directory / "credentials.json").read_text())["secret"]
        yield Target("twinhold", server, wires.trusted_twin(secret), data=directory)


@contextlib.contextmanager
def ceiling(directory: Path) -> Iterator[Target]:
    """The thinnest handler, bench/ceiling.py."""
    port = free_port()
    directory.mkdir()
    command = [PYTHON, "-m", "bench.ceiling", "--port", str(port), "--data", str(directory)]
    with running(command, port, directory.with_suffix(".log")) as server:
        yield Target("ceiling", server, wires.trusted_twin(None))


@contextlib.contextmanager
def baseline(directory: Path) -> Iterator[Target]:
    """The tutorial's registry, bench/baseline.py."""
    port = free_port()
    directory.mkdir()
    command = [PYTHON_OF_BASELINE, "-m", "uvicorn", "bench.baseline:app"]
    command += ["--host", HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    environment = {"BASELINE_FILE": str(directory / "baseline.db"), "BASELINE_TOKEN": _TOKEN}
    with running(command, port, directory.with_suffix(".log"), environment) as server:
        yield Target("baseline", server, wires.tutorial(_TOKEN))


def _connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, server.port, timeout=60)
