"""Accounts with models, shared by the tests of an engine."""

import pytest
from tests.dialect.willow.series import MODELS
from tests.harness import Account, Server
from tests.material import ontology


@pytest.fixture(scope="session")
def building(server: Server) -> Account:
    """An account that has every model of the ontology; tests choose ids of their own."""
    account = server.account("Building")
    answer = account.request("POST", "/models", data=ontology().read_bytes())
    assert answer.status_code == 201, answer.text
    return account


@pytest.fixture(scope="session")
def plant(server: Server) -> Account:
    """An account with a few models, some of them Capabilities; tests make twins of their own."""
    account = server.account("Plant")
    answer = account.request("POST", "/models", json=MODELS)
    assert answer.status_code == 201, answer.text
    return account
