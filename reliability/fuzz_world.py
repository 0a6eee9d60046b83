"""What the fuzz has to work on: a model, twins, a ledger, and cursors that a server has given."""

from dataclasses import dataclass
from typing import Any

from tests.harness import Account

_PROPERTIES = {"name": "string", "level": "double", "since": "dateTime", "open": "boolean"}

ROOM: dict[str, Any] = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:fuzz:Room;1",
    "@type": "Interface",
    "displayName": {"en": "Room"},
    "contents": [
        *(
            {"@type": "Property", "name": name, "schema": schema, "writable": True}
            for name, schema in _PROPERTIES.items()
        ),
        {
            "@type": "Property",
            "name": "tags",
            "schema": {
                "@type": "Map",
                "mapKey": {"name": "tag", "schema": "string"},
                "mapValue": {"name": "value", "schema": "integer"},
            },
        },
        {"@type": "Relationship", "name": "isPartOf", "target": "dtmi:fuzz:Room;1"},
    ],
}
CAPABILITY: dict[str, Any] = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:com:willowinc:Capability;1",
    "@type": "Interface",
    "contents": [{"@type": "Property", "name": "externalID", "schema": "string"}],
}
METER: dict[str, Any] = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:fuzz:Meter;1",
    "@type": "Interface",
    "extends": "dtmi:com:willowinc:Capability;1",
}
_ROOMS, _TWINS, _VALUES = 12, 12, 4
_SPAN = {"start": "2024-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"}


@dataclass(frozen=True)
class World:
    """An account with something in it.

    Attributes:
        twins: UUIDs of twins.
        rooms: ids of twins of a model.
        cursors: requests that take a cursor, as targets with a place for it, with one they gave.
        token: a body with a place for a cursor, and one that it gave.
    """

    account: Account
    twins: list[str]
    rooms: list[str]
    cursors: list[tuple[str, str]]
    token: str

    @classmethod
    def of(cls, account: Account) -> "World":
        """Fill an account; what is there already is met again."""
        account.request("POST", "/models", json=[ROOM, CAPABILITY, METER])
        rooms = [f"room-{number}" for number in range(_ROOMS)]
        for room in rooms:
            twin = {"id": room, "modelId": ROOM["@id"], "contents": {"name": room, "level": 2.5}}
            _made(account, "PUT", "/twins", twin)
        for room in rooms[1:]:
            edge = {"sourceId": room, "targetId": rooms[0], "name": "isPartOf"}
            _made(account, "PUT", "/api/v3/twins/relationships", edge)
        meter = {"id": "meter", "modelId": METER["@id"], "contents": {"externalID": "x"}}
        _made(account, "PUT", "/twins", meter)
        _made(account, "POST", "/api/v3/time-series", [_value(day) for day in range(1, _VALUES)])
        twins = [_twin(account, number) for number in range(_TWINS)]
        return cls(account, twins, rooms, *_cursors(account))


def _cursors(account: Account) -> tuple[list[tuple[str, str]], str]:
    scan = account.request("GET", "/twins?count=2").json()["cursor"]
    span = "&".join(f"{name}={time}" for name, time in _SPAN.items())
    values = f"/api/v3/time-series/meter?{span}&pageSize=1"
    token = account.request("GET", values).json()["continuationToken"]
    export = account.request("GET", "/exports?section=twins").headers.get("x-twinhold-cursor", "a")
    found = [
        ("/twins?count=2&cursor=", scan),
        (f"{values}&continuationToken=", token),
        ("/exports?section=twins&cursor=", export),
    ]
    page = _made(account, "POST", "/api/v3/twins", {"pageSize": 2})
    return found, page["continuationToken"]


def _value(day: int) -> dict[str, Any]:
    return {
        "dtId": "meter",
        "connectorId": "fuzz",
        "sourceTimestamp": f"2024-05-{day:02}T00:00:00Z",
        "scalarValue": day,
    }


def _twin(account: Account, number: int) -> str:
    description = {"name": f"twin {number}", "floor": number, "tags": ["a", {"b": None}]}
    made = _made(account, "POST", "/twins", {"description": description})
    twin: str = made["creation_certificate"]["uuid"]
    entries = {"temperature": {"value": number, "visibility": "USER.name == 'x'", "history": "1D"}}
    _made(account, "POST", f"/twins/{twin}/ledgers/personal", {"entries": entries})
    return twin


def _made(account: Account, method: str, path: str, body: Any) -> Any:
    answer = account.request(method, path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()
