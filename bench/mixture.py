"""A mixture of everything that clients ask of Twinhold, at a bounded rate."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bench import ours, wires
from bench.servers import HOST
from bench.wires import Request
from tests.material import PREFIX

LEDGERS = 200
"""Twins of which a ledger is kept."""

_PUTS = 5_000
_SENSORS = 200
_ANSWER_SECONDS = 30
_TIMEOUT = 599


class Tally:
    """What came of the requests.

    Attributes:
        asked: how many of each kind.
        failed: answers of 400 and above and answers that never came, by kind and what was wrong.
        seconds: how long each answer took since `take` was called last.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._seconds: list[float] = []

    def count(self, kind: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.asked[kind] += 1
        self._seconds.append(seconds)
        if status >= 400:
            self.failed[f"{kind}: {status}"] += 1

    def take(self) -> list[float]:
        """How long answers took since this was called last, the shortest first."""
        taken, self._seconds = sorted(self._seconds), []
        return taken


class Asker:
    """Asks one server for this and that, over and over."""

    def __init__(self, port: int, secret: str, uuids: list[str]) -> None:
        """Know whom to ask.

        Args:
            port: of the server.
            secret: of the caller.
            uuids: of twins with descriptions, of which the first have ledgers.
        """
        self.tally = Tally()
        self._port = port
        self._secret = secret
        self._uuids = uuids
        self._cursor = ""
        self._kinds: dict[str, tuple[int, Callable[[], Request]]] = {
            "GET": (36, lambda: Request("GET", f"/twins/{self._any()}")),
            "POST": (8, lambda: Request("POST", "/twins", _described())),
            "PATCH": (14, lambda: Request("PATCH", f"/twins/{self._any()}", _described())),
            "PUT": (10, lambda: ours.ask("put", "", random.randrange(_PUTS))),
            "page of UUIDs": (6, lambda: self._page("")),
            "page of details": (6, lambda: self._page("&details=true")),
            "page with a rule": (5, lambda: self._page(f"&details=true&match={_RULE}")),
            "filling search": (1, lambda: self._page(f"&fill=true&match={_RULE}")),
            "page of a model": (3, lambda: Request("POST", "/api/v3/twins", _LEVELS)),
            "GET of a ledger": (4, lambda: ours.ask("ledger", self._any(LEDGERS), 0)),
            "PATCH of a value": (3, lambda: ours.ask("value", self._any(LEDGERS), _number())),
            "POST of values": (2, lambda: Request("POST", "/api/v3/time-series", _values())),
            "GET of a value": (2, lambda: Request("GET", _latest())),
        }

    async def prepare(self) -> None:
        """Make the ledgers, and the twins that have values."""
        connection = Connection(self._port, self._secret)
        for uuid in self._uuids[:LEDGERS]:
            await connection.ask(Request("POST", f"/twins/{uuid}/ledgers/personal", ours.ledger()))
        for number in range(_SENSORS):
            twin = {"id": _sensor(number), "modelId": f"{PREFIX}Sensor;1", "contents": {}}
            await connection.ask(Request("PUT", "/twins", twin))
        connection.close()

    async def keep_asking(self, rate: float, until: float) -> None:
        """Ask over one connection, so many times a second, until a time of `time.monotonic`."""
        kinds = list(self._kinds)
        weights = [self._kinds[kind][0] for kind in kinds]
        connection = Connection(self._port, self._secret)
        due = time.monotonic() + random.random() / rate
        while due < until:
            await asyncio.sleep(due - time.monotonic())
            await self._ask(connection, random.choices(kinds, weights)[0])
            # Who is late asks at once, but catches up with no more than a second.
            due = max(due + 1 / rate, time.monotonic() - 1)
        connection.close()

    async def _ask(self, connection: "Connection", kind: str) -> None:
        started = time.monotonic()
        request = self._kinds[kind][1]()
        try:
            status, body = await asyncio.wait_for(connection.ask(request), _ANSWER_SECONDS)
        except (OSError, EOFError, TimeoutError):
            connection.close()
            status, body = _TIMEOUT, b""
        self.tally.count(kind, status, time.monotonic() - started)
        if status == 200 and request.path.startswith("/twins?"):
            self._cursor = json.loads(body)["cursor"] or ""

    def _any(self, among: int = 0) -> str:
        return self._uuids[random.randrange(among or len(self._uuids))]

    def _page(self, query: str) -> Request:
        """The page after the one that was read last."""
        return Request("GET", f"/twins?count=100{query}&cursor={quote(self._cursor)}")


class Connection:
    """One connection of a client, opened when it is needed."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._host = f"{HOST}:{port}"
        self._wire = wires.trusted_twin(secret)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Send a request; answer the status and the body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(request.raw(self._wire, self._host))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
        return int(head.split(b" ", 2)[1]), await reader.readexactly(length)

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


_RULE = quote(wires.RULE)
_LEVELS = {"modelId": f"{PREFIX}Level;1", "pageSize": 100}


def _described() -> dict[str, Any]:
    return {"description": wires.description(_number())}


def _number() -> int:
    return random.randrange(1_000_000)


def _sensor(number: int) -> str:
    return f"SOAK-SENSOR-{number}"


def _values() -> Any:
    """A value of each of ten twins, now."""
    moment = datetime.now(UTC).isoformat()
    return [
        {
            "connectorId": "soak",
            "dtId": _sensor(number),
            "sourceTimestamp": moment,
            "scalarValue": random.random(),
        }
        for number in random.sample(range(_SENSORS), 10)
    ]


def _latest() -> str:
    return f"/api/v3/time-series/{_sensor(random.randrange(_SENSORS))}/latest"
