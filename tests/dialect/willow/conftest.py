"""An account with the whole ontology, shared by the tests of an engine."""

import pytest
from tests.harness import Account, Server
from tests.material import ontology


@pytest.fixture(scope="session")
def building(server: Server) -> Account:
    """An account that has every model of the ontology; tests choose ids of their own."""
    account = server.account("Building")
    answer = account.request("POST", "/models", data=ontology().read_bytes())
    assert answer.status_code == 201, answer.text
    return account
