"""A registry that has something of everything, and what a client sees of it."""

from typing import Any

import requests
from tests.harness import Account, body, create, uuid_of

ROOM, SPACE = "dtmi:test:Room;1", "dtmi:test:Space;1"
MODELS: list[dict[str, Any]] = [
    {
        "@context": "dtmi:dtdl:context;3",
        "@id": SPACE,
        "@type": "Interface",
        "contents": [{"@type": "Property", "name": "area", "schema": "double"}],
    },
    {
        "@context": "dtmi:dtdl:context;3",
        "@id": ROOM,
        "@type": "Interface",
        "extends": SPACE,
        "contents": [{"@type": "Relationship", "name": "leadsTo"}],
    },
    {
        "@context": "dtmi:dtdl:context;3",
        "@id": "dtmi:com:willowinc:Capability;1",
        "@type": "Interface",
    },
]
VALUE = {
    "dtId": "S-1",
    "connectorId": "C-1",
    "sourceTimestamp": "2024-10-01T12:00:00Z",
    "scalarValue": 1,
}
FILES = [b"a drawing" * 1000, b"a photograph" * 2000]


def furnish(account: Account, guest: Account) -> list[str]:
    """Fill an account; answer the paths at which its records are read."""
    client = account.client()
    pump = uuid_of(create(client, description={"name": "pump", "price": 3}))
    other = uuid_of(create(client, description={"name": "tank"}))
    _hang_on(account, pump, other)
    account.new_user(account.new_role()).token()
    given = {"recipient": guest.account}
    assert account.request("POST", f"/twins/{other}/transfers", json=given).status_code == 201
    taken = uuid_of(create(guest.client(), description={"name": "valve"}))
    sent = guest.request("POST", f"/twins/{taken}/transfers", json={"recipient": account.account})
    assert account.request("POST", f"/transfers/{sent.json()['transfer']}").status_code == 200
    _model(account, pump)
    places = ("", "/docs", "/ledgers/owner", "/identities", "/stickers")
    return [
        *(f"/twins/{pump}{place}" for place in places),
        f"/twins/{other}/ledgers/owner",
        f"/twins/{taken}",
        "/models",
        "/users",
        "/roles",
        "/api/v3/twins/R-1/relationships/outgoing",
        "/api/v3/time-series/S-1/latest",
    ]


def attach(account: Account, twin: str, name: str, content: bytes) -> None:
    """Attach a file to a twin."""
    made = body(account.client().create_upload_url())
    requests.put(made["url"], data=content, timeout=60).raise_for_status()
    docs = {name: {"handler": made["handler"]}}
    body(account.client().attach_twin_doc(twin, body={"docs": docs}))


def _hang_on(account: Account, pump: str, other: str) -> None:
    """A ledger with history, a reference to it, an include, identities, stickers and files."""
    client = account.client()
    entry = {"value": 1, "visibility": "true", "history": "INF"}
    body(client.add_twin_ledger_entry(pump, body={"entries": {"state": entry}}))
    body(client.update_twin_ledger_entry(pump, body={"entries": {"state": {"value": 2}}}))
    source = f"twin://{pump}/{account.account}/state"
    entries = {"copied": {"ref": {"source": source}}, "read": {"include": {"source": source}}}
    body(client.add_twin_ledger_entry(other, body={"entries": entries}))
    body(client.create_twin_identity(pump, body={"identities": {"RFID#1": {}}}))
    sticker = {"stickers": {"red": {"recipients": [account.account]}}}
    body(client.put_sticker(pump, body=sticker))
    for number, content in enumerate(FILES):
        attach(account, pump, f"file-{number}", content)
    attach(account, other, "again", FILES[0])


def _model(account: Account, pump: str) -> None:
    """Models, twins of them (one has a certificate from before), and what leads where."""
    assert account.request("POST", "/models", json=MODELS).status_code == 201
    twins = [
        {"id": "R-1", "modelId": ROOM, "contents": {"area": 12.5}},
        {"id": pump, "modelId": SPACE, "contents": {}},
        {"id": "S-1", "modelId": "dtmi:com:willowinc:Capability;1"},
    ]
    for twin in twins:
        answer = account.request("PUT", "/twins", json=twin)
        assert answer.status_code == 200, answer.text
    edge = {"sourceId": "R-1", "targetId": pump, "name": "leadsTo"}
    answer = account.request("PUT", "/api/v3/twins/relationships", json=edge)
    assert answer.status_code == 200, answer.text
    answer = account.request("POST", "/api/v3/time-series", json=[VALUE])
    assert answer.status_code == 200, answer.text


def seen(account: Account, paths: list[str]) -> dict[str, Any]:
    """What a client reads at some paths."""
    found = {}
    for path in paths:
        answer = account.request("GET", path)
        assert answer.status_code == 200, (path, answer.text)
        found[path] = answer.json()
    return found
