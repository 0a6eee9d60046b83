"""Measure a filling search of a large registry: through an index, by SQL, and in Python alone.

`scripts/bench search` fills a data directory with twins, a hundred of which match, and asks the
server for them: at once, while no index exists, and again when the index that the first question
asked for is built. Beside it the same rule is evaluated in Python on every twin, as a registry
without conditions and indexes would.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
from bench.servers import free_port, running

from twinhold import rules
from twinhold.registry import ids

RULE = 'TWIN.status == "rare" and TWIN.temperature > 20'
MATCHES = 100
_RUNS = 7
_INDEX_SECONDS = 600


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answer its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench search", description=__doc__)
    parser.add_argument("--twins", type=int, default=1_000_000, help="in the registry [1000000]")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="twinhold-bench-") as folder:
        print(_measure(Path(folder) / "data", options.twins))
    return 0


def _measure(data: Path, count: int) -> str:
    with _twinhold(data) as ask:
        account = ask("/whoami")["account"]
    _fill(data, account, count)
    with _twinhold(data) as ask:
        sql = _timed(lambda: _search(ask), 1)
        waited = time.perf_counter()
        while _indexes(ask) != {"ready"}:
            if time.perf_counter() - waited > _INDEX_SECONDS:
                raise RuntimeError("the index is not built")
            time.sleep(0.5)
        waited = time.perf_counter() - waited
        index = _timed(lambda: _search(ask), _RUNS)
    python = _timed(lambda: _in_python(data), 1)
    return "\n".join(
        [
            f"{count} twins, {MATCHES} match: {RULE}",
            "",
            "| how | seconds | times faster than Python |",
            "| --- | --- | --- |",
            f"| every twin in Python | {python:.3f} | 1 |",
            f"| every twin in SQL, the first question | {sql:.3f} | {python / sql:.0f} |",
            f"| through the index | {index:.5f} | {python / index:.0f} |",
            "",
            f"The index was ready {waited:.0f} s after the first question.",
            f"Target: at least 100 times: {'reached' if python / index >= 100 else 'missed'}.",
        ]
    )


def _fill(data: Path, account: str, count: int) -> None:
    """Put twins into the file of a registry that is closed."""
    connection = apsw.Connection(str(data / "twinhold.db"))
    now = time.time_ns() // 1000
    with connection:
        for number in range(count):
            row = ids.twin_uuid(now - (count - number) * 1000, os.urandom(10)), account, account
            connection.execute(
                "INSERT INTO twins (uuid, owner, creator, created, updated, description)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*row, now, now, json.dumps(_description(number, count))),
            )
    connection.close()


def _description(number: int, count: int) -> dict[str, Any]:
    rare = number % (count // MATCHES) == 7
    return {
        "name": f"Pump {number} cooling loop B",
        "type": "CentrifugalPump",
        "status": "rare" if rare else "active",
        "temperature": 21.5 if rare else number % 4000 / 100,
        "serial": f"SN-2024-{number}-XZ",
    }


def _search(ask: Callable[..., Any]) -> None:
    query = urllib.parse.urlencode({"match": RULE, "fill": "true", "count": MATCHES})
    found, cursor = 0, ""
    while found < MATCHES:
        page = ask(f"/twins?{query}&cursor={cursor}")
        found, cursor = found + len(page["twins"]), page["cursor"]


def _indexes(ask: Callable[..., Any]) -> set[str]:
    return set(ask("/rules/explain", {"rule": RULE})["indexes"].values())


def _in_python(data: Path) -> None:
    """Decode every description and evaluate the compiled rule on it."""
    rule, decode = rules.parse(RULE), msgspec.json.Decoder().decode
    connection = apsw.Connection(str(data / "twinhold.db"), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute("SELECT description FROM twins")
    found = sum(rule.matches({"TWIN": decode(text)}) for (text,) in rows)
    connection.close()
    if found != MATCHES:
        raise RuntimeError(f"{found} twins match instead of {MATCHES}")


def _timed(work: Callable[[], None], runs: int) -> float:
    """The median of some runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@contextlib.contextmanager
def _twinhold(data: Path) -> Iterator[Callable[..., Any]]:
    """A running server, as a function that asks it as the operator."""
    port = free_port()
    command = [sys.executable, "-m", "twinhold", "serve", "--data", str(data), "--port", str(port)]
    with running(command, port, data.parent / "log") as server:
        secret = json.loads((data / "credentials.json").read_text())["secret"]

        def ask(path: str, members: dict[str, Any] | None = None) -> Any:
            request = urllib.request.Request(
                server.url + path,
                data=None if members is None else json.dumps(members).encode(),
                headers={"Authorization": secret},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)

        yield ask


if __name__ == "__main__":
    sys.exit(main())
