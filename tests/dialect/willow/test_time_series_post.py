"""Batches of values: whole or not at all, and for which twins (spec/willow.md 6 and 9)."""

import itertools
import json
from typing import Any

import pytest
from tests.dialect.willow.buildings import new_id
from tests.dialect.willow.series import (
    CONNECTOR,
    MODELS,
    latest,
    listing,
    moment,
    post,
    scalars,
    sensor,
    try_listing,
    try_posting,
    value,
)
from tests.harness import EVERYTHING, Account, Server, problem, uuid_of

GONE = object()
_numbers = itertools.count(1)


@pytest.fixture
def twin(plant: Account) -> str:
    return sensor(plant)


def refused(account: Account, *values: Any) -> list[str]:
    """The places of what is wrong with a batch, none of which is stored."""
    status, places = problem(try_posting(account, *values))
    assert status == 400
    return sorted(places)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"sourceTimestamp": GONE}, "sourceTimestamp"),
        ({"sourceTimestamp": None}, "sourceTimestamp"),
        ({"sourceTimestamp": "now"}, "sourceTimestamp"),
        ({"sourceTimestamp": 1}, "sourceTimestamp"),
        ({"sourceTimestamp": "1969-12-31T23:59:59Z"}, "sourceTimestamp"),
        ({"sourceTimestamp": "10000-01-01T00:00:00Z"}, "sourceTimestamp"),
        ({"sourceTimestamp": "9999-12-31T23:59:59-01:00"}, "sourceTimestamp"),
        ({"scalarValue": GONE}, "scalarValue"),
        ({"scalarValue": None}, "scalarValue"),
        ({"scalarValue": [1]}, "scalarValue"),
        ({"scalarValue": "x" * 4095}, "scalarValue"),
        ({"connectorId": GONE}, "connectorId"),
        ({"connectorId": ""}, "connectorId"),
        ({"connectorId": 5}, "connectorId"),
        ({"connectorId": "a\0b"}, "connectorId"),
        ({"connectorId": "x" * 513}, "connectorId"),
        ({"externalId": "a\0b"}, "externalId"),
        ({"dtId": GONE}, "dtId"),
        ({"dtId": 5}, "dtId"),
        ({"dtId": ""}, "dtId"),
        ({"dtId": "unknown"}, "dtId"),
        ({"dtId": GONE, "twinId": "unknown"}, "twinId"),
        ({"DTID": "unknown", "dtId": GONE}, "DTID"),
        ({"twinId": "another"}, "twinId"),
        ({"dtId": GONE, "externalId": "unknown"}, "externalId"),
        ({"properties": 1}, "properties"),
        ({"properties": {"a": "x" * 4096}}, "properties"),
        ({"SCALARvalue": 2}, "SCALARvalue"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    plant: Account, twin: str, members: dict[str, Any], place: str
) -> None:
    wrong = value(twin, 2) | members
    wrong = {name: member for name, member in wrong.items() if member is not GONE}
    found = refused(plant, value(twin, 1), wrong)
    assert found == [f"/1/{place}"]
    assert listing(plant, twin)["data"] == []


def test_every_item_that_is_wrong_is_named(plant: Account, twin: str) -> None:
    room = sensor(plant, model="Room")
    places = refused(plant, 1, {}, value(twin, "x", None), value(twin, 1), [])
    needed = ["/1/connectorId", "/1/dtId", "/1/scalarValue", "/1/sourceTimestamp"]
    assert places == ["/0", *needed, "/2/scalarValue", "/2/sourceTimestamp", "/4"]
    unusable = (value(room, 1), value("unknown", 1), value(twin, 1), value(room, 2))
    assert refused(plant, *unusable) == ["/0/dtId", "/1/dtId", "/3/dtId"]
    assert listing(plant, twin)["data"] == []


@pytest.mark.parametrize("body", ["{}", "", "5", "[", '[{"a": 1, "a": 2}]', '["\\ud800"]'])
def test_a_body_that_is_no_array(plant: Account, body: str) -> None:
    assert problem(plant.request("POST", "/api/v3/time-series", data=body))[0] == 400


def test_ten_thousand_values_and_no_more(plant: Account, twin: str) -> None:
    batch = [value(twin, second, second) for second in range(10_001)]
    assert problem(try_posting(plant, *batch))[0] == 400
    assert latest(plant, twin) == []
    post(plant, *batch[:-1])
    found = listing(plant, twin, 0, 10_000, pageSize=10_000)
    assert scalars(found["data"]) == list(range(10_000))
    assert found["continuationToken"] is None
    post(plant)


def test_a_large_body_is_refused_before_it_is_read(plant: Account) -> None:
    answer = plant.request("POST", "/api/v3/time-series", data=b"[" + b" " * 2**23 + b"]")
    assert problem(answer)[0] == 400
    assert answer.json()["type"].endswith("document.too_large")


def test_names_of_members_count_in_any_case(plant: Account, twin: str) -> None:
    sent = {name.upper(): member for name, member in value(twin, 1, properties=None).items()}
    post(plant, sent | {"unknown": 1, "EXTERNALid": None})
    assert scalars(listing(plant, twin)["data"]) == [1]


class TestExternalIds:
    @pytest.fixture
    def name(self) -> str:
        return f"P-é {next(_numbers)}"

    def test_names_a_twin(self, plant: Account, name: str) -> None:
        twin = sensor(plant, model="TemperatureSensor", externalID=name)
        sensor(plant, externalID="other")
        post(plant, value(None, 1, externalId=name))
        [found] = listing(plant, twin)["data"]
        assert (found["twinId"], found["externalId"]) == (twin, name)

    def test_follows_the_twin(self, plant: Account, name: str) -> None:
        twin = sensor(plant, externalID="before")
        path = f"/api/v3/twins/{twin}"
        change = [{"op": "replace", "path": "/externalID", "value": name}]
        assert plant.request("PATCH", path, json=change).status_code == 200
        post(plant, value(None, 1, externalId=name))
        assert refused(plant, value(None, 1, externalId="before")) == ["/0/externalId"]
        sensor(plant, twin, model="Room", externalID=name)
        assert refused(plant, value(None, 1, externalId=name)) == ["/0/externalId"]

    def test_of_a_connector(self, plant: Account, name: str) -> None:
        one = sensor(plant, externalID=name, connectorID=CONNECTOR)
        other = sensor(plant, externalID=name, connectorID="other")
        post(plant, value(None, 1, externalId=name))
        assert len(listing(plant, one)["data"]) == 1
        assert listing(plant, other)["data"] == []
        unknown = value(None, 1, externalId=name, connectorId="third")
        assert refused(plant, unknown) == ["/0/externalId"]
        any_connector = sensor(plant, externalID=name)
        post(plant, unknown)
        assert len(listing(plant, any_connector)["data"]) == 1

    def test_of_two_twins_is_refused(self, plant: Account, name: str) -> None:
        for _ in range(2):
            sensor(plant, externalID=name)
        assert refused(plant, value(None, 1, externalId=name)) == ["/0/externalId"]

    def test_gives_way_to_the_id(self, plant: Account, name: str) -> None:
        twin, other = sensor(plant), sensor(plant, externalID=name)
        post(plant, value(twin, 1, externalId=name))
        assert listing(plant, other)["data"] == []
        assert listing(plant, twin)["data"][0]["externalId"] == name

    @pytest.mark.parametrize("name", ["", "x" * 600, "a\0b"])
    def test_that_cannot_be_one_is_a_property_like_others(self, plant: Account, name: str) -> None:
        twin = sensor(plant, externalID=name)
        post(plant, value(twin, 1))
        assert refused(plant, value(None, 1, externalId=name)) == ["/0/externalId"]


class TestAccess:
    def test_a_terminated_twin_takes_no_values(self, plant: Account) -> None:
        bare = uuid_of(plant.request("POST", "/twins", json={}).json())
        twin = sensor(plant, bare)
        post(plant, value(twin, 1))
        assert plant.request("DELETE", f"/twins/{bare}").status_code == 200
        assert refused(plant, value(twin, 2)) == ["/0/dtId"]
        assert len(listing(plant, twin)["data"]) == 1

    def test_a_twin_without_a_model_takes_none(self, plant: Account) -> None:
        bare = uuid_of(plant.request("POST", "/twins", json={}).json())
        assert refused(plant, value(bare, 1)) == ["/0/dtId"]

    def test_a_hidden_twin_is_forbidden(self, plant: Account) -> None:
        hidden, shown = sensor(plant, new_id("H")), sensor(plant, new_id("V"))
        post(plant, value(hidden, 1), value(shown, 1))
        guest = plant.member(EVERYTHING, twin_rule=f"twin_id == '{shown}'")
        assert problem(try_posting(guest, value(shown, 2), value(hidden, 2)))[0] == 403
        assert problem(try_listing(guest, hidden))[0] == 403
        page = listing(guest, [hidden, shown])
        assert [each["twinId"] for each in page["data"]] == [shown]
        assert page["errorList"]["ids"] == [hidden]
        assert len(latest(guest, [hidden, shown])) == 1
        assert problem(try_listing(guest, [hidden]))[0] == 404
        post(guest, value(shown, 3))
        assert len(listing(plant, shown)["data"]) == 2

    def test_a_foreign_twin_is_read_at_most(self, plant: Account, server: Server) -> None:
        bare = uuid_of(plant.request("POST", "/twins", json={}).json())
        twin = sensor(plant, bare, externalID="theirs")
        post(plant, value(twin, 1))
        other = server.account()
        assert problem(try_listing(other, twin))[0] == 403
        assert refused(other, value(None, 1, externalId="theirs")) == ["/0/externalId"]
        guest = other.member(EVERYTHING, twin_rule="true")
        assert len(listing(guest, twin)["data"]) == 1
        assert len(listing(guest, [twin])["data"]) == 1
        assert problem(try_posting(guest, value(twin, 2)))[0] == 403
        assert refused(guest, value(None, 1, externalId="theirs")) == ["/0/externalId"]
        assert len(listing(plant, twin)["data"]) == 1

    def test_values_go_along_with_their_twin(self, plant: Account, server: Server) -> None:
        bare = uuid_of(plant.request("POST", "/twins", json={}).json())
        post(plant, value(sensor(plant, bare, externalID="E"), 1))
        other = server.account()
        assert other.request("POST", "/models", json=MODELS).status_code == 201
        offer = plant.request("POST", f"/twins/{bare}/transfers", json={"recipient": other.account})
        accepted = other.request("POST", f"/transfers/{offer.json()['transfer']}")
        assert accepted.status_code == 200
        assert len(listing(other, bare)["data"]) == 1
        post(other, value(None, 2, externalId="E"))
        assert len(listing(other, bare)["data"]) == 2
        assert refused(plant, value(None, 3, externalId="E")) == ["/0/externalId"]

    @pytest.mark.parametrize("may", ["put_time_series", "get_time_series"])
    def test_reading_and_writing_are_two_permissions(
        self, plant: Account, twin: str, may: str
    ) -> None:
        member = plant.member({"effect": "allow", "actions": [may]})
        assert (try_posting(member, value(twin, 1)).status_code == 200) == (
            may == "put_time_series"
        )
        asked = {"start": moment(0), "end": moment(1)}
        for answer in (
            try_listing(member, twin),
            try_listing(member, [twin]),
            member.request("GET", f"/api/v3/time-series/{twin}/latest", params=asked),
        ):
            assert answer.status_code == (200 if may == "get_time_series" else 403)


def test_a_key_that_occurs_twice_is_refused_in_a_large_batch(plant: Account, twin: str) -> None:
    batch = json.dumps([value(twin, second) for second in range(500)])
    twice = batch.replace('"scalarValue": 1', '"scalarValue": 1, "scalarValue": 2', 1)
    answer = plant.request("POST", "/api/v3/time-series", data=twice)
    assert problem(answer)[0] == 400
    assert "twice" in answer.json()["detail"]
    deep = '{"a":' * 62 + "1" + "}" * 62
    deeper = f'{{"a":{deep}}}'
    for text, status in ((deep, 200), (deeper, 400)):
        body = batch.replace('"scalarValue": 1', f'"scalarValue": {text}')
        answer = plant.request("POST", "/api/v3/time-series", data=body)
        assert answer.status_code == status, answer.text[:300]
