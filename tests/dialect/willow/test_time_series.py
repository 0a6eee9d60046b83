"""Time series: what is stored, what is answered, page by page (spec/willow.md 6 and 9)."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    whole,
)
from tests.harness import UNKNOWN, Account, Server, problem

from twinhold.api.willow.wire import time_series as wire
from twinhold.registry.ids import named_twin_uuid


@pytest.fixture
def twin(plant: Account) -> str:
    return sensor(plant)


def test_a_value_is_answered_as_it_was_sent(plant: Account, twin: str) -> None:
    sent = value(twin, "2024-10-01T12:34:56Z", 42, externalId="PNTC", properties={"id": "X-1"})
    post(plant, sent)
    page = listing(plant, twin, "2024-10-01T00:00:00Z", "2024-10-07T00:00:00Z")
    assert page["continuationToken"] is None
    [found] = page["data"]
    assert msgspec.convert(page, wire.Page).data[0].enqueued_timestamp.endswith("Z")
    del found["enqueuedTimestamp"]
    assert found == {
        "connectorId": CONNECTOR,
        "twinId": twin,
        "externalId": "PNTC",
        "sourceTimestamp": "2024-10-01T12:34:56Z",
        "scalarValue": 42,
        "properties": {"id": "X-1"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "-0.10",
        "1e400",
        "123456789012345678901234567890",
        "true",
        '"open"',
        '"\\u0000 \\ud83d\\ude00 é"',
        '{"b": [1, {"a": null}], "a": 1.50}',
        "{}",
    ],
)
def test_what_a_value_holds_is_kept_to_the_letter(plant: Account, twin: str, text: str) -> None:
    head = json.dumps(value(twin, 1))[:-1].replace('"scalarValue": 1', f'"scalarValue": {text}')
    body = f'[{head}, "properties": {{"a": {text}}}}}]'
    answer = plant.request("POST", "/api/v3/time-series", data=body.encode())
    assert answer.status_code == 200, answer.text
    found = try_listing(plant, twin).text
    assert f'"scalarValue":{text},"properties":{{"a": {text}}}}}' in found


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2024-10-01T12:34:56.1234567Z", "2024-10-01T12:34:56.123456Z"),
        ("2024-10-01T12:34:56.10Z", "2024-10-01T12:34:56.1Z"),
        ("2024-10-01T14:30:00+02:00", "2024-10-01T12:30:00Z"),
        ("2024-10-01T12:00:00", "2024-10-01T12:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_instants(plant: Account, twin: str, sent: str, shown: str) -> None:
    post(plant, value(twin, sent))
    assert [each["sourceTimestamp"] for each in latest(plant, twin)] == [shown]


def test_the_last_value_of_a_time_counts(plant: Account, twin: str) -> None:
    post(plant, value(twin, 1, "a"), value(twin, 2, "b"), value(twin, 1, "c"))
    assert scalars(listing(plant, twin)["data"]) == ["c", "b"]
    post(plant, value(twin, 2, "d", connectorId="other", properties={"n": 1}))
    [_, found] = listing(plant, twin)["data"]
    assert (found["scalarValue"], found["connectorId"], found["properties"]) == (
        "d",
        "other",
        {"n": 1},
    )


def test_a_span_has_its_start_and_not_its_end(plant: Account, twin: str) -> None:
    post(plant, *(value(twin, second, second) for second in range(10)))
    assert scalars(listing(plant, twin, 3, 6)["data"]) == [3, 4, 5]
    assert listing(plant, twin, 20, 30)["data"] == []


def test_pages_go_on_where_the_last_one_ended(plant: Account) -> None:
    twins = [sensor(plant) for _ in range(3)]
    for twin in twins:
        post(plant, *(value(twin, second // 2 * 2, f"{twin}-{second}") for second in range(10)))
    expected = [(moment(second), twin) for second in range(0, 10, 2) for twin in sorted(twins)]
    for size in (1, 2, 3, 4, 5, 7, 14, 15, 16):
        found = whole(plant, twins, 0, 100, size)
        assert [(each["sourceTimestamp"], each["twinId"]) for each in found] == expected


def test_a_page_of_large_values_ends_early(plant: Account) -> None:
    """At 8 MiB, whatever was asked for: a server must not hold more for one answer."""
    twins = [sensor(plant) for _ in range(2)]
    for twin, name in zip(twins, "ab", strict=True):
        for start in (0, 700):
            large = (value(twin, second, name * 4_000) for second in range(start, start + 700))
            post(plant, *large, value(twin, 2_000 + start, 1, properties={"p": name * 4_000}))
    first = listing(plant, twins, 0, 10_000, pageSize=10_000)
    assert 2_000 <= len(first["data"]) <= 8 * 1024 * 1024 // 4_000
    token = first["continuationToken"]
    second = listing(plant, twins, 0, 10_000, pageSize=10_000, continuationToken=token)
    assert second["continuationToken"] is None
    found = first["data"] + second["data"]
    times = [moment(second) for second in (*range(1_400), 2_000, 2_700)]
    assert [(each["sourceTimestamp"], each["twinId"]) for each in found] == [
        (time, twin) for time in times for twin in sorted(twins)
    ]


def test_a_token_is_good_for_its_request_only(plant: Account, server: Server) -> None:
    twins = [sensor(plant), sensor(plant)]
    post(plant, *(value(twin, second) for second in range(5) for twin in twins))
    token = listing(plant, twins, pageSize=3)["continuationToken"]
    again = {"continuationToken": token, "pageSize": 5}
    assert len(listing(plant, twins, **again)["data"]) == 5
    other = server.account()
    other.request("POST", "/models", json=MODELS)
    for twin in twins:
        sensor(other, twin)
    for refused in (
        try_listing(plant, twins, 0, 99, **again),
        try_listing(plant, twins, 1, 100, **again),
        try_listing(plant, twins[:1], **again),
        try_listing(plant, twins[0], **again),
        try_listing(other, twins, **again),
        try_listing(plant, twins, continuationToken="AAAA"),
        try_listing(plant, twins, continuationToken="é"),
    ):
        assert problem(refused)[0] == 400
        assert "cursor" in refused.json()["type"]


@pytest.mark.parametrize(
    "query",
    [
        {"start": ""},
        {"end": ""},
        {"start": "yesterday"},
        {"start": moment(100)},
        {"start": moment(101)},
        {"pageSize": 0},
        {"pageSize": 10_001},
        {"includeDataQuality": "perhaps"},
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_a_query_that_makes_no_sense(
    plant: Account, twin: str, several: Any, query: dict[str, Any]
) -> None:
    asked = {"start": moment(0), "end": moment(100)} | query
    assert problem(try_listing(plant, [twin] if several else twin, **asked))[0] == 400


class TestLatest:
    def test_is_one_value_or_none(self, plant: Account, twin: str) -> None:
        assert latest(plant, twin) == []
        post(plant, *(value(twin, second, second) for second in (5, 9, 7)))
        assert scalars(latest(plant, twin)) == [9]
        assert scalars(latest(plant, twin, end=moment(9))) == [7]
        assert scalars(latest(plant, twin, start=moment(9))) == [9]
        assert latest(plant, twin, start=moment(10)) == []

    def test_of_several_is_in_the_order_asked_for(self, plant: Account) -> None:
        twins = [sensor(plant) for _ in range(3)]
        post(plant, *(value(twin, n, n) for n, twin in enumerate(twins)))
        silent = sensor(plant)
        asked = [twins[2], silent, twins[0], "unknown", twins[2], twins[1]]
        assert scalars(latest(plant, asked)) == [2, 0, 1]
        assert latest(plant, []) == []

    def test_of_an_empty_span_is_refused(self, plant: Account, twin: str) -> None:
        path = f"/api/v3/time-series/{twin}/latest"
        span = {"start": moment(1), "end": moment(1)}
        assert problem(plant.request("GET", path, params=span))[0] == 400


class TestUnknownTwins:
    def test_one(self, plant: Account) -> None:
        assert problem(try_listing(plant, "unknown"))[0] == 404
        assert problem(plant.request("GET", "/api/v3/time-series/unknown/latest"))[0] == 404

    def test_some_are_named(self, plant: Account, twin: str) -> None:
        post(plant, value(twin, 1))
        page = listing(plant, ["unknown", twin, UNKNOWN])
        assert len(page["data"]) == 1
        assert page["errorList"] == page["errorData"]
        assert sorted(page["errorList"]["ids"]) == sorted(["unknown", UNKNOWN])
        assert listing(plant, [twin])["errorList"] is None

    def test_all(self, plant: Account) -> None:
        assert problem(try_listing(plant, ["unknown", UNKNOWN]))[0] == 404
        asked = plant.request("POST", "/api/v3/time-series/ids/latest", json=["unknown"])
        assert problem(asked)[0] == 404

    def test_none_asked_for(self, plant: Account) -> None:
        assert listing(plant, [])["data"] == []

    def test_a_thousand_ids_and_no_more(self, plant: Account, twin: str) -> None:
        post(plant, value(twin, 1))
        asked = [twin, *(f"{number:0>128}" for number in range(999))]
        page = listing(plant, asked)
        assert len(page["data"]) == 1
        assert len(page["errorList"]["ids"]) == 999
        assert problem(try_listing(plant, [*asked, "more"]))[0] == 400


def test_a_twin_that_is_no_capability_has_no_values(plant: Account) -> None:
    room = sensor(plant, model="Room")
    assert listing(plant, room)["data"] == []
    assert latest(plant, room) == []


def test_a_twin_is_the_same_by_its_uuid(plant: Account, twin: str) -> None:
    post(plant, value(twin, 1))
    uuid = named_twin_uuid(plant.account, twin)
    assert listing(plant, [uuid, twin])["errorList"] is None
    assert len(listing(plant, [uuid, twin])["data"]) == 1
    assert latest(plant, uuid) == latest(plant, twin) == latest(plant, [uuid, twin])


def test_flags_of_quality_are_shown_when_asked_for(plant: Account, twin: str) -> None:
    post(plant, value(twin, 1))
    none = dict.fromkeys(("offline", "valueOutOfRange", "sparse", "flatline", "delayed"), False)
    asked = {"includeDataQuality": "true"}
    for found in (
        listing(plant, twin, **asked)["data"],
        listing(plant, [twin], **asked)["data"],
        latest(plant, twin, **asked),
        latest(plant, [twin], **asked),
    ):
        assert [each["dataQuality"] for each in found] == [none]
    assert "dataQuality" not in listing(plant, twin)["data"][0]


def test_a_deleted_twin_takes_its_values_along(plant: Account, twin: str) -> None:
    post(plant, value(twin, 1))
    assert plant.request("DELETE", f"/api/v3/twins/{twin}").status_code == 204
    sensor(plant, twin)
    assert listing(plant, twin)["data"] == []


def test_writers_of_the_same_times_do_not_hold_each_other_up(plant: Account) -> None:
    twins = [sensor(plant) for _ in range(3)]
    batches = [
        [value(twin, second, number) for twin in order for second in range(50)]
        for number, order in enumerate([twins, twins[::-1]] * 4)
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda batch: try_posting(plant, *batch), batches))
    assert {answer.status_code for answer in answers} == {200}
    found = whole(plant, twins, 0, 100, 1000)
    assert len(found) == 150
    assert len(set(scalars(found))) == 1


SECONDS = st.integers(0, 12)
VALUES = st.lists(st.tuples(st.integers(0, 2), SECONDS, st.integers()), max_size=30)
LISTINGS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 2), min_size=1, max_size=4), SECONDS, st.integers(1, 13), SECONDS
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(VALUES, max_size=3), listings=LISTINGS)
def test_as_a_dictionary_would_do(
    plant: Account, batches: list[list[tuple[int, int, int]]], listings: list[Any]
) -> None:
    twins = sorted(sensor(plant, new_id("P")) for _ in range(3))
    kept: dict[tuple[int, int], int] = {}
    for batch in batches:
        post(plant, *(value(twins[which], second, scalar) for which, second, scalar in batch))
        kept |= {(second, which): scalar for which, second, scalar in batch}
    for asked, start, length, size in listings:
        ids = [twins[which] for which in asked]
        expected = [
            (moment(second), twins[which], kept[second, which])
            for second, which in sorted(kept)
            if which in asked and start <= second < start + length
        ]
        found = whole(plant, ids, start, start + length, size + 1)
        assert [_seen(each) for each in found] == expected
        for id_ in set(ids):
            own = [each for each in expected if each[1] == id_]
            found = whole(plant, id_, start, start + length, size + 1)
            assert [_seen(each) for each in found] == own
            last = latest(plant, id_, start=moment(start), end=moment(start + length))
            assert [_seen(each) for each in last] == own[-1:]


def _seen(found: dict[str, Any]) -> tuple[str, str, Any]:
    return found["sourceTimestamp"], found["twinId"], found["scalarValue"]
