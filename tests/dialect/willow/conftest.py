"""Accounts with models, shared by the tests of an engine, and one with a building."""

import pytest
from tests.dialect.willow.buildings import put, relate
from tests.dialect.willow.series import MODELS
from tests.harness import Account, Server
from tests.material import ontology

GRAPH_TWINS = {
    "BLD-1": "Building",
    "PF-1": "Portfolio",
    "LAND-1": "Land",
    "CO-1": "Company",
    "BLD-1-L01": "Level",
    "BLD-1-L01-100": "Room",
    "BLD-1-L01-Z1": "HVACZone",
    "TU-1": "TenantUnit",
    "FPB-1": "FanPoweredBoxReheat",
    "AHU-1": "AirHandlingUnit",
    "CH-1": "Chiller",
    "AHU-1-SF": "Fan",
    "FPB-1-ZAT": "ZoneAirTemperatureSensor",
    "FPB-1-ZATSP": "ZoneAirTemperatureSetpoint",
    "BC-1": "BACnetController",
    "LS-1": "Lease",
}
GRAPH_EDGES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("BLD-1", "includedIn", "PF-1", {}),
    ("BLD-1", "isPartOf", "LAND-1", {}),
    ("BLD-1", "ownedBy", "CO-1", {}),
    ("BLD-1-L01", "isPartOf", "BLD-1", {}),
    ("BLD-1-L01-100", "isPartOf", "BLD-1-L01", {}),
    ("BLD-1-L01-100", "isPartOf", "BLD-1-L01-Z1", {}),
    ("BLD-1-L01-100", "includedIn", "TU-1", {}),
    ("BLD-1-L01-Z1", "isFedBy", "FPB-1", {"substance": "SupplyAir"}),
    ("FPB-1", "isFedBy", "AHU-1", {"substance": "SupplyAir"}),
    ("FPB-1", "locatedIn", "BLD-1-L01", {}),
    ("AHU-1", "isFedBy", "CH-1", {"substance": "ChilledWater"}),
    ("AHU-1-SF", "isPartOf", "AHU-1", {}),
    ("FPB-1-ZAT", "isCapabilityOf", "FPB-1", {}),
    ("FPB-1-ZATSP", "isCapabilityOf", "FPB-1", {}),
    ("FPB-1-ZAT", "hostedBy", "BC-1", {}),
    ("BC-1", "locatedIn", "BLD-1-L01", {}),
    ("TU-1", "hasLease", "LS-1", {}),
    ("LS-1", "lessee", "CO-1", {}),
)
"""The graph of spec/willow.md 8.3, every edge of it valid in the ontology."""


def with_ontology(server: Server, name: str) -> Account:
    """A fresh account that has every model of the ontology."""
    account = server.account(name)
    answer = account.request("POST", "/models", data=ontology().read_bytes())
    assert answer.status_code == 201, answer.text
    return account


@pytest.fixture(scope="session")
def building(server: Server) -> Account:
    """An account that has every model of the ontology; tests choose ids of their own."""
    return with_ontology(server, "Building")


@pytest.fixture(scope="session")
def estate(server: Server) -> Account:
    """An account whose twins are those of the graph; tests only read them."""
    account = with_ontology(server, "Estate")
    for id_, model in GRAPH_TWINS.items():
        put(account, id_, model, **({"name": f"The {model} {id_}"} if model != "Lease" else {}))
    for source, name, target, properties in GRAPH_EDGES:
        relate(account, source, name, target, **properties)
    return account


@pytest.fixture(scope="session")
def plant(server: Server) -> Account:
    """An account with a few models, some of them Capabilities; tests make twins of their own."""
    account = server.account("Plant")
    answer = account.request("POST", "/models", json=MODELS)
    assert answer.status_code == 201, answer.text
    return account
