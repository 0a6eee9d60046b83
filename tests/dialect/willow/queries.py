"""Asking for twins as a client of the Willow dialect does."""

from collections.abc import Iterator
from typing import Any

import requests
from tests.harness import Account
from tests.material import PREFIX


def ask(account: Account, path: str, **body: Any) -> requests.Response:
    """The answer to a question."""
    return account.request("POST", f"/api/v3/twins{path}", json=body)


def page(account: Account, **body: Any) -> dict[str, Any]:
    """A page of twins."""
    answer = ask(account, "", **body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) == {"content", "continuationToken"}
    return found


def pages(account: Account, **body: Any) -> Iterator[list[Any]]:
    """Follow the token to the end."""
    token = None
    while True:
        found = page(account, continuationToken=token, **body)
        yield found["content"]
        token = found["continuationToken"]
        if token is None:
            return


def ids(account: Account, **body: Any) -> list[str]:
    """The ids of all twins that are found, and a check that as many are counted."""
    found = [twin["id"] for content in pages(account, **body) for twin in content]
    counted = ask(account, "/count", **body)
    assert counted.status_code == 200, counted.text
    assert counted.json() == len(found)
    return found


def models(*names: str, exact: bool = False) -> dict[str, Any]:
    """A filter for twins of some models of the ontology."""
    return {"modelIds": [f"{PREFIX}{name};1" for name in names], "exactModelMatch": exact}


def graph(account: Account, id_: str, *steps: dict[str, Any], alias: str = "Start") -> Any:
    """The ids of the twins of a graph by alias."""
    answer = ask(account, "/graph", alias=alias, id=id_, relationships=list(steps))
    assert answer.status_code == 200, answer.text
    return {name: [twin["id"] for twin in twins] for name, twins in answer.json().items()}
