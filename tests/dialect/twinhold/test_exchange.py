"""`POST /imports` and `GET /exports`: lines of exchange files through a running server."""

import json
from typing import Any

import pytest
import requests
from tests.harness import NOTHING, Account, own_refusal
from tests.material import component, interface

from twinhold.api.twinhold.exchange import LARGEST_BODY, MOST_LINES

PUMP = "dtmi:test:Pump;1"
MODELS = [
    interface(
        "Pump",
        contents=[
            {"@type": "Property", "name": "flow", "schema": "integer"},
            {"@type": "Property", "name": "note", "schema": "string"},
            component("motor", "Motor"),
            {
                "@type": "Relationship",
                "name": "feeds",
                "properties": [{"@type": "Property", "name": "width", "schema": "double"}],
            },
            {"@type": "Relationship", "name": "drivenBy", "maxMultiplicity": 1},
        ],
    ),
    interface("Motor", contents=[{"@type": "Property", "name": "power", "schema": "double"}]),
]


def twin(id_: str, **contents: Any) -> dict[str, Any]:
    """The line of a twin."""
    return {"$dtId": id_, "$metadata": {"$model": PUMP}, **contents}


def edge(source: str, target: str, name: str = "feeds", **more: Any) -> dict[str, Any]:
    """The line of a relationship."""
    ends = {"$sourceId": source, "$targetId": target, "$relationshipName": name}
    return {"$relationshipId": f"{source}-{target}", **ends, **more}


def post(account: Account, section: str, *lines: Any) -> requests.Response:
    """Import lines."""
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return account.request("POST", f"/imports?section={section}", data=text.encode())


def imported(account: Account, section: str, *lines: Any) -> list[tuple[int, str, str]]:
    """Import lines; answer what is wrong with some of them."""
    answer = post(account, section, *lines)
    assert answer.status_code == 200, answer.text
    members = answer.json()
    problems = [(one["line"], one["pointer"], one["message"]) for one in members["problems"]]
    bad = {line for line, _, _ in problems}
    assert members["stored"] == len(lines) - len(bad) or section == "models"
    return problems


def exported(account: Account, section: str) -> tuple[list[Any], int]:
    """The lines of a section, and how many records are left out."""
    lines: list[Any] = []
    left_out, cursor = 0, None
    while True:
        query = {"section": section} | ({} if cursor is None else {"cursor": cursor})
        answer = account.request("GET", "/exports", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines += [json.loads(line) for line in answer.content.split(b"\n")[:-1]]
        left_out += int(answer.headers["x-twinhold-left-out"])
        cursor = answer.headers.get("x-twinhold-cursor")
        if cursor is None:
            return lines, left_out


def contents(account: Account, id_: str) -> Any:
    """What a twin holds."""
    answer = account.request("GET", f"/api/v3/twins/{id_}")
    return answer.json()["contents"] if answer.status_code == 200 else None


@pytest.fixture
def plant(account: Account) -> Account:
    """An account with the models."""
    assert imported(account, "models", *MODELS) == []
    return account


def allowed(account: Account, *actions: str, rule: str | None = None) -> Account:
    """A user of the account who may only do this."""
    return account.member({"effect": "allow", "actions": list(actions)}, twin_rule=rule)


class TestRoundTrip:
    def test_what_was_imported_is_exported(self, plant: Account) -> None:
        pumps = [twin("a", flow=1), twin("b", motor={"$metadata": {}, "power": 1.5}), twin("ü/ 1")]
        edges = [edge("a", "b", width=0.5), edge("b", "ü/ 1")]
        assert imported(plant, "twins", *reversed(pumps)) == []
        assert imported(plant, "relationships", *reversed(edges)) == []
        found = exported(plant, "twins")[0]
        assert found[1]["motor"] == {"power": 1.5, "$metadata": {}}
        assert found == pumps
        assert exported(plant, "relationships") == (edges, 0)
        assert exported(plant, "models")[0] == list(reversed(MODELS))

    def test_pages_leave_nothing_out_and_repeat_nothing(self, plant: Account) -> None:
        pumps = [twin(f"{number:05}") for number in range(2001)]
        edges = [edge("00000", f"{number:05}") for number in range(1, 2001)]
        assert imported(plant, "twins", *pumps) == []
        assert imported(plant, "relationships", *edges) == []
        assert exported(plant, "twins") == (pumps, 0)
        assert exported(plant, "relationships") == (edges, 0)

    def test_a_repeated_import_changes_nothing_but_times(self, plant: Account) -> None:
        for _ in range(2):
            assert imported(plant, "models", *MODELS) == []
            assert imported(plant, "twins", twin("a", flow=1), twin("b")) == []
            assert imported(plant, "relationships", edge("a", "b")) == []
        assert exported(plant, "twins") == ([twin("a", flow=1), twin("b")], 0)
        assert exported(plant, "relationships") == ([edge("a", "b")], 0)


class TestTwins:
    def test_bad_lines_are_reported_and_the_others_stored(self, plant: Account) -> None:
        problems = imported(
            plant,
            "twins",
            twin("a", flow="x", motor={"power": "y"}),
            twin("b", flow=2),
            '{"a": 1, "a": 2}',
            "[]",
            twin("c") | {"$metadata": {"$model": "dtmi:test:Gone;1"}},
            {"$dtId": 5},
            "{}",
            twin("d", note="x" * 262_144),
            b"\xff".decode("latin-1") + "{",
        )
        assert [(line, pointer) for line, pointer, _ in problems] == [
            (1, "/flow"), (1, "/motor/power"), (3, ""), (4, ""), (5, "/$metadata/$model"),
            (6, "/$dtId"), (6, "/$metadata/$model"), (7, ""), (8, ""), (9, ""),
        ]  # fmt: skip
        assert all(message.endswith(".") for _, _, message in problems)
        assert exported(plant, "twins") == ([twin("b", flow=2)], 0)

    def test_of_lines_with_the_same_id_the_last_good_one_counts(self, plant: Account) -> None:
        lines = [twin("a", flow=number) for number in (1, 2, 3)]
        assert len(imported(plant, "twins", *lines, twin("a", flow="x"))) == 1
        assert contents(plant, "a") == {"flow": 3}
        assert imported(plant, "twins", twin("a", note="n")) == []
        assert contents(plant, "a") == {"note": "n"}

    def test_a_uuid_means_the_twin_of_that_uuid(self, plant: Account) -> None:
        uuid = plant.request("POST", "/twins").json()["creation_certificate"]["uuid"]
        assert imported(plant, "twins", twin(uuid.upper(), flow=1)) == []
        assert contents(plant, uuid) == {"flow": 1}
        assert exported(plant, "twins") == ([twin(uuid, flow=1)], 0)

    def test_values_find_an_imported_twin_by_its_external_id(self, account: Account) -> None:
        """New and replaced twins alike: an import keeps up what a PUT keeps up."""
        model = "dtmi:com:willowinc:Capability;1"
        name = {"@type": "Property", "name": "externalID", "schema": "string"}
        assert imported(account, "models", interface("x", contents=[name]) | {"@id": model}) == []
        sensor = {"$dtId": "s", "$metadata": {"$model": model}}
        value = {"sourceTimestamp": "2024-10-01T12:00:00Z", "scalarValue": 1, "connectorId": "C"}
        for external in ("one", "two"):
            assert imported(account, "twins", sensor | {"externalID": external}) == []
            for known in ("one", "two"):
                answer = account.request(
                    "POST", "/api/v3/time-series", json=[value | {"externalId": known}]
                )
                assert (answer.status_code == 200) is (known == external), answer.text

    def test_a_terminated_twin_stays_and_is_left_out(self, plant: Account) -> None:
        plant.request("POST", "/twins")
        assert imported(plant, "twins", twin("a", flow=1), twin("b")) == []
        assert imported(plant, "relationships", edge("b", "a")) == []
        uuids = plant.request("GET", "/twins?match=twin_id=='a'").json()["twins"]
        assert plant.request("DELETE", f"/twins/{uuids[0]}").status_code == 200
        [(line, _, message)] = imported(plant, "twins", twin("b", flow=2), twin("a", flow=2))
        assert (line, "terminated" in message) == (2, True)
        assert exported(plant, "twins") == ([twin("b", flow=2)], 2)
        assert exported(plant, "relationships") == ([], 1)


class TestRelationships:
    def test_bad_lines_are_reported_and_the_others_stored(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a"), twin("b")) == []
        problems = imported(
            plant,
            "relationships",
            edge("a", "b", width="wide"),
            edge("a", "gone"),
            edge("a", "a"),
            edge("a", "b", "knows"),
            edge("a", "b"),
            {"$relationshipId": "x" * 1025},
        )
        assert [(line, pointer) for line, pointer, _ in problems] == [
            (1, "/width"), (2, ""), (3, "/$targetId"), (4, "/$relationshipName"),
            (6, "/$sourceId"), (6, "/$targetId"), (6, "/$relationshipName"),
            (6, "/$relationshipId"),
        ]  # fmt: skip
        assert exported(plant, "relationships") == ([edge("a", "b")], 0)

    def test_the_source_may_be_named_as_azure_samples_do(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a"), twin("b")) == []
        line = edge("a", "b")
        line["$dtId"] = line.pop("$sourceId")
        assert imported(plant, "relationships", line) == []
        assert exported(plant, "relationships") == ([edge("a", "b")], 0)

    def test_an_id_is_derived_where_there_is_none(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a"), twin("b")) == []
        line = edge("a", "b")
        del line["$relationshipId"]
        assert imported(plant, "relationships", line, line) == []
        [found] = exported(plant, "relationships")[0]
        assert found["$relationshipId"] == "a_feeds_b"

    def test_a_source_has_no_more_than_its_model_allows(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a"), twin("b"), twin("c")) == []
        lines = [edge("a", "b", "drivenBy"), edge("a", "c", "drivenBy"), edge("a", "c")]
        [(line, pointer, _)] = imported(plant, "relationships", *lines)
        assert (line, pointer) == (2, "/$relationshipName")
        assert exported(plant, "relationships") == ([lines[0], lines[2]], 0)


class TestModels:
    def test_a_bad_model_keeps_the_others_out(self, account: Account) -> None:
        bad = interface("Bad", contents=[{"@type": "Property", "name": "1", "schema": "x"}])
        problems = imported(account, "models", *MODELS, bad, {"@id": 5})
        assert {line for line, _, _ in problems} >= {3}
        assert any(pointer.startswith("/contents/0") for line, pointer, _ in problems if line == 3)
        assert exported(account, "models") == ([], 0)

    def test_models_that_are_there_stay_as_they_are(self, plant: Account) -> None:
        other = interface("Pump", displayName="Other")
        assert imported(plant, "models", other, interface("Fan", extends="dtmi:test:Pump;1")) == []
        assert plant.request("GET", f"/models/{PUMP}").json()["displayName"] == {}


class TestAccess:
    def test_each_section_needs_its_own_permission(self, plant: Account) -> None:
        imports = ("upload_models", "create_twin", "put_relationship")
        exports = ("get_models", "scan_twins", "get_relationships")
        sections = ("models", "twins", "relationships")
        lines = (MODELS[1], twin("a"), edge("a", "b"))
        for own, (writes, reads) in enumerate(zip(imports, exports, strict=True)):
            user = allowed(plant, writes, reads)
            for number, section in enumerate(sections):
                expected = 200 if number == own else 403
                assert post(user, section, lines[number]).status_code == expected
                answer = user.request("GET", f"/exports?section={section}")
                assert answer.status_code == expected

    def test_who_may_only_create_replaces_nothing(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a", flow=1)) == []
        creator = allowed(plant, "create_twin")
        [(line, _, message)] = imported(creator, "twins", twin("a", flow=2), twin("b"))
        assert (line, "update_twin" in message) == (1, True)
        updater = allowed(plant, "update_twin")
        [(line, _, message)] = imported(updater, "twins", twin("c"), twin("b", flow=3))
        assert (line, "create_twin" in message) == (1, True)
        assert exported(plant, "twins")[0] == [twin("a", flow=1), twin("b", flow=3)]

    def test_what_a_rule_hides_is_neither_replaced_nor_exported(self, plant: Account) -> None:
        plant.request("POST", "/twins")
        assert imported(plant, "twins", twin("a", flow=1), twin("b", flow=5)) == []
        assert imported(plant, "relationships", edge("a", "b")) == []
        rule = "CONTENTS.flow > 4"
        actions = ("update_twin", "put_relationship", "scan_twins", "get_relationships")
        user = allowed(plant, *actions, rule=rule)
        assert exported(user, "twins") == ([twin("b", flow=5)], 0)
        assert exported(user, "relationships") == ([], 0)
        [(line, _, message)] = imported(user, "twins", twin("a", flow=9), twin("b", flow=6))
        assert (line, "not accessible" in message) == (1, True)
        assert len(imported(user, "relationships", edge("b", "a"))) == 1
        assert exported(plant, "twins")[0] == [twin("a", flow=1), twin("b", flow=6)]

    def test_accounts_share_ids_and_nothing_else(self, plant: Account, server: Any) -> None:
        other = server.account()
        assert imported(other, "models", *MODELS) == []
        assert imported(plant, "twins", twin("a", flow=1)) == []
        assert imported(other, "twins", twin("a", flow=2)) == []
        assert contents(plant, "a") == {"flow": 1}
        assert exported(other, "twins") == ([twin("a", flow=2)], 0)


class TestIds:
    """What keeps twins from being imported is told before anything is stored."""

    def told(self, account: Account, section: str, *ids: Any) -> list[tuple[int, str]]:
        body = "\n".join(map(json.dumps, ids)).encode()
        answer = account.request("POST", f"/imports?section={section}&ids=true", data=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["stored"] == 0
        return [(found["line"], found["message"]) for found in answer.json()["problems"]]

    def test_of_what_may_be_put_is_nothing_told(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a", flow=1)) == []
        assert self.told(plant, "twins", "a", "new", "é\u2028") == []
        assert self.told(plant, "relationships", "a", "new") == []
        assert self.told(plant, "twins") == []
        assert exported(plant, "twins")[0] == [twin("a", flow=1)]

    def test_of_permissions_and_rules(self, plant: Account) -> None:
        assert imported(plant, "twins", twin("a", flow=1), twin("b", flow=5)) == []
        creator, updater = allowed(plant, "create_twin"), allowed(plant, "update_twin")
        assert [line for line, _ in self.told(creator, "twins", "new", "a")] == [2]
        assert [line for line, _ in self.told(updater, "twins", "new", "a")] == [1]
        user = allowed(plant, "update_twin", "put_relationship", rule="CONTENTS.flow > 4")
        for section in ("twins", "relationships"):
            [(line, message)] = self.told(user, section, "a", "b")
            assert (line, "not accessible" in message) == (1, True)
        status = plant.member(NOTHING).request("POST", "/imports?section=twins&ids=true")
        assert status.status_code == 403

    @pytest.mark.parametrize("body", ['{"a": 1}', "1", '""', '"\\u0000"', '"a', '"a"\n\n"b"'])
    def test_of_no_ids(self, plant: Account, body: str) -> None:
        path = "/imports?section=twins&ids=true"
        assert plant.request("POST", path, data=body.encode()).status_code == 400

    def test_of_models(self, plant: Account) -> None:
        path = "/imports?section=models&ids=true"
        assert own_refusal(plant.request("POST", path, data=b'"a"')) == (400, "value.invalid")


class TestRefusals:
    @pytest.mark.parametrize("section", ["", "?section=", "?section=Twins", "?section=header"])
    def test_an_unknown_section(self, account: Account, section: str) -> None:
        for method, path in (("POST", "/imports"), ("GET", "/exports")):
            answer = account.request(method, path + section)
            assert own_refusal(answer) == (400, "value.invalid")

    def test_too_many_lines(self, account: Account) -> None:
        body = "\n" * (MOST_LINES["twins"] + 1)
        answer = account.request("POST", "/imports?section=twins", data=body)
        assert own_refusal(answer) == (400, "value.invalid")

    def test_a_body_that_is_too_large(self, account: Account) -> None:
        headers = {"Content-Length": str(LARGEST_BODY + 1)}
        answer = account.request("POST", "/imports?section=twins", data=b"", headers=headers)
        assert own_refusal(answer) == (413, "document.too_large")

    def test_an_empty_cursor_is_none(self, account: Account) -> None:
        answer = account.request("GET", "/exports?section=twins&cursor=")
        assert (answer.status_code, answer.content) == (200, b"")

    @pytest.mark.parametrize("cursor", ["x", "é", "WyJhIiwgImIiXQ==", "WzFd", "WyJcdTAwMDAiXQ=="])
    @pytest.mark.parametrize("section", ["twins", "models"])
    def test_a_cursor_that_is_none(self, account: Account, section: str, cursor: str) -> None:
        answer = account.request("GET", "/exports", params={"section": section, "cursor": cursor})
        assert own_refusal(answer) == (400, "cursor.invalid")
