"""POST /twins: filters, pages and who sees what (spec/willow.md 4.4 and 9)."""

import re
from datetime import datetime
from typing import Any

import pytest
from tests.dialect.willow.buildings import put, relate
from tests.dialect.willow.conftest import GRAPH_TWINS
from tests.dialect.willow.queries import ask, ids, models, page, pages
from tests.harness import Account, Server, problem
from tests.material import PREFIX

ALL = sorted(GRAPH_TWINS)
SPACES = ["BLD-1", "BLD-1-L01", "BLD-1-L01-100", "BLD-1-L01-Z1", "LAND-1"]


def related(direction: str | None = None, *names: str, **model: Any) -> dict[str, Any]:
    return {
        "relationshipDirection": direction,
        "relationshipNames": list(names) or None,
        "relatedModelFilter": model or None,
    }


class TestPage:
    def test_holds_whole_twins_in_the_order_of_their_ids(self, estate: Account) -> None:
        found = page(estate)
        assert [twin["id"] for twin in found["content"]] == ALL
        assert found["continuationToken"] is None
        assert found["content"][0] == estate.request("GET", f"/api/v3/twins/{ALL[0]}").json()

    @pytest.mark.parametrize("size", [1, 3, 15, 16, 17])
    @pytest.mark.parametrize("filters", [{}, {"modelFilter": models("Asset", "Space")}])
    def test_goes_on_where_the_last_one_ended(
        self, estate: Account, size: int, filters: dict[str, Any]
    ) -> None:
        found = list(pages(estate, pageSize=size, **filters))
        assert all(len(content) == size for content in found[:-1])
        assert found[-1] or not filters
        assert [twin["id"] for content in found for twin in content] == ids(estate, **filters)

    def test_has_100_twins_by_default(self, building: Account) -> None:
        for number in range(101):
            put(building, f"Page-{number:03d}", "ParkingSpot")
        found = page(building, modelFilter=models("ParkingSpot"))
        assert len(found["content"]) == 100
        assert found["continuationToken"]

    @pytest.mark.parametrize("size", [0, -1, 1001, 1.5, "10"])
    def test_refuses_another_size(self, estate: Account, size: Any) -> None:
        assert list(problem(ask(estate, "", pageSize=size))[1]) == ["/pageSize"]

    def test_names_count_in_any_case_and_null_is_absent(self, estate: Account) -> None:
        body = {"ModelFilter": {"MODELIDS": [f"{PREFIX}Level;1"]}, "PageSize": 5}
        found = page(estate, continuationToken=None, include=None, **body)
        assert [twin["id"] for twin in found["content"]] == ["BLD-1-L01"]

    def test_the_documented_request(self, estate: Account) -> None:
        found = page(
            estate,
            modelFilter=models("Level", exact=True),
            relationshipFilter=related("Outgoing", "isPartOf", modelIds=[], exactModelMatch=False),
            locationFilter={"locationId": None},
            dateFilter={"lastUpdatedAfter": "2024-09-23T15:16:03.405Z", "lastUpdatedBefore": None},
            propertyFilter={
                "filters": [{"field": "name", "operator": "contains", "value": "level"}],
                "filterConditionOperator": "and",
            },
            include={"outgoingRelationships": True, "incomingRelationships": True},
            pageSize=101,
            continuationToken=None,
        )
        (twin,) = found["content"]
        assert twin["id"] == "BLD-1-L01"
        assert [edge["targetId"] for edge in twin["outgoingRelationships"]] == ["BLD-1"]
        assert len(twin["incomingRelationships"]) == 3

    def test_the_vendors_example_names_everything_twice_and_the_last_counts(
        self, estate: Account
    ) -> None:
        found = page(
            estate,
            modelFilter=models("Company"),
            propertyFilter={"field": None, "value": {}, "filterConditionOperator": "And"},
            ModelFilter=models("Level"),
            PropertyFilter={"Filters": [{"Field": "name", "Operator": "contains", "Value": "L"}]},
            PageSize=101,
        )
        assert [twin["id"] for twin in found["content"]] == ["BLD-1-L01"]

    def test_all_that_is_wrong_is_named(self, estate: Account) -> None:
        types = {"pageSize": "x", "modelFilter": {"modelIds": 5}, "include": [], "dateFilter": 1}
        places = problem(ask(estate, "", **types))[1]
        assert sorted(places) == ["/dateFilter", "/include", "/modelFilter/modelIds", "/pageSize"]
        test = {"field": "name", "operator": "like", "value": "x"}
        values = {
            "pageSize": 0,
            "relationshipFilter": {"relationshipDirection": "up"},
            "dateFilter": {"lastUpdatedAfter": "x", "lastUpdatedBefore": "y"},
            "propertyFilter": {"filters": [test, test]},
        }
        assert sorted(problem(ask(estate, "", **values))[1]) == [
            "/dateFilter/lastUpdatedAfter",
            "/dateFilter/lastUpdatedBefore",
            "/pageSize",
            "/propertyFilter/filters/0/operator",
            "/propertyFilter/filters/1/operator",
            "/relationshipFilter/relationshipDirection",
        ]

    def test_shows_the_relationships_asked_for_only(self, estate: Account) -> None:
        found = page(estate, include={"incomingRelationships": True}, pageSize=1)
        assert "incomingRelationships" in found["content"][0]
        assert "outgoingRelationships" not in found["content"][0]


class TestToken:
    @pytest.fixture
    def token(self, estate: Account) -> str:
        found: str = page(estate, pageSize=2)["continuationToken"]
        return found

    @pytest.mark.parametrize("damage", ["x", "ключ", "AAAA", "!"])
    def test_damaged_is_refused(self, estate: Account, token: str, damage: str) -> None:
        answer = ask(estate, "", continuationToken=damage + token)
        assert problem(answer)[0] == 400
        assert problem(ask(estate, "", continuationToken=damage))[0] == 400

    def test_every_changed_character_is_refused(self, estate: Account, token: str) -> None:
        for place, character in enumerate(token.rstrip("=")[:-1]):
            changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
            assert ask(estate, "", continuationToken=changed).status_code == 400

    def test_of_other_filters_is_refused(self, estate: Account, token: str) -> None:
        filters = {"modelFilter": models("Asset")}
        assert problem(ask(estate, "", continuationToken=token, **filters))[0] == 400

    def test_of_another_account_is_refused(self, building: Account, token: str) -> None:
        assert problem(ask(building, "", continuationToken=token))[0] == 400

    def test_allows_another_size_and_other_relationships(self, estate: Account, token: str) -> None:
        found = page(
            estate, continuationToken=token, pageSize=3, include={"outgoingRelationships": True}
        )
        assert [twin["id"] for twin in found["content"]] == ALL[2:5]

    def test_stands_behind_an_id_of_any_characters(self, building: Account) -> None:
        made = sorted(f"Odd {odd}" for odd in ('"', "'; --", "\U0001f3e2", "é/%", "\U0010ffff"))
        for id_ in made:
            put(building, id_, "Portfolio")
        filters = {"modelFilter": models("Portfolio"), "pageSize": 1}
        found = [content[0]["id"] for content in pages(building, **filters) if content]
        assert found == made


class TestModel:
    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            (models("Space"), SPACES),
            (models("Space", exact=True), []),
            (models("Level", exact=True), ["BLD-1-L01"]),
            (models("Capability"), ["FPB-1-ZAT", "FPB-1-ZATSP"]),
            (models("Land", "Company"), ["CO-1", "LAND-1"]),
            (models("Space", "Level", "Level"), SPACES),
            (models("Unheard"), []),
            ({"modelIds": ["not a model", ""]}, []),
            (models(), ALL),
            ({}, ALL),
        ],
    )
    def test_of_twins(self, estate: Account, filter_: Any, expected: list[str]) -> None:
        assert ids(estate, modelFilter=filter_) == expected


class TestRelationship:
    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            (related("Outgoing", "isFedBy"), ["AHU-1", "BLD-1-L01-Z1", "FPB-1"]),
            (related("incoming", "isFedBy"), ["AHU-1", "CH-1", "FPB-1"]),
            (
                related("IncomingOrOutgoing", "isFedBy"),
                ["AHU-1", "BLD-1-L01-Z1", "CH-1", "FPB-1"],
            ),
            (related(None, "hasLease", "lessee"), ["CO-1", "LS-1", "TU-1"]),
            (related("Outgoing", modelIds=[f"{PREFIX}Equipment;1"]), None),
            (
                related("Outgoing", "isFedBy", modelIds=[f"{PREFIX}AirHandlingUnit;1"]),
                ["FPB-1"],
            ),
            (
                related("Outgoing", modelIds=[f"{PREFIX}Space;1"], exactModelMatch=True),
                [],
            ),
            (related("Outgoing", "unheardOf"), []),
            (related(), ALL),
            ({}, ALL),
        ],
    )
    def test_of_twins(self, estate: Account, filter_: Any, expected: list[str] | None) -> None:
        found = ids(estate, relationshipFilter=filter_)
        if expected is None:
            expected = ["AHU-1", "AHU-1-SF", "BLD-1-L01-Z1", "FPB-1", "FPB-1-ZAT", "FPB-1-ZATSP"]
        assert found == expected

    def test_refuses_another_direction(self, estate: Account) -> None:
        answer = ask(estate, "", relationshipFilter=related("Up"))
        assert list(problem(answer)[1]) == ["/relationshipFilter/relationshipDirection"]


class TestDate:
    def test_is_strict(self, building: Account) -> None:
        times = [put(building, f"Date-{number}", "Region")["lastUpdateTime"] for number in range(3)]
        between = {"lastUpdatedAfter": times[0], "lastUpdatedBefore": times[2]}
        found = ids(building, modelFilter=models("Region"), dateFilter=between)
        assert found == ["Date-1"]
        later = {"lastUpdatedAfter": times[2]}
        assert ids(building, modelFilter=models("Region"), dateFilter=later) == []

    def test_reads_zones(self, estate: Account) -> None:
        twin = page(estate, pageSize=1)["content"][0]
        updated = datetime.fromisoformat(re.sub(r"\d\+", "+", twin["lastUpdateTime"]))
        shifted = updated.replace(tzinfo=None).isoformat() + "+02:00"
        assert twin["id"] in ids(estate, dateFilter={"lastUpdatedAfter": shifted})
        assert twin["id"] not in ids(estate, dateFilter={"lastUpdatedBefore": shifted})

    @pytest.mark.parametrize("member", ["lastUpdatedAfter", "lastUpdatedBefore"])
    def test_refuses_what_is_no_time(self, estate: Account, member: str) -> None:
        answer = ask(estate, "", dateFilter={member: "yesterday"})
        assert list(problem(answer)[1]) == [f"/dateFilter/{member}"]


class TestAccess:
    def test_hidden_twins_are_left_out(self, estate: Account) -> None:
        caller = estate.member(twin_rule="twin_model != 'dtmi:com:willowinc:Room;1'")
        assert ids(caller) == [id_ for id_ in ALL if id_ != "BLD-1-L01-100"]
        assert len(list(pages(caller, pageSize=1))) >= len(ALL) - 1

    def test_hidden_ends_count_for_nothing(self, estate: Account) -> None:
        caller = estate.member(twin_rule="twin_id != 'AHU-1'")
        fed = {"relationshipFilter": related("Outgoing", "isFedBy")}
        assert ids(caller, **fed) == ["BLD-1-L01-Z1"]
        found = page(caller, include={"outgoingRelationships": True}, **fed)
        assert [len(twin["outgoingRelationships"]) for twin in found["content"]] == [1]

    @pytest.mark.parametrize(
        "asked",
        [
            {"relationshipFilter": related("Outgoing")},
            {"locationFilter": {"locationId": "BLD-1"}},
        ],
    )
    def test_filters_by_relationships_need_the_permission_to_see_them(
        self, estate: Account, asked: dict[str, Any]
    ) -> None:
        caller = estate.member({"effect": "allow", "actions": ["scan_twins"]})
        assert ids(caller) == ALL
        assert problem(ask(caller, "", **asked))[0] == 403
        assert problem(ask(caller, "/count", **asked))[0] == 403
        assert problem(ask(caller, "", include={"incomingRelationships": True}))[0] == 403

    def test_other_accounts_see_nothing(self, estate: Account, server: Server) -> None:
        assert ids(server.account()) == []

    def test_twins_without_a_model_are_no_part_of_it(self, account: Account) -> None:
        account.client().create_twin()
        assert ids(account) == []


def test_relationships_of_a_shared_name_are_those_of_the_account(
    building: Account, estate: Account
) -> None:
    put(building, "CH-1", "Chiller")
    put(building, "AHU-1", "AirHandlingUnit")
    relate(building, "AHU-1", "isFedBy", "CH-1")
    put(building, "AHU-1-unfed", "AirHandlingUnit")
    filters = {"relationshipFilter": related("Outgoing", "isFedBy")}
    found = ids(building, modelFilter=models("Asset"), pageSize=1000, **filters)
    assert "AHU-1" in found
    assert "AHU-1-unfed" not in found
