"""`fill`: a scan that goes on until enough twins match."""

from typing import Any

import pytest
from tests.harness import body, create, error, uuid_of
from trustedtwin.tt_api import TTRESTService

KINDS = ("pump", "valve", "fan")


def found(client: TTRESTService, rule: str, count: int = 1000) -> list[str]:
    """Every twin that a filling scan finds, by following its cursor."""
    uuids: list[str] = []
    cursor = ""
    while True:
        params = {"match": rule, "fill": True, "count": count, "cursor": cursor}
        page = body(client.scan_twins(params=params))
        assert len(page["twins"]) <= count
        uuids += page["twins"]
        cursor = page["cursor"]
        if cursor is None:
            return uuids


@pytest.fixture
def twins(client: TTRESTService) -> list[Any]:
    return [
        create(client, description={"kind": KINDS[n % 3], "number": n, "serial": f"S{n:03}"})
        for n in range(60)
    ]


class TestFill:
    def test_goes_on_until_enough_match(self, client: TTRESTService, twins: list[Any]) -> None:
        params = {"match": "TWIN.number >= 50", "count": 4, "fill": True}
        page = body(client.scan_twins(params=params))
        assert page["twins"] == [uuid_of(twin) for twin in twins[50:54]]
        page = body(client.scan_twins(params=params | {"cursor": page["cursor"], "count": 10}))
        assert page == {"cursor": None, "twins": [uuid_of(twin) for twin in twins[54:]]}

    @pytest.mark.parametrize("count", [1, 3, 20, 1000])
    def test_finds_each_twin_once(
        self, client: TTRESTService, twins: list[Any], count: int
    ) -> None:
        wanted = [uuid_of(twin) for twin in twins if twin["description"]["kind"] == "fan"]
        assert found(client, 'TWIN.kind == "fan"', count) == wanted

    def test_ends_with_null_when_nothing_matches(
        self, client: TTRESTService, twins: list[Any]
    ) -> None:
        page = body(client.scan_twins(params={"match": "TWIN.number > 99", "fill": True}))
        assert page == {"cursor": None, "twins": []}

    def test_answers_whole_twins_with_details(
        self, client: TTRESTService, twins: list[Any]
    ) -> None:
        params = {"match": "TWIN.number == 7", "fill": True, "details": True}
        assert body(client.scan_twins(params=params))["twins"] == [twins[7]]

    @pytest.mark.parametrize("value", ["x", "", "2"])
    def test_refuses_another_truth(self, client: TTRESTService, value: str) -> None:
        assert error(client.scan_twins(params={"fill": value})) == (400, "400592")
