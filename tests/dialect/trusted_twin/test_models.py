"""The model operations, ours: the bodies are Azure's, the errors Trusted Twin's."""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
import requests
from tests.harness import Account, Server
from tests.material import COUNT, PREFIX, component, interface, ontology

from twinhold.api.trusted_twin.wire import models as wire
from twinhold.registry.model_uploads import MOST_MODELS

SPACE = interface("Space", displayName="Space", description={"en": "A part of a site."})
LEVEL = interface("Level", extends="dtmi:test:Space;1", displayName={"en": "Level", "nl": "Laag"})
HOUSE = interface("House", contents=[component("roof", "Roof")])
ROOF = interface("Roof")


def upload(account: Account, *models: object) -> requests.Response:
    """Upload models."""
    return account.request("POST", "/models", json=list(models))


def path_of(name: str) -> str:
    """The path of a model."""
    return f"/models/{quote(f'dtmi:test:{name};1', safe='')}"


def ids(account: Account) -> list[str]:
    """The ids of all models that the account has."""
    return [model["id"] for model in pages(account, "/models?count=1000")]


def pages(account: Account, path: str | None) -> Iterator[Any]:
    """The models of all pages."""
    while path:
        page = account.request("GET", path).json()
        yield from page["value"]
        path = page["nextLink"]


def refused(answer: requests.Response, status: int, subcode: str) -> str:
    """The description of an error in the dialect's form."""
    members = answer.json()
    assert (answer.status_code, members["subcode"]) == (status, subcode), answer.text
    assert set(members) == {"subcode", "trace", "description"}
    return str(members["description"])


class TestUpload:
    def test_refuses_more_models_than_there_can_be(self, account: Account) -> None:
        answer = upload(account, *[{}] * (MOST_MODELS + 1))
        assert refused(answer, 400, "400592").startswith("The array has more than 20000 items.")

    def test_answers_the_models_in_the_order_sent(self, account: Account) -> None:
        answer = upload(account, LEVEL, SPACE)
        assert answer.status_code == 201, answer.text
        level, space = answer.json()
        assert list(level) == ["id", "displayName", "description", "uploadTime", "decommissioned"]
        assert level["id"] == "dtmi:test:Level;1"
        assert level["displayName"] == {"en": "Level", "nl": "Laag"}
        assert level["description"] == {}
        assert level["decommissioned"] is False
        assert space["displayName"] == {"en": "Space"}
        assert space["description"] == {"en": "A part of a site."}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00", space["uploadTime"])
        msgspec.convert(answer.json(), list[wire.Model])

    def test_needs_what_the_account_has_already(self, account: Account) -> None:
        assert upload(account, SPACE).status_code == 201
        assert upload(account, LEVEL).status_code == 201
        assert upload(account, interface("Attic", extends="dtmi:test:Level;1")).status_code == 201

    def test_can_be_repeated(self, account: Account) -> None:
        first = upload(account, SPACE, LEVEL).json()
        time.sleep(0.002)
        again = account.request("POST", "/models", data=json.dumps([LEVEL, SPACE], indent=3))
        assert (again.status_code, again.json()) == (201, first[::-1])

    def test_another_model_of_the_same_id_is_refused(self, account: Account) -> None:
        upload(account, SPACE)
        changed = {**SPACE, "displayName": "Room"}
        text = refused(upload(account, ROOF, changed), 400, "400358")
        assert "dtmi:test:Space;1" in text
        assert "dtmi:test:Roof;1" not in text
        assert ids(account) == ["dtmi:test:Space;1"]

    def test_every_violation_is_told_and_nothing_is_stored(self, account: Account) -> None:
        bad = interface(
            "Bad",
            extends="dtmi:test:Gone;1",
            contents=[{"@type": "Property", "name": "1st", "schema": "double"}],
        )
        text = refused(upload(account, SPACE, bad, {"@id": "dtmi:test:None;1"}), 400, "400592")
        lines = text.split("\n")
        assert lines[0] == "The models have 3 violations; nothing is stored."
        assert "/1/contents/0/name: dtdl.name_invalid: " in text
        assert "dtmi:test:Bad;1 at /1/extends: dtdl.reference_unresolved: " in text
        assert "/2: dtdl.context_invalid: " in text
        assert ids(account) == []

    def test_places_count_models_that_are_there_already(self, account: Account) -> None:
        upload(account, SPACE)
        text = refused(upload(account, SPACE, {"@id": "dtmi:test:None;1"}), 400, "400592")
        assert "/1: dtdl.context_invalid: " in text

    def test_no_more_than_a_hundred_violations_are_told(self, account: Account) -> None:
        bad = [interface(f"B{n}", extends=f"dtmi:test:Gone{n};1") for n in range(150)]
        lines = refused(upload(account, *bad), 400, "400592").split("\n")
        assert len(lines) == 102
        assert lines[0] == "The models have 150 violations; nothing is stored."
        assert lines[-1].startswith("And 50 more.")

    def test_an_interface_inside_another_is_refused(self, account: Account) -> None:
        text = refused(upload(account, interface("A", extends=SPACE)), 400, "400592")
        assert "dtmi:test:Space;1" in text
        assert ids(account) == []

    @pytest.mark.parametrize(
        ("sent", "subcode"),
        [
            (b"", "400415"),
            (b"[", "400415"),
            (b"{}", "400592"),
            (b"[]", "400592"),
            (b"[1]", "400592"),
            (b"[[]]", "400592"),
            (b"null", "400592"),
            (b'[{"@id": 1}]', "400592"),
            (b'[{"@id": "\\u0000"}]', "400592"),
            (b'[{"@id": "dtmi:a;1", "@id": "dtmi:a;1"}]', "400415"),
            (b'[{"a": "\\ud800"}]', "400415"),
            (b'[{"a": NaN}]', "400415"),
            (b'[{"a": "\xff"}]', "400314"),
            (b"[" * 65 + b"]" * 65, "400592"),
            (b"[" * 100_000 + b"]" * 100_000, "400592"),
            (b'[{"a": ' + b"9" * 5000 + b"}]", "400592"),
        ],
    )
    def test_a_bad_body_is_refused(self, account: Account, sent: bytes, subcode: str) -> None:
        refused(account.request("POST", "/models", data=sent), 400, subcode)
        assert ids(account) == []

    def test_over_32_mib_is_refused_before_it_is_sent(self, account: Account) -> None:
        place = urlsplit(account.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        connection.putrequest("POST", "/models")
        connection.putheader("Authorization", account.secret)
        connection.putheader("Content-Length", str(32 * 1024 * 1024 + 1))
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["subcode"]) == (400, "400141")
        connection.close()

    def test_uploads_at_the_same_time_do_not_mix(self, account: Account) -> None:
        """Ten want to store another model of the same id: one wins, whole."""
        outcomes: list[int] = []

        def one(number: int) -> None:
            own = interface(f"Own{number}", extends="dtmi:test:Space;1")
            space = {**SPACE, "comment": str(number)}
            outcomes.append(upload(account, own, space).status_code)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [201, *[400] * 9]
        assert len(ids(account)) == 2


class TestGet:
    def test_answers_the_document_as_it_was_sent(self, account: Account) -> None:
        text = json.dumps(SPACE, indent=2).encode()
        account.request("POST", "/models", data=b"[" + text + b"]")
        plain = account.request("GET", path_of("Space"))
        assert (plain.status_code, "model" in plain.json()) == (200, False)
        whole = account.request("GET", path_of("Space") + "?includeModelDefinition=true")
        assert b'"model":' + text + b"}" in whole.content
        assert whole.json()["model"] == SPACE
        assert {**plain.json(), "model": SPACE} == whole.json()

    @pytest.mark.parametrize("name", ["dtmi:test:Space;2", "DTMI:test:Space;1", "x", "%"])
    def test_unknown_is_404(self, account: Account, name: str) -> None:
        upload(account, SPACE)
        refused(account.request("GET", "/models/" + quote(name, safe="")), 404, "404653")

    def test_what_cannot_be_an_id_is_400(self, account: Account) -> None:
        for path in ("/models/%00", "/models?after=%00", "/models?dependenciesFor=%00"):
            refused(account.request("GET", path), 400, "400592")


class TestList:
    def test_goes_page_by_page_in_the_order_of_ids(self, account: Account) -> None:
        names = [f"M{number}" for number in range(7)] + ["a", "B", "Z"]
        upload(account, *map(interface, names))
        first = account.request("GET", "/models?count=3").json()
        assert len(first["value"]) == 3
        msgspec.convert(first, wire.ModelPage)
        found = [model["id"] for model in pages(account, "/models?count=3")]
        assert found == sorted(f"dtmi:test:{name};1" for name in names)
        assert ids(account) == found

    def test_links_keep_what_was_asked(self, account: Account) -> None:
        upload(account, SPACE, LEVEL, ROOF)
        query = "?includeModelDefinition=true&count=1&dependenciesFor="
        found = list(pages(account, "/models" + query + quote("dtmi:test:Level;1")))
        assert [model["model"] for model in found] == [LEVEL, SPACE]

    def test_dependencies_are_all_of_them(self, account: Account) -> None:
        upload(account, SPACE, LEVEL, interface("Attic", extends="dtmi:test:Level;1"), ROOF, HOUSE)
        query = "?dependenciesFor=dtmi:test:Attic;1&dependenciesFor=dtmi:test:House;1"
        found = account.request("GET", "/models" + query).json()["value"]
        assert len(found) == 5
        refused(account.request("GET", "/models?dependenciesFor=dtmi:test:No;1"), 404, "404653")

    def test_an_account_without_models_has_none(self, account: Account) -> None:
        answer = account.request("GET", "/models")
        assert (answer.status_code, answer.json()) == (200, {"value": [], "nextLink": None})


class TestDelete:
    def test_answers_204_without_a_body(self, account: Account) -> None:
        upload(account, SPACE)
        answer = account.request("DELETE", path_of("Space"))
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-length" not in answer.headers
        refused(account.request("GET", path_of("Space")), 404, "404653")
        refused(account.request("DELETE", path_of("Space")), 404, "404653")

    def test_what_others_depend_on_stays(self, account: Account) -> None:
        upload(account, SPACE, LEVEL, HOUSE, ROOF)
        text = refused(account.request("DELETE", path_of("Space")), 400, "400358")
        assert "dtmi:test:Level;1" in text
        text = refused(account.request("DELETE", path_of("Roof")), 400, "400358")
        assert "dtmi:test:House;1" in text
        for name in ("Level", "Space", "House", "Roof"):
            assert account.request("DELETE", path_of(name)).status_code == 204
        assert ids(account) == []

    def test_then_another_of_the_same_id_is_welcome(self, account: Account) -> None:
        upload(account, SPACE)
        account.request("DELETE", path_of("Space"))
        assert upload(account, {**SPACE, "displayName": "Room"}).json()[0]["displayName"] == {
            "en": "Room"
        }


def test_accounts_see_nothing_of_each_other(server: Server, account: Account) -> None:
    other = server.account()
    upload(account, SPACE, LEVEL)
    assert ids(other) == []
    refused(other.request("GET", path_of("Space")), 404, "404653")
    refused(other.request("DELETE", path_of("Space")), 404, "404653")
    refused(upload(other, LEVEL), 400, "400592")
    assert upload(other, {**SPACE, "displayName": "Other"}, LEVEL).status_code == 201
    assert other.request("DELETE", path_of("Level")).status_code == 204
    assert account.request("GET", path_of("Level")).status_code == 200


def test_permissions_are_actions_of_statements(account: Account) -> None:
    role = {
        "name": "Reader",
        "statement": {"effect": "allow", "actions": ["get_models"]},
    }
    upload(account, SPACE)
    made = account.request("POST", "/roles", json=role).json()
    user = account.request("POST", "/users", json={"role": made["uuid"], "name": "Reader"}).json()
    pin = account.request("POST", f"/users/{user['uuid']}/secrets", json={}).json()["pin"]
    secret = account.request("POST", f"/secrets/{account.account}/{pin}").json()["secret"]
    reader = Account(account.url, account.account, user["uuid"], made["uuid"], secret)
    assert ids(reader) == ["dtmi:test:Space;1"]
    assert reader.request("GET", path_of("Space")).status_code == 200
    refused(upload(reader, ROOF), 403, "403535")
    refused(reader.request("DELETE", path_of("Space")), 403, "403535")
    unknown = {"name": "Other", "statement": {"effect": "allow", "actions": ["get_model"]}}
    refused(account.request("POST", "/roles", json=unknown), 400, "400592")


def test_a_real_ontology_loads_in_one_request(account: Account) -> None:
    """Nobody else waits for it long, and it is there whole."""
    text, pauses, done = ontology().read_bytes(), [0.0], threading.Event()

    def watch(ask: Callable[[], object]) -> None:
        while not done.is_set():
            before = time.perf_counter()
            ask()
            pauses.append(time.perf_counter() - before)

    watcher = threading.Thread(target=watch, args=(lambda: requests.get(account.url + "/health"),))
    watcher.start()
    answer = account.request("POST", "/models", data=text)
    done.set()
    watcher.join()
    assert answer.status_code == 201, answer.text[:1000]
    assert len(answer.json()) == COUNT
    assert max(pauses) < 2
    assert len(ids(account)) == COUNT
    own = interface("Own", extends=f"{PREFIX}HeatRecoveryCoil;1")
    assert upload(account, own).status_code == 201
    again = account.request("POST", "/models", data=text)
    assert (again.status_code, again.content) == (201, answer.content)


def test_a_long_upload_outlives_changes_of_access(server: Server, account: Account) -> None:
    """What was parsed is kept when the upload starts over, however often access changes."""
    text, done = ontology().read_bytes(), threading.Event()
    operator = server.operator

    def change() -> None:
        while not done.is_set():
            made = operator.request("POST", "/roles", json={}).json()["uuid"]
            operator.request("DELETE", f"/roles/{made}")
            done.wait(0.05)

    changing = threading.Thread(target=change)
    changing.start()
    answer = account.request("POST", "/models", data=text)
    done.set()
    changing.join()
    assert answer.status_code == 201, answer.text[:1000]
