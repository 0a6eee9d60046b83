"""The role operations, and what a role's rule does to twins, through the vendor's own client."""

import time
from typing import Any

import pytest
from tests.harness import (
    EVERYTHING,
    NOTHING,
    UNKNOWN,
    Account,
    Server,
    answered,
    body,
    create,
    dictionary,
    error,
    reason,
    refusal,
    uuid_of,
)
from trustedtwin.tt_api import TTRESTService

from twinhold import server as composition
from twinhold.api.trusted_twin import DIALECT
from twinhold.api.trusted_twin.wire import roles as wire

NO_RULES = {"twin_rule": None, "entry_rule": None, "identity_rule": None}
BAD_NAMES = ["", "a", "a" * 33, " ab", "ab ", "_ab", "ab_", "-ab", "äb", "a.b", "a\tb", "ab\n"]
BAD_UUIDS = ["x", UNKNOWN[:-1], UNKNOWN + "0", "{}", "a/b", "é"]
BAD_RULES = ["", " ", "TWIN.a ==", "a = b", "1 < 2 < 3", "(", "'", "# nothing", "x" * 70_000]

BAD_BODIES = [
    (b'{"name": 1}', "400592", "/name"),
    (b'{"rules": {"entry": "1 == 1", "entry_rule": "2 == 2"}}', "400592", "/rules/entry"),
    (b'{"rules": {"twin": "", "twin_rule": "2 == 2"}}', "400592", "/rules/twin"),
    (b'{"name": null}', "400592", "/name"),
    (b'{"statement": []}', "400592", "/statement"),
    (b'{"statement": "allow"}', "400592", "/statement"),
    (b'{"statement": {}}', "400592", "/statement"),
    (b'{"statement": {"actions": ["get_twin"]}}', "400592", "effect"),
    (b'{"statement": {"effect": "permit"}}', "400592", "/statement/effect"),
    (b'{"statement": {"effect": "ALLOW"}}', "400592", "/statement/effect"),
    (b'{"statement": {"effect": null}}', "400592", "/statement/effect"),
    (b'{"statement": {"effect": "allow", "actions": "get_twin"}}', "400592", "/statement/actions"),
    (b'{"statement": {"effect": "allow", "actions": [1]}}', "400592", "/statement/actions/0"),
    (b'{"statement": {"effect": "allow", "actions": ["get_twin", null]}}', "400592", "/1"),
    (b'{"statement": {"effect": "allow", "actions": {"get_twin": 1}}}', "400592", "/statement"),
    (b'{"statement": {"effect": "allow", "actions": ["fly"]}}', "400592", '"fly" is not known'),
    (b'{"statement": {"effect": "deny", "actions": ["fly"]}}', "400592", '"fly" is not known'),
    (b'{"statement": {"effect": "allow", "actions": ["Get_twin"]}}', "400592", "is not known"),
    (b'{"statement": {"effect": "allow", "actions": ["*"]}}', "400592", '"*" is not known'),
    (b'{"statement": {"effect": "allow", "actions": ["health"]}}', "400592", "is not known"),
    (b'{"rules": []}', "400592", "/rules"),
    (b'{"rules": "true"}', "400592", "/rules"),
    (b'{"rules": {"twin_rule": true}}', "400592", "/rules/twin_rule"),
    (b'{"rules": {"twin_rule": ["true"]}}', "400592", "/rules/twin_rule"),
    (b'{"rules": {"twin_rule": "TWIN.a =="}}', "400589", "/rules/twin_rule"),
    (b'{"rules": {"entry_rule": "a = b"}}', "400589", "/rules/entry_rule"),
    (b'{"rules": {"identity": "("}}', "400589", "/rules/identity_rule"),
    (b'{"rules": {"twin_rule": "true", "twin_rule": "false"}}', "400415", "twice"),
    (b"[]", "400592", "object"),
    (b"nothing", "400415", "JSON"),
    (b'{"name": "\xff"}', "400314", "UTF-8"),
    (b'{"rules": ' + b"[" * 70 + b"]" * 70 + b"}", "400592", "64 levels"),
    (b'{"rules": {"twin_rule": "' + b" " * 65536 + b'"}}', "400141", "65536"),
]


def roles(account: Account) -> dict[str, wire.RoleSummary]:
    return answered(account.client().get_user_roles(), wire.RoleList).roles


class TestCreate:
    def test_answers_the_whole_role(self, account: Account, client: TTRESTService) -> None:
        before = time.time()
        sent = {
            "name": "Reader of acme",
            "statement": {"effect": "allow", "actions": ["get_twin", "scan_twins"]},
            "rules": {"twin_rule": "TWIN.company == USER.company", "entry_rule": "true"},
        }
        answer = client.create_user_role(body=sent)
        assert answer[0] == 201
        role = answered(answer, wire.Role)
        assert (role.account, role.name) == (account.account, sent["name"])
        assert body(answer)["statement"] == sent["statement"]
        assert body(answer)["rules"] == NO_RULES | sent["rules"]  # type: ignore[operator]
        assert before - 1 < role.created_ts == role.updated_ts < time.time() + 1
        assert answered(client.get_user_role(role.uuid), wire.Role) == role

    @pytest.mark.parametrize("sent", [b"", b"{}", b'{"statement": null, "rules": null}'])
    def test_defaults(self, account: Account, sent: bytes) -> None:
        answer = account.request("POST", "/roles", data=sent)
        assert answer.status_code == 201
        role = answer.json()
        assert (role["name"], role["statement"]) == ("User Role Name", EVERYTHING)
        assert role["rules"] == NO_RULES

    def test_takes_a_rule_that_is_given_twice_and_is_one(self, client: TTRESTService) -> None:
        sent = {"twin": "1 == 1", "twin_rule": "1 == 1", "entry": None, "entry_rule": "2 == 2"}
        role = answered(client.create_user_role(body={"rules": sent}), wire.Role)
        assert (role.rules.twin_rule, role.rules.entry_rule) == ("1 == 1", "2 == 2")

    def test_takes_both_spellings_of_rules(self, client: TTRESTService) -> None:
        sent = {"twin": "1 == 1", "entry": "2 == 2", "identity": "3 == 3"}
        role = body(client.create_user_role(body={"rules": sent}))
        assert role["rules"] == {f"{name}_rule": rule for name, rule in sent.items()}

    def test_takes_every_action_there_is(self, client: TTRESTService) -> None:
        actions = sorted(composition._ACTIONS)
        assert len(actions) > 80
        for effect in ("allow", "deny"):
            statement = {"effect": effect, "actions": actions}
            role = body(client.create_user_role(body={"statement": statement}))
            assert role["statement"] == statement

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_refuses_another_name(self, account: Account, client: TTRESTService, name: str) -> None:
        answer = client.create_user_role(body={"name": name})
        assert error(answer) == (400, "400592")
        assert "/name" in reason(answer)
        assert set(roles(account)) == {account.role}

    @pytest.mark.parametrize("rule", BAD_RULES, ids=range(len(BAD_RULES)))
    @pytest.mark.parametrize("place", NO_RULES)
    def test_refuses_a_rule_that_does_not_parse(
        self, account: Account, client: TTRESTService, rule: str, place: str
    ) -> None:
        answer = client.create_user_role(body={"rules": {place: rule}})
        assert error(answer) in [(400, "400589"), (400, "400141")]
        assert len(reason(answer)) < 600
        assert set(roles(account)) == {account.role}

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_refuses_a_bad_body_and_stores_nothing(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        answer = account.request("POST", "/roles", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert set(roles(account)) == {account.role}


class TestGet:
    def test_list_has_the_own_account_and_nothing_else(
        self, account: Account, server: Server
    ) -> None:
        other, made = server.account(), account.new_role()
        assert set(roles(account)) == {account.role, made}
        assert set(roles(other)) == {other.role}
        assert roles(account)[account.role].name == "Super Admin"

    def test_any_case_of_the_uuid_finds_it(self, account: Account, client: TTRESTService) -> None:
        assert body(client.get_user_role(account.role.upper()))["uuid"] == account.role


@pytest.mark.parametrize("operation", ["get_user_role", "update_user_role", "delete_user_role"])
class TestAddress:
    def test_unknown_is_404(self, client: TTRESTService, operation: str) -> None:
        answer = getattr(client, operation)(UNKNOWN, body={"name": "Mine"})
        assert error(answer) == (404, "404653")

    def test_foreign_is_404_and_untouched(
        self, client: TTRESTService, server: Server, operation: str
    ) -> None:
        other = server.account()
        made = other.new_role()
        before = roles(other)
        answer = getattr(client, operation)(made, body={"name": "Mine"})
        assert error(answer) == (404, "404653")
        assert roles(other) == before

    @pytest.mark.parametrize("uuid", BAD_UUIDS)
    def test_malformed_is_400(self, client: TTRESTService, operation: str, uuid: str) -> None:
        answer = getattr(client, operation)(uuid, body={"name": "Mine"})
        assert error(answer) == (400, "400592")


class TestUpdate:
    @pytest.mark.parametrize(
        ("given", "changed"),
        [
            ({"name": "Other"}, {"name": "Other"}),
            ({"statement": NOTHING}, {"statement": NOTHING}),
            ({"statement": None}, {"statement": EVERYTHING}),
            ({"rules": {"twin_rule": "false"}}, {"rules": NO_RULES | {"twin_rule": "false"}}),
            ({"rules": {"entry": "false"}}, {"rules": NO_RULES | {"entry_rule": "false"}}),
            ({"rules": {"twin_rule": None}}, {"rules": NO_RULES}),
            ({"rules": None}, {"rules": NO_RULES}),
            ({"unknown": 1}, {}),
        ],
    )
    def test_replaces_what_is_given_and_keeps_the_rest(
        self, client: TTRESTService, given: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        sent = {
            "name": "Before",
            "statement": {"effect": "deny", "actions": ["trace"]},
            "rules": {"twin_rule": "true", "entry_rule": "true", "identity_rule": "true"},
        }
        before = body(client.create_user_role(body=sent))
        answer = client.update_user_role(before["uuid"], body=given)
        assert answer[0] == 201
        answered(answer, wire.Role)
        after = body(answer)
        assert body(client.get_user_role(before["uuid"])) == after
        assert after.pop("updated_ts") >= before.pop("updated_ts")
        assert after == before | changed

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_refuses_a_bad_body_and_stores_nothing(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        path = f"/roles/{account.role}"
        before = account.request("GET", path).json()
        answer = account.request("PATCH", path, data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert account.request("GET", path).json() == before


class TestDelete:
    def test_answers_the_role(self, account: Account, client: TTRESTService) -> None:
        before = body(client.get_user_role(account.new_role()))
        answer = client.delete_user_role(before["uuid"])
        assert (answer[0], body(answer)) == (200, before)
        answered(answer, wire.Role)
        assert set(roles(account)) == {account.role}

    def test_own_role_is_403(self, account: Account) -> None:
        for caller in (account, account.token(), account.new_user(account.role)):
            assert error(caller.client().delete_user_role(account.role)) == (403, "403535")
        assert set(roles(account)) == {account.role}

    def test_leaves_its_users_without_access(self, account: Account) -> None:
        ada = account.member()
        token = ada.token(options=["create", "refresh"])
        twin = uuid_of(create(ada.client()))
        body(account.client().delete_user_role(ada.role))
        for caller in (ada, token):
            for operation in DIALECT.operations:
                if operation.public:
                    continue
                path = operation.path
                for name in ("twin", "user", "role", "transfer"):
                    path = path.replace(f"{{{name}}}", twin)
                answer = caller.request(operation.method, path)
                assert refusal(answer) == (403, "403535"), operation.name
        assert body(account.client().get_user(ada.user))["role"] == ada.role

    def test_its_users_have_access_again_with_another_role(self, account: Account) -> None:
        ada = account.member()
        body(account.client().delete_user_role(ada.role))
        assert error(ada.client().who_am_i()) == (403, "403535")
        body(account.client().update_user(ada.user, body={"role": account.role}))
        assert body(ada.client().who_am_i())["role"] == account.role


class TestStatement:
    @pytest.mark.parametrize(
        ("statement", "allowed"),
        [
            ({"effect": "allow", "actions": None}, set()),
            ({"effect": "allow", "actions": []}, set()),
            ({"effect": "allow", "actions": ["get_account"]}, {"get_account"}),
            ({"effect": "deny", "actions": None}, {"get_account", "who_am_i", "get_users"}),
            ({"effect": "deny", "actions": []}, {"get_account", "who_am_i", "get_users"}),
            ({"effect": "deny", "actions": ["get_account"]}, {"who_am_i", "get_users"}),
        ],
    )
    def test_allows_its_actions(self, account: Account, statement: Any, allowed: set[str]) -> None:
        ada = account.member(statement)
        for caller in (ada, ada.using(f"bearer {ada.secret}")):
            for operation in ("get_account", "who_am_i", "get_users"):
                answer = getattr(caller.client(), operation)()
                assert answer[0] == (200 if operation in allowed else 403)
                if operation not in allowed:
                    assert reason(answer).startswith(
                        f"The role {ada.role} does not allow {operation}."
                    )


STATEMENTS: list[Any] = [
    NOTHING,
    {"effect": "allow", "actions": ["create_user_role", "update_user_role"]},
    {"effect": "allow", "actions": ["create_user_role", "update_user_role", "get_twin"]},
    {"effect": "allow", "actions": ["get_twin"]},
    {"effect": "allow", "actions": ["trace"]},
    {"effect": "deny", "actions": ["get_twin"]},
    {"effect": "deny", "actions": ["get_twin", "trace"]},
    {"effect": "deny", "actions": []},
    EVERYTHING,
]


def granted(statement: Any) -> set[str]:
    """What a statement allows, with one operation that is yet to come."""
    every, listed = {*composition._ACTIONS, "one_to_come"}, set(statement["actions"] or [])
    return listed if statement["effect"] == "allow" else every - listed


class TestEscalation:
    """Nobody makes or changes a role to hold more than their own."""

    @pytest.mark.parametrize(
        "own", [own for own in STATEMENTS if "update_user_role" in granted(own)]
    )
    def test_of_statements(self, account: Account, own: Any) -> None:
        ada = account.member(own)
        narrow = account.new_role(NOTHING)
        for wanted in STATEMENTS:
            before = roles(account), body(account.client().get_user_role(narrow))
            made = ada.client().create_user_role(body={"statement": wanted})
            changed = ada.client().update_user_role(narrow, body={"statement": wanted})
            if granted(wanted) <= granted(own):
                assert (made[0], changed[0]) == (201, 201), wanted
                body(account.client().update_user_role(narrow, body={"statement": NOTHING}))
            else:
                assert error(made) == error(changed) == (403, "403535"), wanted
                assert "actions" in reason(made)
                after = roles(account), body(account.client().get_user_role(narrow))
                assert after == before

    OWN = "TWIN.a == 1 or TWIN.b == 2"
    PASSES = (OWN, f"({OWN}) and (TWIN.c == 3)", f"({OWN}) and (true or false)")
    WIDER = (
        None,
        "true",
        "TWIN.a == 1",
        f"{OWN} ",
        f"({OWN})",
        f"{OWN} or true",
        f"{OWN} and TWIN.c == 3",
        f"({OWN}) or (true)",
        f"({OWN}) and (true) or (true)",
        f"({OWN}) and (false) ? true : (true)",
        f"({OWN}) and (true) == (false) or (true)",
        f"({OWN}) and (true # )",
        f"({OWN}) and (true\n# )\n) or (true)",
        f"({OWN}) and ()",
        f"(true) or ({OWN}) and (true)",
        f"not ({OWN}) and (true)",
    )

    @pytest.mark.parametrize("place", NO_RULES)
    def test_of_rules(self, account: Account, place: str) -> None:
        ada = account.member(**{place: self.OWN})
        for rule in self.PASSES:
            made = body(ada.client().create_user_role(body={"rules": {place: rule}}))
            assert made["rules"] == NO_RULES | {place: rule}
            body(ada.client().update_user_role(made["uuid"], body={"rules": {place: rule}}))
        for wider in self.WIDER:
            before = roles(account), body(account.client().get_user_role(made["uuid"]))
            sent = {"rules": {place: wider}}
            for answer in (
                ada.client().create_user_role(body=sent),
                ada.client().update_user_role(made["uuid"], body=sent),
                ada.client().update_user_role(ada.role, body=sent),
            ):
                assert error(answer) in [(403, "403535"), (400, "400589")], wider
            assert (roles(account), body(account.client().get_user_role(made["uuid"]))) == before
        assert error(ada.client().create_user_role()) == (403, "403535")
        assert error(ada.client().update_user_role(ada.role, body={"rules": None})) == (
            403,
            "403535",
        )

    def test_a_rule_that_ends_in_a_comment_cannot_be_widened(self, account: Account) -> None:
        own = "TWIN.a == 1 # only these"
        ada, twin = account.member(twin_rule=own), create(account.client())
        for rest in ("1\n or true", "true", "\n) or (true", "true) # \n or (true"):
            rule = f"({own}) and ({rest})"
            answer = ada.client().create_user_role(body={"rules": {"twin_rule": rule}})
            if answer[0] == 201:
                bob = account.new_user(body(answer)["uuid"])
                assert error(bob.client().get_twin(uuid_of(twin))) == (403, "403535")

    def test_a_narrowed_rule_covers_less(self, account: Account) -> None:
        ada = account.member(twin_rule="TWIN.a == 1")
        role = ada.new_role(twin_rule="(TWIN.a == 1) and (TWIN.b == 2)")
        bob = ada.new_user(role)
        twins = [
            create(account.client(), description=d) for d in ({"a": 1, "b": 2}, {"a": 1}, {"b": 2})
        ]
        seen = [[who.client().get_twin(uuid_of(twin))[0] for twin in twins] for who in (ada, bob)]
        assert seen == [[200, 200, 403], [200, 403, 403]]

    def test_a_wider_role_may_only_be_narrowed(self, account: Account) -> None:
        statement = {"effect": "deny", "actions": ["terminate_twin"]}
        ada = account.member(statement)
        for change in ({"name": "Mine"}, {"rules": {"twin_rule": "true"}}):
            answer = ada.client().update_user_role(account.role, body=change)
            assert error(answer) == (403, "403535")
        wide = account.new_role()
        answer = ada.client().update_user_role(wide, body={"statement": statement})
        assert body(answer)["statement"] == statement


class TestTwinRule:
    """A rule binds inside the own account too, and is all that opens foreign twins."""

    @pytest.fixture
    def twin(self, client: TTRESTService) -> str:
        description = {"company": "acme", "level": 4, "serial": "s-1"}
        return uuid_of(create(client, description=description))

    @pytest.mark.parametrize(
        ("rule", "sees"),
        [
            (None, True),
            ("true", True),
            ("false", False),
            ("null", False),
            ("True", False),
            ("TWIN.company == USER.company", True),
            ("TWIN.company == USER.team", False),
            ("TWIN.nothing == USER.nothing", True),
            ("TWIN.level > 3", True),
            ("TWIN.company > 3", False),
            ("TWIN.level > 3 or TWIN.company > 3", True),
            ("not TWIN.company > 3", False),
            ("twin_status == 'alive'", True),
            ("DICT.serial == TWIN.serial", False),
            ("account == twin_owner and owner == creator", True),
            ("user != null and role != null and user != role", True),
            ("TWIN.level / 0 == 1", False),
            ("TWIN['missing'] == null", False),
        ],
    )
    def test_decides_on_own_twins(
        self, account: Account, twin: str, rule: str | None, *, sees: bool
    ) -> None:
        ada = account.member(description={"company": "acme", "team": "blue"}, twin_rule=rule)
        answer = ada.client().get_twin(twin)
        assert answer[0] == (200 if sees else 403)

    def test_hidden_is_403_whatever_is_asked_and_says_why(
        self, account: Account, server: Server, twin: str
    ) -> None:
        rule = "TWIN.company == 'umbrella'"
        ada = account.member(twin_rule=rule)
        before = body(account.client().get_twin(twin))
        change = {"description": {"company": "umbrella"}}
        recipient = {"recipient": server.account().account}
        for answer in (
            ada.request("GET", f"/twins/{twin}"),
            ada.request("PATCH", f"/twins/{twin}", json=change),
            ada.request("PATCH", f"/twins/{twin}"),
            ada.request("DELETE", f"/twins/{twin}"),
            ada.request("POST", f"/twins/{twin}/transfers", json=recipient),
        ):
            assert refusal(answer) == (403, "403535")
            text = answer.json()["description"]
            assert "The twin is not accessible." in text
            assert ada.role in text
            assert rule in text
        assert body(account.client().get_twin(twin)) == before

    def test_null_opens_nothing_foreign(self, account: Account, server: Server, twin: str) -> None:
        other = server.account()
        for operation in ("get_twin", "update_twin", "terminate_twin"):
            answer = getattr(other.client(), operation)(twin)
            assert error(answer) == (403, "403535")
            assert account.account not in reason(answer)

    def test_true_opens_foreign_twins_for_reading_only(
        self, account: Account, server: Server, twin: str
    ) -> None:
        other = server.account()
        ada = other.member(twin_rule="true")
        mine = body(account.client().get_twin(twin))
        assert body(ada.client().get_twin(twin)) == mine
        change = {"description": {"company": "umbrella"}}
        recipient = {"recipient": other.account}
        for answer in (
            ada.request("PATCH", f"/twins/{twin}", json=change),
            ada.request("DELETE", f"/twins/{twin}"),
            ada.request("POST", f"/twins/{twin}/transfers", json=recipient),
        ):
            assert refusal(answer) == (403, "403535")
        assert body(account.client().get_twin(twin)) == mine
        for details in (True, False):
            page = body(ada.client().scan_twins(params={"details": details}))
            assert page == {"cursor": None, "twins": []}

    def test_a_rule_on_the_owner_keeps_foreign_twins_out(
        self, account: Account, server: Server, twin: str
    ) -> None:
        ada = server.account().member(twin_rule="twin_owner == account and TWIN.level > 3")
        assert error(ada.client().get_twin(twin)) == (403, "403535")

    def test_unknown_twin_is_404_under_every_rule(self, account: Account) -> None:
        for rule in (None, "true", "false"):
            ada = account.member(twin_rule=rule)
            assert error(ada.client().get_twin(UNKNOWN)) == (404, "404653")

    def test_scan_without_details_ignores_the_rule_and_with_details_obeys_it(
        self, account: Account, client: TTRESTService
    ) -> None:
        made = [create(client, description={"level": n}) for n in range(6)]
        every = sorted(map(uuid_of, made))
        ada = account.member(twin_rule="TWIN.level > 3")
        blind = account.member(twin_rule="false")
        seen = sorted(map(uuid_of, made[4:]))
        for caller, expected in ((account, every), (ada, seen), (blind, [])):
            assert body(caller.client().scan_twins())["twins"] == every
            page = body(caller.client().scan_twins(params={"details": True}))
            assert sorted(map(uuid_of, page["twins"])) == expected

    def test_scan_with_details_and_match_obeys_both(
        self, account: Account, client: TTRESTService
    ) -> None:
        made = [create(client, description={"level": n, "even": n % 2 == 0}) for n in range(8)]
        ada = account.member(twin_rule="TWIN.level > 3")
        params = {"details": True, "match": "TWIN.even", "count": 5}
        first = body(ada.client().scan_twins(params=params))
        rest = body(ada.client().scan_twins(params=params | {"cursor": first["cursor"]}))
        found = [uuid_of(twin) for twin in first["twins"] + rest["twins"]]
        assert found == sorted([uuid_of(made[4]), uuid_of(made[6])])

    def test_reads_the_header(self, account: Account, twin: str) -> None:
        ada = account.member(twin_rule="DICT.serial == TWIN.serial")
        path = f"/twins/{twin}"
        answers = {
            serial: ada.request("GET", path, headers=dictionary({"serial": serial})).status_code
            for serial in ("s-1", "s-2", None)
        }
        assert answers == {"s-1": 200, "s-2": 403, None: 403}
        assert ada.client().get_twin(twin, dictionary={"serial": "s-1"})[0] == 200

    def test_may_let_a_user_change_a_twin_out_of_his_sight(
        self, account: Account, twin: str
    ) -> None:
        ada = account.member(twin_rule="TWIN.company == 'acme'")
        answer = ada.client().update_twin(twin, body={"description": {"company": "umbrella"}})
        assert body(answer)["description"] == {"company": "umbrella"}
        assert error(ada.client().get_twin(twin)) == (403, "403535")
