"""The twin operations, line by line of seeds 000-003, through the vendor's own client."""

import re
import time
from typing import Any

import msgspec
import pytest
from tests.harness import Account, Server, body, create, error, uuid_of
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import twins as wire

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class TestCreate:
    def test_answers_exactly_the_members_of_the_seed(
        self, client: TTRESTService, account: Account
    ) -> None:
        before = time.time()
        twin = create(client, description={"name": "pump", "nested": {"qa_passed": True}})
        assert set(twin) == {
            "owner",
            "status",
            "updated_ts",
            "description",
            "creation_certificate",
        }
        assert set(twin["creation_certificate"]) == {"uuid", "creator", "created_ts"}
        assert twin["owner"] == twin["creation_certificate"]["creator"] == account.account
        assert twin["status"] == "alive"
        assert twin["description"] == {"name": "pump", "nested": {"qa_passed": True}}
        assert before - 1 < twin["updated_ts"] < time.time() + 1
        assert twin["updated_ts"] == twin["creation_certificate"]["created_ts"]
        msgspec.convert(twin, wire.Twin)

    def test_answers_201(self, client: TTRESTService) -> None:
        status, _ = client.create_twin(body={"description": {}})
        assert status == 201

    @pytest.mark.parametrize(
        ("sent", "answered"),
        [
            (b'{"description": {"a": 1}}', {"description": {"a": 1}}),
            (b'{"description": {}}', {"description": {}}),
            (b'{"description": null}', {}),
            (b"{}", {}),
            (b"", {}),
        ],
    )
    def test_description_absent_null_and_empty_differ(
        self, account: Account, sent: bytes, answered: dict[str, Any]
    ) -> None:
        answer = account.request("POST", "/twins", data=sent)
        assert answer.status_code == 201
        got = {key: value for key, value in answer.json().items() if key == "description"}
        assert got == answered

    def test_no_body_from_the_client_means_an_empty_object(self, client: TTRESTService) -> None:
        assert "description" not in body(client.create_twin())

    def test_uuid_is_version_4_and_sorts_by_time(self, client: TTRESTService) -> None:
        first = uuid_of(create(client))
        time.sleep(0.002)
        second = uuid_of(create(client))
        form = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
        assert re.fullmatch(form, first)
        assert first < second

    def test_timestamps_have_three_decimals(self, account: Account) -> None:
        text = account.request("POST", "/twins").text
        assert re.search(r'"updated_ts":\d{10}\.\d{3},', text)
        assert re.search(r'"created_ts":\d{10}\.\d{3}}', text)


class TestGet:
    def test_answers_what_was_created(self, client: TTRESTService) -> None:
        twin = create(client, description={"name": "pümp 泵 \U0001f6b0"})
        assert body(client.get_twin(uuid_of(twin))) == twin

    def test_any_case_of_the_uuid_finds_it(self, client: TTRESTService) -> None:
        twin = create(client)
        assert body(client.get_twin(uuid_of(twin).upper())) == twin

    @pytest.mark.parametrize("value", ["true", "True", "TRUE", "1"])
    def test_shows_terminated(self, client: TTRESTService, value: str) -> None:
        uuid = uuid_of(create(client))
        client.terminate_twin(uuid)
        twin = body(client.get_twin(uuid, params={"show_terminated": value}))
        assert twin["status"] == "terminated"

    @pytest.mark.parametrize("value", ["false", "False", "fALSE", "0", False])
    def test_hides_terminated_only(self, client: TTRESTService, value: Any) -> None:
        uuid = uuid_of(create(client))
        params = {"show_terminated": value}
        assert client.get_twin(uuid, params=params)[0] == 200
        client.terminate_twin(uuid)
        assert error(client.get_twin(uuid, params=params)) == (404, "404653")

    @pytest.mark.parametrize("value", ["", "yes", "2", "tru", "null"])
    def test_refuses_another_truth(self, client: TTRESTService, value: str) -> None:
        uuid = uuid_of(create(client))
        answer = client.get_twin(uuid, params={"show_terminated": value})
        assert error(answer) == (400, "400592")

    def test_unknown_is_404(self, client: TTRESTService) -> None:
        assert error(client.get_twin(UNKNOWN)) == (404, "404653")

    @pytest.mark.parametrize("uuid", ["x", "123", UNKNOWN[:-1], UNKNOWN + "0", "{}", "a/b", "é"])
    def test_malformed_uuid_is_400(self, client: TTRESTService, uuid: str) -> None:
        assert error(client.get_twin(uuid)) == (400, "400592")

    def test_foreign_twin_is_403(self, client: TTRESTService, server: Server) -> None:
        uuid = uuid_of(create(client))
        assert error(server.account().client().get_twin(uuid)) == (403, "403535")


class TestUpdate:
    @pytest.mark.parametrize(
        ("sent", "answered"),
        [
            (b'{"description": {"b": 2}}', {"description": {"b": 2}}),
            (b'{"description": {}}', {"description": {}}),
            (b'{"description": null}', {}),
        ],
    )
    def test_replaces_whole(
        self, account: Account, client: TTRESTService, sent: bytes, answered: dict[str, Any]
    ) -> None:
        twin = create(client, description={"a": 1})
        path = f"/twins/{uuid_of(twin)}"
        answer = account.request("PATCH", path, data=sent)
        assert answer.status_code == 200
        updated = answer.json()
        assert updated.pop("updated_ts") >= twin.pop("updated_ts")
        twin.pop("description")
        assert updated == twin | answered
        assert account.request("GET", path).json() == answer.json()

    @pytest.mark.parametrize("sent", [b"", b"{}", b'{"other": 1}'])
    def test_absent_changes_nothing(
        self, account: Account, client: TTRESTService, sent: bytes
    ) -> None:
        twin = create(client, description={"a": 1})
        time.sleep(0.002)
        answer = account.request("PATCH", f"/twins/{uuid_of(twin)}", data=sent)
        assert answer.json() == twin

    def test_by_another_account_is_403(self, client: TTRESTService, server: Server) -> None:
        twin = create(client, description={"a": 1})
        other = server.account().client()
        answer = other.update_twin(uuid_of(twin), body={"description": {"a": 2}})
        assert error(answer) == (403, "403535")
        assert body(client.get_twin(uuid_of(twin))) == twin

    def test_unknown_is_404(self, client: TTRESTService) -> None:
        answer = client.update_twin(UNKNOWN, body={"description": {"a": 2}})
        assert error(answer) == (404, "404653")


class TestTerminate:
    def test_adds_the_certificate_and_nothing_else(
        self, client: TTRESTService, account: Account
    ) -> None:
        twin = create(client, description={"a": 1})
        ended = body(client.terminate_twin(uuid_of(twin)))
        certificate = ended.pop("termination_certificate")
        assert set(certificate) == {"issuer", "terminated_ts"}
        assert certificate["issuer"] == account.account
        assert certificate["terminated_ts"] == ended.pop("updated_ts") >= twin.pop("updated_ts")
        assert ended == twin | {"status": "terminated"}

    def test_a_terminated_twin_never_changes(self, client: TTRESTService) -> None:
        uuid = uuid_of(create(client, description={"a": 1}))
        client.terminate_twin(uuid)
        ended = body(client.get_twin(uuid))
        assert error(client.terminate_twin(uuid)) == (400, "400358")
        assert error(client.update_twin(uuid, body={"description": {"a": 2}})) == (400, "400358")
        assert error(client.update_twin(uuid)) == (400, "400358")
        assert body(client.get_twin(uuid)) == ended

    def test_by_another_account_is_403(self, client: TTRESTService, server: Server) -> None:
        uuid = uuid_of(create(client))
        assert error(server.account().client().terminate_twin(uuid)) == (403, "403535")
        assert body(client.get_twin(uuid))["status"] == "alive"


class TestWhoAmI:
    def test_answers_the_caller(self, client: TTRESTService, account: Account) -> None:
        assert body(client.who_am_i()) == {
            "account": account.account,
            "user": account.user,
            "role": account.role,
        }
