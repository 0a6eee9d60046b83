"""The account operations, through the vendor's own client."""

import time
from typing import Any

import pytest
from tests.harness import Account, Server, answered, body, error, refusal
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import accounts as wire
from twinhold.api.trusted_twin.wire import whoami as whoami_wire


def test_answers_the_callers_account(account: Account, server: Server) -> None:
    for caller in (account, account.member(), account.token()):
        found = answered(caller.client().get_account(), wire.Account)
        assert found.uuid == account.account
        assert time.time() - 60 < found.created_ts == found.updated_ts < time.time() + 1
    assert answered(server.account().client().get_account(), wire.Account).uuid != account.account


def test_update_sets_and_removes_an_empty_log(account: Account, client: TTRESTService) -> None:
    before = body(client.get_account())
    assert "resource_access_log" not in before
    answer = client.update_account(body={"resource_access_log": {}})
    assert answer[0] == 200
    assert answered(answer, wire.Account).resource_access_log == {}
    assert body(client.get_account()) == body(answer)
    after = body(client.update_account(body={"resource_access_log": None}))
    assert after.pop("updated_ts") >= before.pop("updated_ts")
    assert after == before


@pytest.mark.parametrize("sent", [b"", b"{}", b'{"other": 1}'])
def test_update_without_the_log_changes_nothing(account: Account, sent: bytes) -> None:
    before = account.request("GET", "/account").json()
    answer = account.request("PATCH", "/account", data=sent)
    assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize(
    ("sent", "subcode", "says"),
    [
        (b'{"resource_access_log": []}', "400592", "/resource_access_log"),
        (b'{"resource_access_log": "true"}', "400592", "/resource_access_log"),
        (b'{"resource_access_log": {"true": {"table": {}}}}', "400592", "/resource_access_log"),
        (b'{"resource_access_log": {"a": 1, "a": 2}}', "400415", "twice"),
        (b"[]", "400592", "object"),
        (b"{", "400415", "JSON"),
        (b"\xff", "400314", "UTF-8"),
        (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", "400592", "64 levels"),
        (b'{"a": "' + b"x" * 65536 + b'"}', "400141", "65536"),
    ],
)
def test_update_refuses_a_bad_body_and_stores_nothing(
    account: Account, sent: bytes, subcode: str, says: str
) -> None:
    before = account.request("GET", "/account").json()
    answer = account.request("PATCH", "/account", data=sent)
    assert refusal(answer) == (400, subcode)
    assert says in answer.json()["description"]
    assert account.request("GET", "/account").json() == before


class TestWhoAmI:
    def test_answers_the_caller_behind_every_credential(self, account: Account) -> None:
        ada = account.member()
        for caller in (ada, ada.token(), ada.using(f"Bearer {ada.secret}")):
            found = answered(caller.client().who_am_i(), whoami_wire.WhoAmI)
            assert found == whoami_wire.WhoAmI(account.account, ada.user, ada.role)

    @pytest.mark.parametrize(
        "credential",
        ["", "x", "A" * 64, "Bearer", "Bearer ", "é", "A" * 20_000, "Basic YTpi", "a.b", "..."],
    )
    def test_refuses_another_credential(self, account: Account, credential: str) -> None:
        headers: Any = {"Authorization": credential.encode("latin-1")}
        answer = account.request("GET", "/whoami", headers=headers)
        assert refusal(answer) == (401, "401000")


@pytest.mark.parametrize("header", ["%%%", "bm90IGpzb24=", "W10=", "/w==", "e30", "bnVsbA==", "é"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/whoami"), ("GET", "/account"), ("POST", "/roles")]
)
def test_a_header_that_is_no_dictionary_is_400(
    account: Account, header: str, method: str, path: str
) -> None:
    sent: Any = {"X-TrustedTwin": header.encode("latin-1")}
    before = body(account.client().get_user_roles())
    assert refusal(account.request(method, path, headers=sent)) == (400, "400592")
    assert body(account.client().get_user_roles()) == before


def test_only_the_operator_makes_accounts(account: Account, server: Server) -> None:
    answer = account.request("POST", "/accounts", json={"name": "Mine"})
    assert refusal(answer) == (403, "403535")
    role = account.new_role({"effect": "allow", "actions": ["create_account", "rotate_keys"]})
    ada = account.new_user(role)
    for path in ("/accounts", "/keys/rotate"):
        assert refusal(ada.request("POST", path, json={"name": "Mine"})) == (403, "403535")
    assert error(ada.client().get_account()) == (403, "403535")
