"""The user operations, through the vendor's own client."""

import time
from typing import Any

import pytest
from tests.harness import (
    NOTHING,
    UNKNOWN,
    Account,
    Server,
    answered,
    body,
    create,
    error,
    reason,
    refusal,
    uuid_of,
)
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import users as wire

BAD_NAMES = ["", "a", "a" * 33, " ab", "ab ", "_ab", "ab_", "-ab", "äb", "a.b", "a\tb", "ab\n"]
GOOD_NAMES = ["ab", "A0", "a" * 32, "Jo-Ann van_der 9", "0 0", "a_-_b"]
BAD_UUIDS = ["x", UNKNOWN[:-1], UNKNOWN + "0", "{}", "a/b", "é", UNKNOWN.replace("-", "")]

BAD_BODIES = [
    (b'{"name": 1}', "400592", "/name"),
    (b'{"name": null}', "400592", "/name"),
    (b'{"role": null}', "400592", "/role"),
    (b'{"role": 7}', "400592", "/role"),
    (b'{"role": "administrator"}', "400592", "/role"),
    (b'{"description": "text"}', "400592", "/description"),
    (b'{"description": {"Upper": 1}}', "400592", "/description/Upper"),
    (b'{"description": {"a": NaN}}', "400415", ""),
    (b'{"description": {"a": 1, "a": 2}}', "400415", "twice"),
    (b'{"activity": []}', "400592", "/activity"),
    (b'{"activity": true}', "400592", "/activity"),
    (b"[]", "400592", "object"),
    (b"{", "400415", "JSON"),
    (b'{"name": "\xff"}', "400314", "UTF-8"),
    (b'{"description": {"a": ' + b"[" * 70 + b"]" * 70 + b"}}", "400592", "64 levels"),
    (b'{"description": {"a": "' + b"x" * 65536 + b'"}}', "400141", "65536"),
]


def users(account: Account) -> dict[str, wire.UserSummary]:
    return answered(account.client().get_users(), wire.UserList).users


class TestCreate:
    def test_answers_the_whole_user(self, account: Account, client: TTRESTService) -> None:
        role, before = account.new_role(), time.time()
        sent = {"role": role, "name": "Ada", "description": {"team": "blue"}, "activity": {}}
        answer = client.create_user(body=sent)
        assert answer[0] == 201
        user = answered(answer, wire.User)
        assert (user.account, user.role, user.name) == (account.account, role, "Ada")
        assert (user.description, user.activity) == ({"team": "blue"}, {})
        assert before - 1 < user.created_ts == user.updated_ts < time.time() + 1
        assert answered(client.get_user(user.uuid), wire.User) == user

    def test_defaults(self, account: Account, client: TTRESTService) -> None:
        members = body(client.create_user(body={"role": account.role}))
        assert "description" not in members
        user = answered(client.get_user(members["uuid"]), wire.User)
        assert (user.name, user.activity) == ("User Name", None)

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [(None, {}), ({}, {"description": {}}), ({"a": 1}, {"description": {"a": 1}})],
    )
    def test_description_null_and_empty_differ(
        self, account: Account, client: TTRESTService, sent: Any, kept: dict[str, Any]
    ) -> None:
        user = body(client.create_user(body={"role": account.role, "description": sent}))
        assert {key: user[key] for key in user if key == "description"} == kept

    def test_has_no_secret_yet(self, account: Account, client: TTRESTService) -> None:
        user = body(client.create_user(body={"role": account.role}))["uuid"]
        assert error(client.get_user_secret(user)) == (404, "404653")

    @pytest.mark.parametrize("name", GOOD_NAMES)
    def test_takes_a_name(self, account: Account, client: TTRESTService, name: str) -> None:
        assert body(client.create_user(body={"role": account.role, "name": name}))["name"] == name

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_refuses_another_name(self, account: Account, client: TTRESTService, name: str) -> None:
        answer = client.create_user(body={"role": account.role, "name": name})
        assert error(answer) == (400, "400592")
        assert "/name" in reason(answer)
        assert set(users(account)) == {account.user}

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_refuses_a_bad_body_and_stores_nothing(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        if b'"role"' not in sent:
            sent = sent.replace(b"{", b'{"role": "%s", ' % account.role.encode(), 1)
        answer = account.request("POST", "/users", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert set(users(account)) == {account.user}

    def test_needs_a_role(self, account: Account) -> None:
        answer = account.request("POST", "/users", json={"name": "Ada"})
        assert refusal(answer) == (400, "400592")
        assert "role" in answer.json()["description"]

    def test_unknown_or_foreign_role_is_404(self, account: Account, server: Server) -> None:
        for role in (UNKNOWN, server.account().role):
            answer = account.client().create_user(body={"role": role})
            assert error(answer) == (404, "404653")
        assert set(users(account)) == {account.user}


class TestGet:
    def test_any_case_of_the_uuid_finds_him(self, account: Account, client: TTRESTService) -> None:
        assert body(client.get_user(account.user.upper()))["uuid"] == account.user

    def test_list_has_the_own_account_and_nobody_else(
        self, account: Account, server: Server
    ) -> None:
        other, ada = server.account(), account.member()
        assert set(users(account)) == {account.user, ada.user}
        assert set(users(other)) == {other.user}
        assert users(account)[ada.user].role == ada.role

    def test_a_hidden_twin_rule_hides_no_users(self, account: Account) -> None:
        blind = account.member(twin_rule="false")
        assert set(users(blind)) == {account.user, blind.user}


@pytest.mark.parametrize("operation", ["get_user", "update_user", "delete_user"])
class TestAddress:
    def test_unknown_is_404(self, client: TTRESTService, operation: str) -> None:
        answer = getattr(client, operation)(UNKNOWN, body={"name": "Ada"})
        assert error(answer) == (404, "404653")

    def test_foreign_is_404_and_untouched(
        self, client: TTRESTService, server: Server, operation: str
    ) -> None:
        other = server.account()
        ada = other.member()
        before = users(other)
        answer = getattr(client, operation)(ada.user, body={"name": "Mine"})
        assert error(answer) == (404, "404653")
        assert users(other) == before

    @pytest.mark.parametrize("uuid", BAD_UUIDS)
    def test_malformed_is_400(self, client: TTRESTService, operation: str, uuid: str) -> None:
        answer = getattr(client, operation)(uuid, body={"name": "Ada"})
        assert error(answer) == (400, "400592")


class TestUpdate:
    @pytest.mark.parametrize(
        "given",
        [
            {"name": "Other Name"},
            {"description": {"b": 2}},
            {"description": {}},
            {"activity": {"table": {"dimensions": {}}}},
            {"activity": None},
            {"name": "Both", "description": {"c": [1]}},
        ],
    )
    def test_changes_what_is_given_only(
        self, account: Account, client: TTRESTService, given: dict[str, Any]
    ) -> None:
        sent = {"role": account.role, "name": "Ada", "description": {"a": 1}, "activity": {"t": {}}}
        before = body(client.create_user(body=sent))
        answer = client.update_user(before["uuid"], body=given)
        assert answer[0] == 200
        after = body(answer)
        assert after.pop("updated_ts") >= before.pop("updated_ts")
        assert after == before | given
        assert body(client.get_user(before["uuid"])).items() >= after.items()
        answered(answer, wire.User)

    def test_null_removes_the_description(self, account: Account, client: TTRESTService) -> None:
        sent = {"role": account.role, "description": {"a": 1}}
        uuid = body(client.create_user(body=sent))["uuid"]
        assert "description" not in body(client.update_user(uuid, body={"description": None}))

    def test_without_a_body_changes_nothing(self, account: Account) -> None:
        before = account.request("GET", f"/users/{account.user}").json()
        after = account.request("PATCH", f"/users/{account.user}").json()
        assert after.pop("updated_ts") >= before.pop("updated_ts")
        assert after == before

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_refuses_another_name(self, account: Account, client: TTRESTService, name: str) -> None:
        before = users(account)
        assert error(client.update_user(account.user, body={"name": name})) == (400, "400592")
        assert users(account) == before

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_refuses_a_bad_body_and_stores_nothing(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        path = f"/users/{account.user}"
        before = account.request("GET", path).json()
        answer = account.request("PATCH", path, data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert account.request("GET", path).json() == before

    def test_unknown_or_foreign_role_is_404(self, account: Account, server: Server) -> None:
        before = users(account)
        for role in (UNKNOWN, server.account().role):
            answer = account.client().update_user(account.user, body={"role": role})
            assert error(answer) == (404, "404653")
        assert users(account) == before


class TestDelete:
    def test_answers_the_user_and_ends_his_credentials(self, account: Account) -> None:
        ada = account.member()
        token = ada.token(options=["create", "refresh"])
        administrator = account.client()
        pin = body(administrator.create_user_secret_pin(ada.user))["pin"]
        before = body(administrator.get_user(ada.user))
        answer = administrator.delete_user(ada.user)
        assert (answer[0], body(answer)) == (200, before)
        answered(answer, wire.User)
        for credential in (ada, token):
            assert error(credential.client().who_am_i()) == (401, "401000")
        assert error(token.client().create_user_token()) == (401, "401000")
        assert error(administrator.create_user_secret(account.account, pin)) == (404, "404653")
        assert error(administrator.get_user(ada.user)) == (404, "404653")
        assert error(administrator.get_user_secret(ada.user)) == (404, "404653")
        assert set(users(account)) == {account.user}

    def test_own_user_is_403(self, account: Account) -> None:
        for caller in (account, account.token()):
            assert error(caller.client().delete_user(account.user)) == (403, "403535")
        assert set(users(account)) == {account.user}

    def test_leaves_his_twins(self, account: Account, client: TTRESTService) -> None:
        ada = account.member()
        twin = create(ada.client())
        body(client.delete_user(ada.user))
        assert body(client.get_twin(uuid_of(twin))) == twin


class TestEscalation:
    """Nobody gives a user a role that holds more than their own."""

    @pytest.fixture
    def ada(self, account: Account) -> Account:
        """May do everything but terminate twins, to twins of one company."""
        statement = {"effect": "deny", "actions": ["terminate_twin"]}
        return account.member(statement, twin_rule="TWIN.company == 'acme'")

    def test_with_a_wider_role_is_403_and_stores_nothing(
        self, account: Account, ada: Account
    ) -> None:
        bob = account.member(NOTHING, twin_rule="TWIN.company == 'acme'")
        narrow = {"effect": "deny", "actions": ["terminate_twin"]}
        wider = [
            account.role,
            account.new_role(twin_rule="TWIN.company == 'acme'"),
            account.new_role(narrow),
            account.new_role(narrow, twin_rule="true"),
            account.new_role({"effect": "allow", "actions": ["terminate_twin"]}, twin_rule="false"),
        ]
        before = users(account)
        for role in wider:
            assert error(ada.client().create_user(body={"role": role})) == (403, "403535")
            for user in (bob.user, ada.user):
                answer = ada.client().update_user(user, body={"role": role, "name": "Wider"})
                assert error(answer) == (403, "403535")
        assert users(account) == before

    def test_with_a_role_as_wide_or_narrower_passes(self, account: Account, ada: Account) -> None:
        narrower = account.new_role(
            {"effect": "allow", "actions": ["get_twin"]},
            twin_rule="(TWIN.company == 'acme') and (TWIN.level > 3)",
        )
        user = body(ada.client().create_user(body={"role": ada.role}))["uuid"]
        assert body(ada.client().update_user(user, body={"role": narrower}))["role"] == narrower

    def test_the_role_that_a_user_has_is_no_matter_of_the_caller(
        self, account: Account, ada: Account
    ) -> None:
        """Another member of a user with a wider role may change, for it hands out nothing."""
        answer = ada.client().update_user(account.user, body={"name": "Boss", "role": account.role})
        assert body(answer)["name"] == "Boss"
