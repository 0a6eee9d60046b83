"""Operations that only Twinhold has: what they ask, and what has to be there before.

Each is measured beside the operation of the others that does comparable work.
"""

import json
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
from bench.wires import Request
from tests.material import level_twin

COUNTERPARTS = {"put": "post", "ledger": "get", "value": "post", "resolve": "get"}
TITLES = {
    "put": "PUT of a validated twin (beside POST)",
    "ledger": "GET of a ledger of 20 entries (beside GET)",
    "value": "PATCH of an entry's value, with history (beside POST)",
    "resolve": "GET of an identity's twins, of 1 000 000 (beside GET)",
}

PUTS = 2_000
"""Twins that are put: the first time each is made, afterwards it is replaced."""

ENTRIES = 20
IDENTITIES = 1_000_000
_LEVEL = "dtmi:com:willowinc:Level;1"


def ask(operation: str, uuid: str, number: int) -> Request:
    """A request of an operation on a twin."""
    if operation == "put":
        members = {"id": f"TW-DD-II-L{number:06}", "modelId": _LEVEL, "contents": _contents()}
        return Request("PUT", "/twins", members)
    if operation == "ledger":
        return Request("GET", f"/twins/{uuid}/ledgers/personal")
    if operation == "value":
        members = {"entries": {"entry_0": {"value": number}}}
        return Request("PATCH", f"/twins/{uuid}/ledgers/personal/value", members)
    return Request("GET", f"/resolve/{quote(_identity(number * (IDENTITIES // PUTS)))}")


def ledger() -> dict[str, Any]:
    """The body that adds a ledger of twenty entries, the first with history."""
    entries: dict[str, Any] = {
        f"entry_{number}": {"value": f"a reading of {number}"} for number in range(ENTRIES)
    }
    entries["entry_0"]["history"] = "INF"
    return {"entries": entries}


def add_identities(data: Path, account: str, uuids: list[str]) -> None:
    """Attach a million identities to some twins, in the file of a registry."""
    now = time.time_ns() // 1000
    connection = apsw.Connection(str(data / "twinhold.db"))
    connection.execute("PRAGMA busy_timeout = 60000")
    with connection:
        connection.executemany(
            "INSERT INTO identities (twin, account, identity, attached, changed)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                (uuids[number % len(uuids)], account, _identity(number), now, now)
                for number in range(IDENTITIES)
            ),
        )
    connection.close()


def account_of(data: Path) -> str:
    """The account of the operator."""
    account: str = json.loads((data / "credentials.json").read_text())["account"]
    return account


@cache
def _contents() -> dict[str, Any]:
    """The contents of the vendor's example (seed 004)."""
    return level_twin()


def _identity(number: int) -> str:
    return f"RFID#E2801160{number * 7919 % IDENTITIES:012X}"
