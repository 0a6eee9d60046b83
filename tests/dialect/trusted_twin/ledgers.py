"""What the tests of ledgers have in common: short ways to ask the vendor's client."""

import time
from collections.abc import Callable
from typing import Any

from tests.harness import Account, body, create, uuid_of

SECONDS = 10


def new_twin(account: Account, **members: Any) -> str:
    """A twin of the account."""
    return uuid_of(create(account.client(), **members))


def add(account: Account, twin: str, /, **entries: Any) -> Any:
    """Add entries to the own ledger; answers them."""
    answer = account.client().add_twin_ledger_entry(twin, body={"entries": entries})
    return body(answer)["entries"]


def update(account: Account, twin: str, /, **entries: Any) -> Any:
    """Change entries of the own ledger; answers them."""
    answer = account.client().update_twin_ledger_entry(twin, body={"entries": entries})
    return body(answer)["entries"]


def get(account: Account, twin: str, ledger: str = "personal", **params: Any) -> Any:
    """The entries of a ledger."""
    return body(account.client().get_twin_ledger_entry(twin, ledger, params=params))["entries"]


def values(account: Account, twin: str, ledger: str = "personal", **params: Any) -> Any:
    """The values of a ledger by name."""
    found = body(account.client().get_twin_ledger_entry_value(twin, ledger, params=params))
    return {name: entry["value"] for name, entry in found["entries"].items()}


def history(account: Account, twin: str, ledger: str = "personal", **params: Any) -> Any:
    """The history of a ledger."""
    answer = account.client().get_twin_ledger_entry_history(twin, ledger, params=params)
    return body(answer)["entries"]


def reference(twin: str, account: Account, entry: str, **settings: Any) -> Any:
    """A reference to an entry of an account's ledger."""
    return {"ref": {"source": f"twin://{twin}/{account.account}/{entry}"}, **settings}


def include(twin: str, entry: str) -> Any:
    """An include of an entry of the own account."""
    return {"include": {"source": f"twin://{twin}/{entry}"}}


def becomes(look: Callable[[], Any], expected: Any) -> None:
    """Wait until something is as expected: references follow within a moment on PostgreSQL."""
    until = time.monotonic() + SECONDS
    while (found := look()) != expected and time.monotonic() < until:
        time.sleep(0.01)
    assert found == expected
