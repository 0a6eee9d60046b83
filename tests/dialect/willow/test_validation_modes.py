"""`--validation`: what does not follow its model is refused, kept and told of, or not looked for.

What the registry could not keep or give out again is refused in every mode (spec/willow.md 9.5).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.dialect.willow.buildings import new_id, try_relating, untimed
from tests.harness import Account, Server, problem, serving, twinhold
from tests.material import component, interface
from tests.process.running import until

Options = Callable[[], list[str]]

ROOM = "dtmi:test:Room;1"
MODELS = [
    interface(
        "Room",
        contents=[
            {"@type": "Property", "name": "name", "schema": "string"},
            {"@type": "Property", "name": "seats", "schema": "integer"},
            component("lamp", "Lamp"),
            {
                "@type": "Relationship",
                "name": "leadsTo",
                "target": "dtmi:test:Room;1",
                "properties": [{"@type": "Property", "name": "note", "schema": "string"}],
            },
        ],
    ),
    interface("Lamp", contents=[{"@type": "Property", "name": "power", "schema": "double"}]),
]
WRONG: dict[str, Any] = {
    "seats": "hush-hush",
    "lamp": "hush-hush",
    "leadsTo": {"$metadata": {}, "a\0/~ü": [{}, 1e300, 2**70]},
    "": {'say "hush"': None},
}
KEPT = WRONG | {"leadsTo": {"a\0/~ü": [{}, 1e300, 2**70]}}
POINTERS = ["/contents/seats", "/contents/lamp", "/contents/leadsTo", "/contents/"]


def put(account: Account, id_: str, **contents: Any) -> requests.Response:
    twin = {"id": id_, "modelId": ROOM, "contents": contents}
    return account.request("PUT", "/twins", json=twin)


def patch(account: Account, id_: str, op: str, path: str, **value: Any) -> requests.Response:
    sent = [{"op": op, "path": path} | value]
    return account.request("PATCH", f"/api/v3/twins/{id_}", json=sent)


def contents_of(account: Account, id_: str) -> Any:
    answer = account.request("GET", f"/api/v3/twins/{id_}")
    assert answer.status_code == 200, answer.text
    return untimed(answer.json()["contents"])


def warning_of(answer: requests.Response) -> str | None:
    """What an answer to something that was kept warns of."""
    assert answer.status_code == 200, answer.text
    header = answer.headers.get("warning")
    assert header is None or (header.startswith('199 twinhold "') and len(header) < 1000)
    assert header is None or (header.isascii() and header.isprintable() and header.count('"') == 2)
    return header and header.split('"')[1]


def furnished(server: Server) -> Account:
    account = server.account()
    answer = account.request("POST", "/models", json=MODELS)
    assert answer.status_code == 201, answer.text
    return account


@pytest.fixture(scope="module", params=["warn", "off"])
def lenient(
    request: pytest.FixtureRequest, options: Options, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    """An account of a server that keeps what does not follow its model."""
    data = tmp_path_factory.mktemp("lenient") / "data"
    with serving(data, *options(), "--validation", request.param) as server:
        yield furnished(server)


@pytest.fixture
def room(lenient: Account) -> str:
    id_ = new_id("room")
    assert warning_of(put(lenient, id_, name="Hall")) is None
    return id_


def test_what_does_not_follow_its_model_is_kept(lenient: Account, room: str) -> None:
    new = new_id("room")
    for id_ in (room, new):
        answer = put(lenient, id_, **WRONG)
        assert answer.status_code == 200, answer.text
        assert untimed(answer.json()["contents"]) == KEPT
        assert contents_of(lenient, id_) == KEPT
    assert patch(lenient, new, "replace", "/seats", value=[1]).status_code == 200
    assert contents_of(lenient, new) == KEPT | {"seats": [1]}
    edge = try_relating(lenient, room, "leadsTo", new, note=1, more={"x": []})
    assert edge.status_code == 200, edge.text
    assert edge.json()["properties"] == {"note": 1, "more": {"x": []}}


def test_what_follows_its_model_is_kept_as_ever(lenient: Account, room: str) -> None:
    lamp = {"power": 1.5, "$metadata": {"$lastUpdateTime": "x"}}
    assert warning_of(put(lenient, room, name=None, lamp=lamp, **{"$metadata": 1})) is None
    assert contents_of(lenient, room) == {"lamp": {"power": 1.5, "$metadata": {}}}
    assert warning_of(try_relating(lenient, room, "leadsTo", make(lenient), note="x")) is None


def make(account: Account) -> str:
    id_ = new_id("room")
    assert put(account, id_).status_code == 200
    return id_


REFUSED: dict[str, tuple[str, str]] = {
    "array": ('{"id":"x","modelId":"%s","contents":[]}', "/contents"),
    "name of an export": ('{"id":"x","modelId":"%s","contents":{"$dtId":1}}', "/contents/$dtId"),
    "large exponent": ('{"id":"x","modelId":"%s","contents":{"a":[1e999]}}', "/contents"),
    "many digits": (
        '{"id":"x","modelId":"%s","contents":{"a":{"b":' + "9" * 400 + "}}}",
        "/contents",
    ),
    "very many digits": (
        '{"id":"x","modelId":"%s","contents":{"a":-' + "9" * 5000 + "}}",
        "/contents",
    ),
    "unknown model": ('{"id":"x","modelId":"%s2"}', "/modelId"),
    "no model": ('{"id":"x","contents":{}}', "/modelId"),
    "id": ('{"id":"a\\u0000","modelId":"%s"}', "/id"),
    "depth": ('{"id":"x","modelId":"%s","contents":' + '{"a":' * 64 + "1" + "}" * 64 + "}", ""),
}


@pytest.mark.parametrize(("text", "pointer"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_kept_is_refused(lenient: Account, text: str, pointer: str) -> None:
    answer = lenient.request("PUT", "/twins", data=text.replace("%s", ROOM))
    assert problem(answer) == (400, {pointer: problem(answer)[1].get(pointer)})
    assert problem(lenient.request("GET", "/api/v3/twins/x"))[0] == 404


def test_no_patch_makes_a_twin_that_cannot_be_kept(lenient: Account, room: str) -> None:
    nested: Any = 1
    for _ in range(40):
        nested = [nested]
    assert patch(lenient, room, "add", "/deep", value=nested).status_code == 200
    deeper = patch(lenient, room, "add", "/deep" + "/0" * 39, value=nested)
    assert problem(deeper)[0] == 400
    assert problem(patch(lenient, room, "add", "/$etag", value=1))[0] == 400
    assert problem(patch(lenient, room, "add", "/contents", value=[]))[0] == 400
    assert problem(patch(lenient, room, "remove", "/modelId"))[0] == 400
    for name in ("long", "longer"):
        last = patch(lenient, room, "add", f"/{name}", value="x" * 40_000)
    assert problem(last)[0] == 400
    assert contents_of(lenient, room) == {"name": "Hall", "deep": nested, "long": "x" * 40_000}


def test_a_relationship_still_needs_a_kind_and_ends_that_fit(lenient: Account, room: str) -> None:
    other = make(lenient)
    assert list(problem(try_relating(lenient, room, "lies", other))[1]) == ["/name"]
    assert list(problem(try_relating(lenient, room, "leadsTo", room))[1]) == ["/targetId"]
    assert problem(try_relating(lenient, room, "leadsTo", "nowhere"))[0] == 404
    refused = try_relating(lenient, room, "leadsTo", other, **{"$etag": 1})
    assert list(problem(refused)[1]) == ["/properties/$etag"]


def test_what_was_kept_can_be_looked_for(lenient: Account, room: str) -> None:
    put(lenient, room, **WRONG)
    for field in ("seats", "lamp.power", "leadsTo.a\0/~ü", "contents."):
        asked = {"propertyFilter": {"field": field, "operator": "=", "value": "hush-hush"}}
        answer = lenient.request("POST", "/api/v3/twins", json=asked)
        assert answer.status_code == 200, answer.text
        assert (room in [twin["id"] for twin in answer.json()["content"]]) == (field == "seats")
    match = {"match": f"twin_id == '{room}' and CONTENTS.seats == 'hush-hush'", "fill": True}
    assert len(lenient.request("GET", "/twins", params=match).json()["twins"]) == 1
    hidden = lenient.member(twin_rule="CONTENTS.lamp.power > 1")
    assert problem(hidden.request("GET", f"/api/v3/twins/{room}"))[0] == 403


def test_whoever_sends_it_is_told_where_and_the_operator_too(
    options: Options, tmp_path: Path
) -> None:
    with serving(tmp_path / "data", *options(), "--validation", "warn") as server:
        account = furnished(server)
        assert warning_of(put(account, "a", **WRONG)) == (
            f"4 values do not follow the model: {', '.join(POINTERS)}"
        )
        many = {f'n"{number}ü\n': "hush-hush" for number in range(20)}
        told = warning_of(put(account, "b", **many))
        assert told is not None
        assert told.startswith("20 values do not follow the model: /contents/n%220%C3%BC%0A, ")
        assert told.endswith(", ...")
        warning_of(put(account, "c" * 128, **{"é" * 5000: 1}))
        patched = patch(account, "a", "remove", "/contents/leadsTo")
        assert str(warning_of(patched)).startswith("3 values do")
        edge = try_relating(account, "a", "leadsTo", "b", note={"hush": "hush-hush"})
        assert warning_of(edge) == "1 value does not follow the model: /properties/note"
        assert warning_of(put(account, "d", name="hush-hush")) is None
        until(lambda: "Upsert" in metrics(server) and "Patch" in metrics(server))
        assert metrics(server) == {"put_twin": 25, "Patch": 3, "Upsert": 1}
        server.stop()
    log = server.log.read_text()
    assert "hush-hush" not in log
    assert 'say \\"hush' not in log
    lines = [json.loads(line) for line in log.splitlines()]
    told_of = [line["deviations"] for line in lines if "deviations" in line]
    assert [each["count"] for each in told_of] == [4, 20, 1, 3, 1]
    assert [each["pointer"] for each in told_of[0]["first"]] == POINTERS
    assert told_of[4]["first"] == [{"code": "value.type", "pointer": "/properties/note"}]
    assert len(told_of[1]["first"]) == 10
    assert max(map(len, log.splitlines())) < 3000


def metrics(server: Server) -> dict[str, int]:
    """How many deviations the metrics count, by the end of the operation's name."""
    text = server.operator.request("GET", "/metrics").text
    found = {}
    for line in text.splitlines():
        if line.startswith("twinhold_model_deviations_total{"):
            name = line.split('"')[1].removesuffix("Twin").removesuffix("Relationship")
            found[name.rpartition("_")[2] if "V2" in name else name] = int(float(line.split()[1]))
    return found


def test_what_was_kept_lives_on_with_a_strict_server(options: Options, tmp_path: Path) -> None:
    """The store is sound and exports; what breaks a model never comes in by an import."""
    data, engine, file = tmp_path / "data", options(), tmp_path / "file.ndjson"
    with serving(data, *engine, "--validation", "off") as server:
        account = furnished(server)
        assert warning_of(put(account, "a", **WRONG)) is None
        assert warning_of(put(account, "b")) is None
        assert warning_of(try_relating(account, "a", "leadsTo", "b", more=1)) is None
        here = ("--url", server.url, "--secret", account.secret)
        assert twinhold("export", str(file), *here).returncode == 0
        copied = twinhold("import", str(file), *here)
        assert copied.returncode != 0
        assert all(place in copied.stderr for place in ("/seats", "/lamp", "/leadsTo", "/more"))
        server.stop()
    assert "deviations" not in server.log.read_text()
    twin = {"$dtId": "a", "$metadata": {"$model": ROOM}, **KEPT}
    assert twin in map(json.loads, file.read_bytes().split(b"\n")[:-1])
    assert twinhold("doctor", "--data", str(data), *engine).stdout == "Nothing is wrong.\n"
    with serving(data, *engine) as server:
        account = replace(account, url=server.url)
        assert contents_of(account, "a") == KEPT
        assert len(problem(patch(account, "a", "add", "/name", value="A"))[1]) == 4
        assert len(problem(put(account, "a", **WRONG))[1]) == 4
        assert warning_of(put(account, "a", name="A")) is None
