"""Who sees which entries of whose ledger (spec sections 4.2 to 4.4)."""

from typing import Any

import msgspec
import pytest
from tests.dialect.trusted_twin.ledgers import add, get, history, new_twin, update, values
from tests.harness import Account, Server, body, dictionary, error, uuid_of

from twinhold.registry import access, rule_texts
from twinhold.registry.ledgers.entries import Entry
from twinhold.registry.principal import NOBODY, Call
from twinhold.store.twins import Facts

EYES = {"twin_rule": "true", "entry_rule": "true"}


@pytest.fixture
def twin(account: Account) -> str:
    return new_twin(account, description={"kind": "cat"})


class TestForeignLedgers:
    @pytest.mark.parametrize(
        ("rules", "seen"),
        [
            ({}, None),
            ({"entry_rule": "true"}, None),
            ({"twin_rule": "true"}, set()),
            (EYES, {"all", "same"}),
            ({"twin_rule": "true", "entry_rule": "entry_name == 'all'"}, {"all"}),
            ({"twin_rule": "true", "entry_rule": "entry_value > 1"}, {"same"}),
            ({"twin_rule": "true", "entry_rule": "false"}, set()),
            ({"twin_rule": "TWIN.kind == 'dog'", "entry_rule": "true"}, None),
            (
                {
                    "twin_rule": "true",
                    "entry_rule": "TWIN.kind == 'cat' and entry_name in LEDGER.names",
                },
                {"same"},
            ),
        ],
    )
    def test_show_what_all_rules_allow(
        self, server: Server, account: Account, twin: str, rules: Any, seen: set[str] | None
    ) -> None:
        """Twin rule, entry rule and visibility; without an entry rule nothing foreign is seen."""
        member = server.account().member(description={"job": "vet"}, **rules)
        add(
            account,
            twin,
            all={"value": 1, "visibility": "true"},
            same={"value": 2, "visibility": "USER.job == 'vet' and TWIN.kind == 'cat'"},
            none={"value": 3, "visibility": "USER.job == 'cook'"},
            fails={"value": 4, "visibility": "LEDGER.all > 'x'"},
            private={"value": 5},
        )
        if seen and "all" not in seen:
            add(account, twin, names={"value": ["same"], "visibility": "entry_name == 'names'"})
        if seen is None:
            assert error(member.client().get_twin_ledger_entry(twin, account.account))[0] == 403
            return
        for ledger in (account.account, "owner", "creator"):
            assert set(values(member, twin, ledger)) - {"names"} == seen
            assert set(get(member, twin, ledger)) - {"names"} == seen
            assert set(history(member, twin, ledger)) - {"names"} == seen

    def test_show_no_settings(self, server: Server, account: Account, twin: str) -> None:
        table = {"timeseries": {"t": {}}, "publish": {"true": "topic"}}
        add(account, twin, a={"value": 1, "visibility": "true", "history": "1D", **table})
        found = get(server.account().member(**EYES), twin, "owner")["a"]
        times = {"entry_created_ts", "entry_updated_ts", "value_changed_ts"}
        assert set(found) == {"value"} | times

    def test_filters_do_not_apply(self, server: Server, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1, "visibility": "true"})
        member = server.account().member(**EYES)
        assert set(get(member, twin, "owner", show_public=False)) == {"a"}

    def test_visibility_may_look_at_what_it_protects(
        self, server: Server, account: Account, twin: str
    ) -> None:
        """`LEDGER` is the ledger that holds the entry; `DICT` and `USER` are the caller's."""
        add(account, twin, code={"value": 7})
        add(account, twin, a={"value": 1, "visibility": "LEDGER.code == DICT.code"})
        member = server.account().member(**EYES)
        path = f"/twins/{twin}/ledgers/owner"
        for code, seen in ((7, {"a"}), (8, set())):
            answer = member.request("GET", path, headers=dictionary({"code": code}))
            assert set(answer.json()["entries"]) == seen

    def test_entry_rule_learns_nothing_of_hidden_entries(
        self, server: Server, account: Account, twin: str
    ) -> None:
        """Whoever writes the rules of their own roles must not probe the ledgers of others."""
        add(account, twin, secret={"value": 5}, a={"value": 1, "visibility": "true"})
        administrator = server.account()
        for probe in ("LEDGER.secret == 5", "LEDGER.secret != null", "LEDGER['secret'] == 5"):
            member = administrator.member(twin_rule="true", entry_rule=probe)
            assert values(member, twin, "owner") == {}
        member = administrator.member(twin_rule="true", entry_rule="LEDGER.a == 1")
        assert values(member, twin, "owner") == {"a": 1}

    @pytest.mark.parametrize("ledger", ["owner", "creator", "uuid"])
    def test_are_never_written(
        self, server: Server, account: Account, twin: str, ledger: str
    ) -> None:
        add(account, twin, a={"value": 1, "visibility": "true"})
        name = account.account if ledger == "uuid" else ledger
        client = server.account().member(**EYES).client()
        one = {"entries": {"a": {"value": 2}}}
        for answer in (
            client.add_twin_ledger_entry(twin, name, body={"entries": {"b": {"value": 2}}}),
            client.update_twin_ledger_entry(twin, name, body=one),
            client.update_twin_ledger_entry_value(twin, name, body=one),
            client.delete_twin_ledger_entry(twin, name),
        ):
            assert error(answer) == (403, "403535")
        assert values(account, twin) == {"a": 1}

    def test_stay_with_their_accounts_when_the_twin_changes_hands(
        self, server: Server, account: Account, twin: str
    ) -> None:
        recipient = server.account()
        add(account, twin, a={"value": 1})
        path = f"/twins/{twin}/transfers"
        offer = account.request("POST", path, json={"recipient": recipient.account}).json()
        assert recipient.request("POST", f"/transfers/{offer['transfer']}").status_code == 200
        add(recipient, twin, a={"value": 2})
        assert values(recipient, twin, "owner") == {"a": 2}
        assert values(recipient, twin, "creator") == {}
        keeper = account.member(**EYES)
        assert values(keeper, twin) == values(keeper, twin, "creator") == {"a": 1}


def test_what_is_not_decided_in_time_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = msgspec.structs.replace(NOBODY, account="b", entry_rule=rule_texts.parse("true"))
    twin = Facts(
        uuid="t",
        owner="a",
        creator="a",
        created=0,
        updated=0,
        issuer=None,
        terminated=None,
        description=None,
        id=None,
        model=None,
        contents=None,
        external_id=None,
        ledger=None,
        document="",
        generation=0,
    )
    ledger = {"a": Entry(value=msgspec.Raw(b"1"), visibility="true")}
    assert access.seen_entries(Call(caller, 0), twin, "a", ledger) == ledger
    monkeypatch.setattr(access, "DECIDING_SECONDS", -1)
    assert access.seen_entries(Call(caller, 0), twin, "a", ledger) == {}


class TestEntryRule:
    @pytest.fixture
    def member(self, account: Account, twin: str) -> Account:
        add(account, twin, a={"value": 1}, b={"value": 50, "history": "INF"}, c={"value": 200})
        return account.member(entry_rule="entry_value < 100 and entry_name != 'a'")

    def test_limits_reads_of_the_own_ledger(self, member: Account, twin: str) -> None:
        assert values(member, twin) == {"b": 50}
        assert set(get(member, twin)) == set(history(member, twin)) == {"b"}

    def test_limits_changes_of_the_own_ledger(
        self, account: Account, member: Account, twin: str
    ) -> None:
        hidden = {"error": "Entry not accessible."}
        changed = update(member, twin, a={"value": 2}, b={"value": 3}, c={"value": 4})
        assert (changed["a"], changed["c"]) == (hidden, hidden)
        client = member.client()
        gone = body(client.delete_twin_ledger_entry(twin, params={"entries": ["a", "b"]}))
        assert gone["entries"]["a"] == hidden
        assert values(account, twin) == {"a": 1, "c": 200}
        assert body(client.delete_twin_ledger_entry(twin)) == {"entries": {}}
        assert values(account, twin) == {"a": 1, "c": 200}

    def test_limits_what_is_added(self, account: Account, member: Account, twin: str) -> None:
        made = add(member, twin, d={"value": 5}, e={"value": 500})
        assert made["d"]["value"] == 5
        assert made["e"] == {"error": "Entry not accessible."}
        assert set(values(account, twin)) == {"a", "b", "c", "d"}

    def test_hides_entries_from_conditions_matches_and_explanations(
        self, account: Account, member: Account, twin: str
    ) -> None:
        """A rule that a caller brings sees of `LEDGER` what the caller sees."""
        sent = {"entries": {"b": {"value": 60}}, "conditions": {"b": "LEDGER.c == 200"}}
        changed = body(member.client().update_twin_ledger_entry(twin, body=sent))["entries"]
        assert changed == {"b": {"error": "Condition not met."}}
        for rule, found in (("LEDGER.c == 200", []), ("LEDGER.b == 50", [twin])):
            for fill in (False, True):
                params = {"match": rule, "fill": fill}
                assert body(member.client().scan_twins(params=params))["twins"] == found
        params = {"match": "LEDGER.c == null"}
        assert body(member.client().scan_twins(params=params))["twins"] == [twin]
        sent = {"rule": "LEDGER.c == 200", "twin": twin}
        told = {
            caller.user: caller.request("POST", "/rules/explain", json=sent).text
            for caller in (member, account)
        }
        assert "200" not in told[member.user].replace("LEDGER.c == 200", "")
        assert told[member.user] != told[account.user]

    def test_binds_whoever_hands_out_roles(self, account: Account) -> None:
        member = account.member(entry_rule="entry_name == 'a'")
        client = member.client()
        for rules in ({}, {"entry_rule": "true"}):
            assert error(client.create_user_role(body={"rules": rules})) == (403, "403535")


class TestTwinRuleOnLedgers:
    def test_looks_at_the_own_ledger(self, account: Account, server: Server) -> None:
        member = account.member(twin_rule="LEDGER.open == true")
        shown, hidden = new_twin(account), new_twin(account)
        add(account, shown, open={"value": True})
        add(account, hidden, open={"value": False})
        other = server.account().member(**EYES)
        add(other, hidden, open={"value": True, "visibility": "true"})
        client = member.client()
        assert body(client.get_twin(shown))
        assert error(client.get_twin(hidden)) == (403, "403535")
        assert values(member, shown) == {"open": True}
        assert error(client.get_twin_ledger_entry(hidden)) == (403, "403535")
        assert error(
            client.update_twin_ledger_entry(hidden, body={"entries": {"open": {"value": True}}})
        ) == (403, "403535")
        found = body(client.scan_twins(params={"details": True}))["twins"]
        assert [twin["creation_certificate"]["uuid"] for twin in found] == [shown]
        update(account, hidden, open={"value": True})
        assert body(client.get_twin(hidden))

    def test_looks_at_entries_that_the_entry_rule_hides(self, account: Account) -> None:
        """The role's own rules see the whole ledger; rules that the caller brings do not."""
        twin = new_twin(account)
        add(account, twin, open={"value": True})
        member = account.member(twin_rule="LEDGER.open", entry_rule="LEDGER.open == null")
        client = member.client()
        assert body(client.get_twin(twin))
        found = body(client.scan_twins(params={"details": True}))["twins"]
        assert [uuid_of(one) for one in found] == [twin]
        params = {"details": True, "match": "LEDGER.open == true"}
        assert body(client.scan_twins(params=params))["twins"] == []

    def test_reads_through_includes(self, account: Account) -> None:
        """An include serves as a global value for rules."""
        settings, twin = new_twin(account), new_twin(account)
        add(account, settings, open={"value": False})
        add(account, twin, open={"include": {"source": f"twin://{settings}/open"}})
        member = account.member(twin_rule="LEDGER.open")
        assert error(member.client().get_twin(twin)) == (403, "403535")
        update(account, settings, open={"value": True})
        assert body(member.client().get_twin(twin))

    def test_binds_transfers(self, account: Account, server: Server, twin: str) -> None:
        administrator = server.account()
        member = administrator.member(twin_rule="LEDGER.wanted")
        path = f"/twins/{twin}/transfers"
        offer = account.request("POST", path, json={"recipient": member.account}).json()
        accept = f"/transfers/{offer['transfer']}"
        assert member.request("POST", accept).status_code == 403
        add(administrator.member(twin_rule="true"), twin, wanted={"value": 1})
        assert member.request("POST", accept).status_code == 200
