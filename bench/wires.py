"""What is asked of each target: the same operations on the same data, in each one's own words."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

RULE = 'TWIN.status == "active" and TWIN.temperature > 20'
PAGE_SIZE = 100

OPERATIONS = ("get", "post", "patch", "uuids", "details", "rule")
TITLES = {
    "get": "GET",
    "post": "POST",
    "patch": "PATCH",
    "uuids": "page of 100 UUIDs",
    "details": "page of 100 with details",
    "rule": "page of 100 with a rule",
}


def description(number: int, temperature: float | None = None) -> dict[str, Any]:
    """The description of a twin; the rule holds for it unless it is given a low temperature."""
    return {
        "name": f"Circulation pump {number}",
        "status": "active",
        "temperature": 20.25 + number % 40 / 2 if temperature is None else temperature,
        "kind": "centrifugal, single stage",
        "place": f"building {number % 17}/level {number % 5}/plant room",
        "serial_number": f"CP-{number:06}-2024",
        "firmware": "4.11.0",
        "commissioned": "2024-03-18",
    }


@dataclass(frozen=True)
class Wire:
    """How a target words the operations.

    Attributes:
        pages: the path of each kind of page.
        identity: where an answered twin has its UUID.
        members: what an answered twin must have.
        items: where a page has its twins.
        cursor: where a page has its cursor.
        authorization: the value of the header; None sends none.
    """

    pages: dict[str, str]
    identity: tuple[str, ...]
    members: frozenset[str]
    items: str
    cursor: str
    authorization: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        known = {"Content-Type": "application/json"}
        return known | ({"Authorization": self.authorization} if self.authorization else {})

    def uuid(self, twin: dict[str, Any]) -> str:
        """The UUID of an answered twin."""
        value: Any = twin
        for member in self.identity:
            value = value[member]
        return str(value)

    def ask(self, operation: str, uuid: str, number: int) -> "Request":
        """A request of an operation, on one twin where the operation has one."""
        if operation == "post":
            return Request("POST", "/twins", {"description": description(number)})
        if operation == "patch":
            return Request("PATCH", f"/twins/{uuid}", {"description": description(number)})
        return Request("GET", f"/twins/{uuid}" if operation == "get" else self.pages[operation])


@dataclass(frozen=True)
class Request:
    """A request before it is put on the wire."""

    method: str
    path: str
    value: dict[str, Any] | None = field(default=None)

    def body(self) -> bytes:
        """The value as compact JSON, or nothing."""
        if self.value is None:
            return b""
        return json.dumps(self.value, separators=(",", ":")).encode()

    def raw(self, wire: Wire, host: str) -> bytes:
        """The request as HTTP/1.1 has it."""
        body, headers = self.body(), {"Host": host, **wire.headers()}
        if self.value is None:
            del headers["Content-Type"]
        else:
            headers["Content-Length"] = str(len(body))
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


def trusted_twin(secret: str | None) -> Wire:
    """Twinhold, and the ceiling, which answers alike but asks for no credential."""
    details = f"/twins?count={PAGE_SIZE}&details=true"
    return Wire(
        pages={
            "uuids": f"/twins?count={PAGE_SIZE}",
            "details": details,
            "rule": f"{details}&match={quote(RULE)}",
        },
        identity=("creation_certificate", "uuid"),
        members=frozenset({"owner", "status", "updated_ts", "description", "creation_certificate"}),
        items="twins",
        cursor="cursor",
        authorization=secret,
    )


def tutorial(token: str) -> Wire:
    """The baseline."""
    details = f"/twins?limit={PAGE_SIZE}"
    return Wire(
        pages={
            "uuids": f"/twins/ids?limit={PAGE_SIZE}",
            "details": details,
            "rule": f"{details}&rule={quote(RULE)}",
        },
        identity=("id",),
        members=frozenset({"owner", "version", "description", "created_at", "updated_at"}),
        items="items",
        cursor="next_cursor",
        authorization=f"Bearer {token}",
    )
