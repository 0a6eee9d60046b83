"""Capability twins and values for the tests of time series."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from tests.dialect.willow.buildings import new_id
from tests.harness import Account
from tests.material import PREFIX

CONNECTOR = "TW-CC-01"
MOST = 1000
START = datetime(2024, 10, 1, tzinfo=UTC)


def _interface(name: str, *properties: str, extends: str | None = None) -> dict[str, Any]:
    contents = [
        {"@type": "Property", "name": each, "schema": "string"} for each in ("note", *properties)
    ]
    return {
        "@context": "dtmi:dtdl:context;3",
        "@id": f"{PREFIX}{name};1",
        "@type": "Interface",
        "contents": contents if extends is None else [],
        **({} if extends is None else {"extends": f"{PREFIX}{extends};1"}),
    }


MODELS = [
    _interface("Capability", "externalID", "connectorID"),
    _interface("Sensor", extends="Capability"),
    _interface("TemperatureSensor", extends="Sensor"),
    _interface("Room", "externalID"),
]


def sensor(account: Account, id_: str | None = None, model: str = "Sensor", **contents: Any) -> str:
    """Put a twin and answer its id."""
    twin = {"id": id_ or new_id("S"), "modelId": f"{PREFIX}{model};1", "contents": contents}
    answer = account.request("PUT", "/api/v3/twins", json=twin)
    assert answer.status_code == 200, answer.text
    return str(twin["id"])


def value(twin: str | None, at: str | int, scalar: Any = 1, **members: Any) -> dict[str, Any]:
    """A value of a twin at a time, or so many seconds after the start of the tests' time."""
    named = {} if twin is None else {"dtId": twin}
    time = at if isinstance(at, str) else moment(at)
    return named | {
        "connectorId": CONNECTOR,
        "sourceTimestamp": time,
        "scalarValue": scalar,
        **members,
    }


def moment(seconds: float) -> str:
    """So many seconds after the start of the tests' time."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def try_posting(account: Account, *values: Any) -> requests.Response:
    return account.request("POST", "/api/v3/time-series", data=json.dumps(values))


def post(account: Account, *values: Any) -> None:
    """Store values."""
    answer = try_posting(account, *values)
    assert (answer.status_code, answer.text) == (200, "{}"), answer.text


def try_listing(
    account: Account,
    twins: str | list[str],
    start: str | int = 0,
    end: str | int = 100,
    **query: Any,
) -> requests.Response:
    """Ask for values of a twin, or of several."""
    span = {
        name: at if isinstance(at, str) else moment(at)
        for name, at in (("start", start), ("end", end))
    }
    if isinstance(twins, str):
        return account.request("GET", f"/api/v3/time-series/{twins}", params=span | query)
    return account.request("POST", "/api/v3/time-series/ids", json=twins, params=span | query)


def listing(
    account: Account,
    twins: str | list[str],
    start: str | int = 0,
    end: str | int = 100,
    **query: Any,
) -> dict[str, Any]:
    """A page of values."""
    answer = try_listing(account, twins, start, end, **query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert set(page) == {"data", "continuationToken", "errorList", "errorData"}
    return page


def whole(account: Account, twins: str | list[str], start: int, end: int, size: int) -> list[Any]:
    """All values, page by page; every page but the last one is full."""
    found, token = [], None
    while True:
        more: dict[str, Any] = {} if token is None else {"continuationToken": token}
        page = listing(account, twins, start, end, pageSize=size, **more)
        found += page["data"]
        token = page["continuationToken"]
        if token is None:
            return found
        assert len(page["data"]) == size
        assert len(found) <= MOST, "the list does not end"


def latest(account: Account, twins: str | list[str], **query: Any) -> list[Any]:
    """The latest values of a twin, or of several."""
    if isinstance(twins, str):
        answer = account.request("GET", f"/api/v3/time-series/{twins}/latest", params=query)
    else:
        answer = account.request("POST", "/api/v3/time-series/ids/latest", json=twins, params=query)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()
    return found


def scalars(values: list[Any]) -> list[Any]:
    return [each["scalarValue"] for each in values]
