"""Clients that write without pause, remember what they were promised, and check it afterwards.

Each client writes to twins of its own, one request after the other, so what a twin may look like
after a crash is known exactly: as last acknowledged, or as the one request would leave it that was
sent and never answered.
"""

import contextlib
import http.client
import json
import random
import threading
import uuid
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.harness import Account
from tests.process.running import connect, until

Document = dict[str, Any]

CLIENTS = 6
_LONGEST_FILL = 3000
_MEMBERS = {"owner", "status", "updated_ts", "description", "creation_certificate"}


@dataclass
class Record:
    """One twin as its client knows it.

    Attributes:
        promised: the twin as last acknowledged; None while its creation is not.
        unanswered: the request that may or may not have happened: method and description.
    """

    promised: Document | None = None
    unanswered: tuple[str, Document | None] | None = None

    @property
    def alive(self) -> bool:
        """Whether its client may change it: an unanswered request ends that."""
        return self.unanswered is None and (self.promised or {}).get("status") == "alive"


@dataclass
class Load:
    """So many clients of one account at once.

    Attributes:
        records: every twin that was ever sent.
        refused: answers that no write of this load may get from a server.
        failed: status and subcode of answers 5xx; such a write may or may not have happened.
        answered: the record of each acknowledged write, in the order of the answers.
    """

    account: Account
    clients: int = CLIENTS
    records: list[Record] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    answered: list[Record] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged."""
        return len(self.answered)

    @contextlib.contextmanager
    def running(self) -> Generator["Load", None, None]:
        """Write during the block; a client ends early when its server is gone."""
        stopping = threading.Event()
        threads = [
            threading.Thread(target=self._write_until, args=(stopping,), name=f"client-{number}")
            for number in range(self.clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until so many more writes are acknowledged."""
        goal = self.acknowledged + more
        until(lambda: self.acknowledged >= goal)

    def wait_for_failures(self, more: int) -> None:
        """Wait until so many more writes have failed on the server's side."""
        goal = len(self.failed) + more
        until(lambda: len(self.failed) >= goal)

    def _write_until(self, stopping: threading.Event) -> None:
        connection = connect(self.account)
        mine: list[Record] = []
        try:
            while not stopping.is_set():
                self._write(connection, mine)
        except (OSError, http.client.HTTPException):
            return  # the server is gone; its last request stays unanswered
        finally:
            connection.close()

    def _write(self, connection: http.client.HTTPConnection, mine: list[Record]) -> None:
        """One request: create, update or terminate."""
        method = random.choice(("POST", "PATCH", "PATCH", "DELETE"))
        record = random.choice(mine[-20:]) if method != "POST" and mine else Record()
        if not record.alive:
            method, record = "POST", Record()
            mine.append(record)
            self.records.append(record)
        record.unanswered = method, None if method == "DELETE" else _description()
        status, answer = _send(connection, self.account, record)
        if status >= 500:
            self.failed.append((status, answer["subcode"]))
        elif status != (201 if method == "POST" else 200):
            self.refused.append(f"{method} {status} {answer}")
        else:
            record.promised, record.unanswered = answer, None
            self.answered.append(record)


def violations(account: Account, records: Iterable[Record]) -> list[str]:
    """What a registry broke of its promises; empty when it kept them all."""
    stored = {twin["creation_certificate"]["uuid"]: twin for twin in scan(account)}
    found = list(_unreadable(account, stored))
    found += [f"half: {twin}" for twin in stored.values() if not _whole(account, twin)]
    for record in records:
        if record.promised is not None:
            twin = stored.pop(record.promised["creation_certificate"]["uuid"], None)
            if twin is None:
                found.append(f"lost: {record}")
            elif not _kept(record, twin):
                found.append(f"lost or half: {record} is stored as {twin}")
    possible = [
        record.unanswered[1] for record in records if not record.promised and record.unanswered
    ]
    for twin in stored.values():
        if twin.get("description") in possible and twin["status"] == "alive":
            possible.remove(twin["description"])
        else:
            found.append(f"nobody sent: {twin}")
    return found


def happened(account: Account, record: Record) -> bool:
    """Whether the unanswered request of a record was carried out."""
    assert record.unanswered is not None
    method, description = record.unanswered
    stored = {twin["creation_certificate"]["uuid"]: twin for twin in scan(account)}
    if record.promised is None:
        return any(twin["description"] == description for twin in stored.values())
    twin = stored[record.promised["creation_certificate"]["uuid"]]
    if method == "DELETE":
        return bool(twin["status"] == "terminated")
    return bool(twin["description"] == description)


def scan(account: Account) -> Iterator[Document]:
    """Every twin of the account."""
    cursor: str | None = ""
    while cursor is not None:
        answer = account.request("GET", f"/twins?details=true&count=1000&cursor={quote(cursor)}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["twins"]
        cursor = page["cursor"]


def _description() -> Document:
    """A description that was never sent before, of any length that crosses a page of a file."""
    return {"version": uuid.uuid4().hex, "fill": "x" * random.randrange(_LONGEST_FILL)}


def _send(
    connection: http.client.HTTPConnection, account: Account, record: Record
) -> tuple[int, Document]:
    """Send a record's unanswered request and read the answer."""
    assert record.unanswered is not None
    method, description = record.unanswered
    path = "/twins"
    if record.promised is not None:
        path += "/" + record.promised["creation_certificate"]["uuid"]
    body = None if description is None else json.dumps({"description": description})
    connection.request(method, path, body, {"Authorization": account.secret})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def _unreadable(account: Account, stored: dict[str, Document]) -> Iterator[str]:
    """Twins that a scan shows otherwise than a read."""
    with contextlib.closing(connect(account)) as connection:
        for uuid_, twin in stored.items():
            connection.request("GET", f"/twins/{uuid_}", headers={"Authorization": account.secret})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or json.loads(body) != twin:
                yield f"half: {twin} is read as {answer.status} {body!r}"


def _whole(account: Account, twin: Document) -> bool:
    """Whether a twin has every member that it must have, and they agree with each other."""
    created = twin["creation_certificate"]
    ended = twin.get("termination_certificate")
    return (
        set(twin) - {"termination_certificate"} == _MEMBERS
        and twin["owner"] == created["creator"] == account.account
        and twin["status"] == ("terminated" if ended else "alive")
        and created["created_ts"] <= twin["updated_ts"]
        and (ended is None or ended["terminated_ts"] == twin["updated_ts"])
        and (ended is None or ended["issuer"] == account.account)
    )


def _kept(record: Record, twin: Document) -> bool:
    """Whether a stored twin is as promised, or as the unanswered request would leave it whole."""
    promised = record.promised
    assert promised is not None
    if twin == promised:
        return True
    if record.unanswered is None or twin["updated_ts"] < promised["updated_ts"]:
        return False
    method, description = record.unanswered
    now = twin["updated_ts"]
    if method == "PATCH":
        return twin == promised | {"description": description, "updated_ts": now}
    certificate = {"issuer": promised["owner"], "terminated_ts": now}
    ended = {"status": "terminated", "updated_ts": now, "termination_certificate": certificate}
    return twin == promised | ended
