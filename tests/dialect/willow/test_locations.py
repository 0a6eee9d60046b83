"""The location filter: what is in a twin, by whatever way (spec/willow.md 9, decision 22)."""

import random

import pytest
from tests.dialect.willow.buildings import put, relate
from tests.dialect.willow.conftest import GRAPH_EDGES, GRAPH_TWINS
from tests.dialect.willow.queries import ids, models
from tests.harness import Account, create, uuid_of

from twinhold.registry.locations import WAYS


def inside(account: Account, location: str | None, **body: object) -> list[str]:
    return ids(account, locationFilter={"locationId": location}, **body)


def reaching(location: str, hidden: str = "") -> list[str]:
    """What is in a location, by the edges of the graph: found from each twin by itself."""

    def leads(id_: str) -> bool:
        ways = (edge for edge in GRAPH_EDGES if edge[0] == id_ and edge[1] in WAYS)
        return id_ == location or any(leads(edge[2]) for edge in ways if edge[2] != hidden)

    return sorted(id_ for id_ in GRAPH_TWINS if id_ != hidden and leads(id_))


@pytest.mark.parametrize("location", sorted(GRAPH_TWINS))
def test_holds_what_leads_to_it_and_itself(estate: Account, location: str) -> None:
    assert inside(estate, location) == reaching(location)


def test_of_the_portfolio_holds_the_points(estate: Account) -> None:
    assert "FPB-1-ZAT" in inside(estate, "PF-1")
    assert "CH-1" not in inside(estate, "PF-1")


@pytest.mark.parametrize("location", [None, ""])
def test_none_asks_for_nothing(estate: Account, location: str | None) -> None:
    assert inside(estate, location) == sorted(GRAPH_TWINS)


def test_unknown_holds_nothing(estate: Account) -> None:
    assert inside(estate, "BLD-2") == []


def test_a_twin_without_a_model_holds_nothing(estate: Account) -> None:
    assert inside(estate, uuid_of(create(estate.client()))) == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_goes_with_other_filters_and_pages(estate: Account, size: int) -> None:
    found = inside(estate, "BLD-1", modelFilter=models("Capability"), pageSize=size)
    assert found == ["FPB-1-ZAT", "FPB-1-ZATSP"]


def test_cycles_end(building: Account) -> None:
    ring = [f"Ring-{number}" for number in range(4)]
    for id_ in ring:
        put(building, id_, "Level")
    for source, target in zip(ring, ring[1:] + ring[:1], strict=True):
        relate(building, source, "isPartOf", target)
    for id_ in ring:
        assert inside(building, id_) == ring


def test_agrees_with_a_walk_through_a_random_tangle(building: Account) -> None:
    choice = random.Random(5)
    rooms = [f"Tangle-{number:02d}" for number in range(24)]
    for id_ in rooms:
        put(building, id_, "Room")
    edges = {(choice.choice(rooms), choice.choice(rooms)) for _ in range(30)}
    for source, target in edges:
        if source != target:
            relate(building, source, "isPartOf", target)
    for location in choice.sample(rooms, 6):
        found = {location}
        while more := {source for source, target in edges if target in found} - found:
            found |= more
        assert inside(building, location, pageSize=3) == sorted(found)


class TestAccess:
    def test_ways_through_hidden_twins_do_not_count(self, estate: Account) -> None:
        caller = estate.member(twin_rule="twin_id != 'FPB-1'")
        assert inside(caller, "BLD-1") == reaching("BLD-1", hidden="FPB-1")
        assert "FPB-1-ZATSP" not in inside(caller, "BLD-1")

    def test_a_hidden_location_holds_nothing(self, estate: Account) -> None:
        caller = estate.member(twin_rule="twin_id != 'BLD-1'")
        assert inside(caller, "BLD-1") == []
