"""PUT /twins: seed 004, and spec/willow.md 8.2 and 9."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from tests.dialect.willow.buildings import new_id, put, twin, untimed
from tests.harness import UNKNOWN, Account, Server, problem, refusal
from tests.material import PREFIX, level_twin

PATHS = ("/twins", "/api/v3/twins")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}")

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "text for a number": ({"levelNumber": "0"}, "/contents/levelNumber"),
    "fraction": ({"levelNumber": 1.5}, "/contents/levelNumber"),
    "too large": ({"levelNumber": 2147483648}, "/contents/levelNumber"),
    "truth for a number": ({"levelNumber": True}, "/contents/levelNumber"),
    "unknown": ({"nope": 1}, "/contents/nope"),
    "other case": ({"levelnumber": 1}, "/contents/levelnumber"),
    "unit": ({"elevationUnit": "metres"}, "/contents/elevationUnit"),
    "in a component": ({"area": {"grossArea": "x"}}, "/contents/area/grossArea"),
    "unknown in a component": ({"area": {"foo": 1}}, "/contents/area/foo"),
    "component that is none": ({"area": 1}, "/contents/area"),
    "in a map": ({"externalIds": {"a": 1}}, "/contents/externalIds/a"),
    "in a map of truths": ({"customTags": {"a": "x"}}, "/contents/customTags/a"),
    "object for an array": ({"mappedIds": {}}, "/contents/mappedIds"),
    "unknown in an array": ({"mappedIds": [{"x": "y"}]}, "/contents/mappedIds/0/x"),
    "unknown in an object": (
        {"alternateClassification": {"brick": {}}},
        "/contents/alternateClassification/brick",
    ),
    "relationship": ({"isPartOf": "B-1"}, "/contents/isPartOf"),
}

RIGHT: dict[str, dict[str, Any]] = {
    "unit": {"elevationUnit": "metre"},
    "empty component": {"area": {}},
    "metadata": {"area": {"$metadata": {"$lastUpdateTime": "x", "more": 1}}},
    "nothing": {},
}


@pytest.mark.parametrize("path", PATHS)
def test_the_example_of_the_documentation_comes_back_equal(building: Account, path: str) -> None:
    sent = {
        "id": new_id("TW-DD-II-L01"),
        "modelId": f"{PREFIX}Level;1",
        "lastUpdateTime": "2024-08-30T03:49:30.4062816+00:00",
        "contents": level_twin(),
    }
    answer = building.request("PUT", path, json=sent)
    assert answer.status_code == 200, answer.text
    assert untimed(answer.json()) == untimed(sent)
    assert building.request("GET", f"/api/v3/twins/{sent['id']}").json() == answer.json()


def test_the_servers_clock_decides_the_times(building: Account) -> None:
    id_, old = new_id(), "2001-01-01T00:00:00.0000000"
    area = {"$metadata": {"$lastUpdateTime": f"{old}Z"}, "grossArea": 4.5}
    before = time.time()
    sent = twin(id_, "Level", area=area) | {"lastUpdateTime": f"{old}+00:00"}
    made = building.request("PUT", "/twins", json=sent).json()
    written = made["lastUpdateTime"].removesuffix("+00:00")
    assert INSTANT.fullmatch(written)
    assert made["contents"]["area"] == {
        "grossArea": 4.5,
        "$metadata": {"$lastUpdateTime": f"{written}Z"},
    }
    assert time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before)) <= written
    again = building.request("PUT", "/twins", json=sent).json()
    assert again["lastUpdateTime"] > made["lastUpdateTime"]


@pytest.mark.parametrize(("contents", "pointer"), WRONG.values(), ids=WRONG)
def test_what_the_model_does_not_have_is_refused(
    building: Account, contents: dict[str, Any], pointer: str
) -> None:
    new, old = new_id(), new_id()
    kept = put(building, old, "Level", name="kept")
    for id_ in (new, old):
        answer = building.request("PUT", "/twins", json=twin(id_, "Level", **contents))
        status, places = problem(answer)
        assert (status, list(places)) == (400, [pointer])
    assert problem(building.request("GET", f"/api/v3/twins/{new}"))[0] == 404
    assert building.request("GET", f"/api/v3/twins/{old}").json() == kept


@pytest.mark.parametrize("contents", RIGHT.values(), ids=RIGHT)
def test_what_the_model_has_is_accepted(building: Account, contents: dict[str, Any]) -> None:
    put(building, new_id(), "Level", **contents)


def test_every_violation_is_named(building: Account) -> None:
    contents = {key: value for case in list(WRONG.values())[4:] for key, value in case[0].items()}
    answer = building.request("PUT", "/twins", json=twin(new_id(), "Level", **contents))
    _, places = problem(answer)
    assert len(places) == len(contents)
    assert all(place.startswith("/contents/") for place in places)


def test_a_replacement_is_whole(building: Account) -> None:
    id_ = new_id()
    put(building, id_, "Level", name="one", levelNumber=1)
    made = put(building, id_, "Room", code="R")
    assert (made["modelId"], made["contents"]) == (f"{PREFIX}Room;1", {"code": "R"})


def test_null_is_not_set(building: Account) -> None:
    made = put(building, new_id(), "Level", name=None, code="x", area={"grossArea": None})
    assert untimed(made["contents"]) == {"code": "x", "area": {"$metadata": {}}}


def test_names_of_members_count_in_any_case(building: Account) -> None:
    id_ = new_id()
    sent = {"ID": id_, "MODELID": f"{PREFIX}Level;1", "Contents": {"name": "x"}, "more": 1}
    made = building.request("PUT", "/twins", json=sent)
    assert made.status_code == 200
    assert list(made.json()) == ["id", "modelId", "lastUpdateTime", "contents"]


def test_what_a_client_sends_as_metadata_is_kept_nowhere(building: Account) -> None:
    mark = {"$metadata": {"$lastUpdateTime": "2024-08-30T03:49:30.4062816Z"}}
    made = put(
        building,
        new_id(),
        "Level",
        externalIds={"a": "$metadata", **mark},
        customProperties={"b": mark, **mark},
        mappedIds=[{"value": "x", **mark}],
        alternateClassification={"brickSchema": {"version": "1", **mark}, **mark},
        area={"grossArea": 1, **mark},
        **mark,
    )
    assert untimed(made["contents"]) == {
        "externalIds": {"a": "$metadata"},
        "customProperties": {"b": {}},
        "mappedIds": [{"value": "x"}],
        "alternateClassification": {"brickSchema": {"version": "1"}},
        "area": {"grossArea": 1, "$metadata": {}},
    }
    assert made["contents"]["area"]["$metadata"] != mark["$metadata"]


BODIES = {
    "nothing": ({}, {"/id", "/modelId"}),
    "null": ({"id": None, "modelId": None}, {"/id", "/modelId"}),
    "numbers": ({"id": 1, "modelId": 2, "contents": 3}, {"/id", "/modelId", "/contents"}),
    "empty": ({"id": "", "modelId": ""}, {"/id", "/modelId"}),
    "twice in different case": ({"id": "x", "ID": "y", "modelId": "m"}, {"/ID"}),
    "long id": ({"id": "x" * 129, "modelId": "m"}, {"/id"}),
    "control character": ({"id": "a\nb", "modelId": "m"}, {"/id"}),
    "array": ({"id": "x", "modelId": f"{PREFIX}Level;1", "contents": []}, {"/contents"}),
    "unknown model": ({"id": "x", "modelId": "dtmi:com:willowinc:Nope;1"}, {"/modelId"}),
    "model with a NUL": ({"id": "x", "modelId": "dtmi:a\0;1"}, {"/modelId"}),
    "no DTMI": ({"id": "x", "modelId": "Level"}, {"/modelId"}),
}


@pytest.mark.parametrize(("sent", "places"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_twin_is_refused(
    building: Account, sent: dict[str, Any], places: set[str]
) -> None:
    status, found = problem(building.request("PUT", "/twins", json=sent))
    assert (status, set(found)) == (400, places)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": "a", "id": "b"}', b"\xff"])
def test_a_body_that_is_no_object_is_refused(building: Account, body: bytes) -> None:
    assert problem(building.request("PUT", "/twins", data=body))[0] == 400


@pytest.mark.parametrize("stem", ["a/b c", "ü%2F?#", '"quoted"\\', "😀", "x" * 120])
def test_an_id_is_free_text(building: Account, stem: str) -> None:
    id_ = new_id(stem)
    put(building, id_, "Level", name=stem)
    found = building.request("GET", f"/api/v3/twins/{quote(id_, safe='')}").json()
    assert (found["id"], found["contents"]) == (id_, {"name": stem})


def test_ids_count_with_their_case(building: Account) -> None:
    id_ = new_id("case")
    put(building, id_, "Level")
    assert problem(building.request("GET", f"/api/v3/twins/{id_.upper()}"))[0] == 404


def test_an_id_is_an_accounts_own(building: Account, server: Server) -> None:
    id_, other = new_id(), server.account()
    put(building, id_, "Level")
    assert problem(other.request("GET", f"/api/v3/twins/{id_}"))[0] == 404


def test_one_needs_the_permission_for_what_happens(building: Account) -> None:
    id_ = new_id()
    creator = building.member({"effect": "allow", "actions": ["create_twin"]})
    updater = building.member({"effect": "allow", "actions": ["update_twin"]})
    body = twin(id_, "Level")
    assert problem(updater.request("PUT", "/twins", json=body))[0] == 403
    assert creator.request("PUT", "/twins", json=body).status_code == 200
    made = building.request("GET", f"/api/v3/twins/{id_}").json()
    again = twin(id_, "Level", name="again")
    assert problem(creator.request("PUT", "/twins", json=again))[0] == 403
    assert building.request("GET", f"/api/v3/twins/{id_}").json() == made
    assert updater.request("PUT", "/twins", json=body).status_code == 200


def test_a_rule_governs_these_twins_too(building: Account) -> None:
    shown, hidden = new_id("shown"), new_id("hidden")
    for id_ in (shown, hidden):
        put(building, id_, "Level", name=id_)
    rule = f"twin_model == '{PREFIX}Level;1' and CONTENTS.name == twin_id and twin_id == '{shown}'"
    member = building.member(twin_rule=rule)
    assert member.request("GET", f"/api/v3/twins/{shown}").status_code == 200
    assert problem(member.request("GET", f"/api/v3/twins/{hidden}"))[0] == 403
    assert problem(member.request("PUT", "/twins", json=twin(hidden, "Level")))[0] == 403
    found = member.request("POST", "/api/v3/twins/ids", json=[hidden, shown]).json()
    assert [one["id"] for one in found] == [shown]


@pytest.mark.parametrize(
    "rule", ["CONTENTS.name == 'mine'", "TWIN.status == 'open'", "twin_updated_ts >= now"]
)
def test_what_a_rule_forbids_to_replace_stays_as_it_was(building: Account, rule: str) -> None:
    made = put(building, new_id(), "Level", name="ours")
    member = building.member(twin_rule=rule)
    answer = member.request("PUT", "/twins", json=twin(made["id"], "Level", name="mine"))
    assert problem(answer)[0] == 403
    assert building.request("GET", f"/api/v3/twins/{made['id']}").json() == made


def test_a_rule_lets_replace_what_it_holds_for(building: Account) -> None:
    id_ = put(building, new_id(), "Level", name="ours")["id"]
    for rule in ("CONTENTS.name == 'ours'", "TWIN.status != 'retired'", "twin_updated_ts < now"):
        member = building.member(twin_rule=rule)
        answer = member.request("PUT", "/twins", json=twin(id_, "Level", name="ours", code=rule))
        assert answer.status_code == 200
        assert building.request("GET", f"/api/v3/twins/{id_}").json() == answer.json()


def test_conditions_are_honoured(building: Account) -> None:
    id_ = new_id()
    body, path = twin(id_, "Level"), f"/api/v3/twins/{id_}"

    def attempt(method: str, **headers: str) -> int:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = body if method == "PUT" else [{"op": "add", "path": "/name", "value": "x"}]
        where = "/twins" if method == "PUT" else path
        answer = building.request(method, where, headers=names, json=sent)
        if answer.status_code >= 400:
            problem(answer)
        return answer.status_code

    assert attempt("PUT", If_Match="*") == 412
    assert attempt("PUT", If_None_Match="*") == 200
    assert attempt("PUT", If_None_Match="*") == 412
    first = building.request("GET", path).headers["etag"]
    assert re.fullmatch(r'W/"\d+"', first)
    assert attempt("PUT", If_Match=first) == 200
    assert attempt("PUT", If_Match=first) == 412
    assert attempt("PATCH", If_Match=first) == 412
    assert attempt("DELETE", If_Match='"nothing"') == 412
    now = building.request("GET", path).headers["etag"]
    assert attempt("PATCH", If_Match=f'"other", {now}') == 200
    assert attempt("DELETE", If_Match="*") == 204


def test_many_puts_of_one_new_id_make_one_twin(building: Account) -> None:
    id_ = new_id("race")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: put(building, id_, "Level", levelNumber=n), range(16)))
    assert {answer["id"] for answer in answers} == {id_}
    match = {"match": f'twin_id == "{id_}"', "fill": True}
    assert len(building.request("GET", "/twins", params=match).json()["twins"]) == 1


def test_reading_by_ids_keeps_their_order_and_leaves_out_what_is_not_there(
    building: Account,
) -> None:
    first, second = new_id(), new_id()
    for id_ in (first, second):
        put(building, id_, "Level")

    def read(*ids: Any) -> Any:
        return building.request("POST", "/api/v3/twins/ids", json=ids)

    found = read(second, "nowhere", first, second, UNKNOWN).json()
    assert [one["id"] for one in found] == [second, first]
    assert read().json() == []
    assert problem(read(first, 1)) == (400, {"/1": ["An id must be a text, not a number."]})
    assert read(*(f"n{n}" for n in range(1000))).json() == []
    assert problem(read(*(f"n{n}" for n in range(1001))))[0] == 400


def test_errors_take_the_form_of_the_dialect_that_owns_the_path(building: Account) -> None:
    assert problem(building.request("GET", "/api/v3/nowhere"))[0] == 404
    answer = building.request("POST", "/api/v3/models")
    assert problem(answer)[0] == 405
    assert answer.headers["allow"] == "GET"
    answer = building.using("x").request("GET", "/api/v3/models")
    assert problem(answer)[0] == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refusal(building.request("GET", "/nowhere")) == (404, "404653")
    assert problem(building.request("PUT", "/twins", data=b"x" * 65537))[0] == 400
