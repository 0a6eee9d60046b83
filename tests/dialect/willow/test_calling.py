"""What holds for every operation of the dialect (spec/willow.md 1)."""

from typing import Any

import pytest
from tests.dialect.willow.buildings import new_id, put, twin
from tests.harness import Account, problem

OTHER_MEDIA = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "json",
    "*/*",
)
JSON_MEDIA = (
    "application/json",
    "Application/JSON; charset=utf-8",
    "text/json",
    "application/json-patch+json",
    "application/vnd.acme.v1+json",
    "",
)
BODIES: tuple[tuple[str, str, Any], ...] = (
    ("PUT", "/twins", twin("media", "Level")),
    ("PUT", "/api/v3/twins", twin("media", "Level")),
    ("PATCH", "/api/v3/twins/media", []),
    ("POST", "/api/v3/twins", {"pageSize": 1}),
    ("POST", "/api/v3/twins/ids", []),
)


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
def test_a_body_is_json_or_refused(building: Account, method: str, path: str, body: Any) -> None:
    put(building, "media", "Level")
    for media in JSON_MEDIA:
        headers = {"Content-Type": media}
        assert building.request(method, path, json=body, headers=headers).status_code == 200
    for media in OTHER_MEDIA:
        headers = {"Content-Type": media}
        assert problem(building.request(method, path, json=body, headers=headers))[0] == 415


def test_the_base_address_may_end_with_a_slash(building: Account) -> None:
    sent = twin(new_id(), "Level")
    assert building.request("PUT", "/api/v3//twins", json=sent).status_code == 200
    assert building.request("GET", f"/api/v3//twins/{sent['id']}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v3/twins//", "/api/v3///twins", "/api//v3/twins", "//api/v3/twins", "//twins"]
)
def test_more_slashes_are_another_path(building: Account, path: str) -> None:
    assert building.request("PUT", path, json=twin(new_id(), "Level")).status_code == 404


def test_parameters_count_in_any_case(building: Account) -> None:
    id_ = new_id()
    put(building, id_, "Level")
    shown = building.request("GET", f"/api/v3/twins/{id_}?IncludeRelationships=True").json()
    assert shown["outgoingRelationships"] == []
    series = f"/api/v3/time-series/{id_}?START=2024-01-01T00:00:00Z&End=2024-01-02T00:00:00Z"
    assert building.request("GET", f"{series}&PageSize=5").json()["data"] == []
    status, places = problem(building.request("GET", f"{series}&PAGESIZE=x"))
    assert (status, places) == (400, {})


def test_a_thousand_long_ids_are_taken(building: Account) -> None:
    ids = [f"{number:04d}" + "\U0001f3e2" * 100 for number in range(1000)]
    answer = building.request("POST", "/api/v3/twins/ids", data=str(ids).replace("'", '"').encode())
    assert (answer.status_code, answer.json()) == (200, [])
