"""Twins of buildings, as the tests of the Willow dialect make and compare them."""

import itertools
from typing import Any

import requests
from tests.harness import Account
from tests.material import PREFIX

_numbers = itertools.count(1)


def new_id(stem: str = "T") -> str:
    """An id that no other test uses."""
    return f"{stem}-{next(_numbers)}"


def twin(id_: str, model: str, **contents: Any) -> dict[str, Any]:
    """The body that puts a twin of a model of the ontology."""
    return {"id": id_, "modelId": f"{PREFIX}{model};1", "contents": contents}


def put(account: Account, id_: str, model: str, **contents: Any) -> dict[str, Any]:
    """Put a twin."""
    answer = account.request("PUT", "/api/v3/twins", json=twin(id_, model, **contents))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def relate(
    account: Account, source: str, name: str, target: str, **properties: Any
) -> dict[str, Any]:
    """Put a relationship."""
    answer = try_relating(account, source, name, target, **properties)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def try_relating(
    account: Account, source: str, name: str, target: str, **properties: Any
) -> requests.Response:
    """The answer to putting a relationship."""
    edge = {"sourceId": source, "targetId": target, "name": name, "properties": properties}
    return account.request("PUT", "/api/v3/twins/relationships", json=edge)


def untimed(value: Any) -> Any:
    """A twin without the times that the server's clock decides."""
    if isinstance(value, dict):
        left = {"lastUpdateTime", "$lastUpdateTime"}
        return {name: untimed(member) for name, member in value.items() if name not in left}
    return [untimed(item) for item in value] if isinstance(value, list) else value
