"""Ledger entries of values: add, read, change, delete (spec section 7)."""

import asyncio
import json
import time
from typing import Any

import pytest
from tests.dialect.trusted_twin.ledgers import (
    add,
    get,
    include,
    new_twin,
    reference,
    update,
    values,
)
from tests.harness import UNKNOWN, Account, Server, answered, body, error, reason, refusal
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import ledgers as wire

ANY = [
    None,
    True,
    0,
    -1.5,
    "",
    'é😀\u2028"\\',
    [1, [2, {"a": None}]],
    {"include": {"source": "x"}},
    12345678901234567890123456789012345,
]


@pytest.fixture
def twin(account: Account) -> str:
    return new_twin(account)


def with_rules(kind: str, count: int) -> dict[str, Any]:
    """The body of an add with so many different rules: of entries, or conditions on them."""
    rules = {f"a{n}": f"1 == {n}" for n in range(count)}
    if kind == "conditions":
        return {"entries": {name: {"value": 1} for name in rules}, kind: rules}
    settings = {name: rule if kind == "visibility" else {rule: "t"} for name, rule in rules.items()}
    return {"entries": {name: {"value": 1, kind: rule} for name, rule in settings.items()}}


class TestAdd:
    def test_answers_what_is_read_from_then_on(self, client: TTRESTService, twin: str) -> None:
        entries = {"a": {"value": {"x": [1]}, "visibility": "USER.a == 1"}, "b-2": {"value": None}}
        made = answered(
            client.add_twin_ledger_entry(twin, body={"entries": entries}), wire.LedgerChange
        ).entries
        read = answered(client.get_twin_ledger_entry(twin), wire.Ledger).entries
        assert body(client.get_twin_ledger_entry(twin))["entries"] == made
        assert (read["a"].value, read["a"].visibility) == ({"x": [1]}, "USER.a == 1")
        assert (read["b-2"].value, read["b-2"].visibility) == (None, None)
        times = [read["a"].entry_created_ts, read["a"].entry_updated_ts, read["a"].value_changed_ts]
        assert len(set(times)) == 1
        assert abs(times[0] - time.time()) < 60

    def test_keeps_every_value(self, account: Account, twin: str) -> None:
        add(account, twin, **{f"v{n}": {"value": value} for n, value in enumerate(ANY)})
        assert list(values(account, twin).values()) == ANY

    def test_keeps_the_text_of_a_value(self, account: Account, twin: str) -> None:
        path = f"/twins/{twin}/ledgers/personal"
        sent = b'{"entries":{"a":{"value":0.10000000000000000000001}}}'
        assert account.request("POST", path, data=sent).status_code == 201
        assert "0.10000000000000000000001" in account.request("GET", path).text
        sent = b'{"entries":{"a":{"value":0.10000000000000000000002}}}'
        assert account.request("PATCH", f"{path}/value", data=sent).status_code == 200
        assert "0.10000000000000000000002" in account.request("GET", f"{path}/value").text

    def test_of_what_is_there_is_refused_and_the_rest_is_added(
        self, account: Account, twin: str
    ) -> None:
        add(account, twin, a={"value": 1})
        made = add(account, twin, a={"value": 2}, b={"value": 2})
        assert made["a"] == {"error": "Entry already exists."}
        assert values(account, twin) == {"a": 1, "b": 2}

    def test_of_nothing_changes_nothing(self, account: Account, twin: str) -> None:
        assert add(account, twin) == {}
        assert get(account, twin) == {}

    def test_after_termination_still_works(self, account: Account, twin: str) -> None:
        client = account.client()
        body(client.terminate_twin(twin))
        add(account, twin, a={"value": 1, "history": "1D"})
        update(account, twin, a={"value": 2})
        assert values(account, twin) == {"a": 2}
        body(client.delete_twin_ledger_entry(twin))
        assert get(account, twin) == {}

    @pytest.mark.parametrize(
        ("entry", "says"),
        [
            ({}, "/entries/a"),
            ({"value": 1, "include": {"source": "x"}}, "/entries/a"),
            ({"ref": {}}, "/entries/a/ref"),
            ({"ref": {"source": "twin://x/y/z"}}, "/entries/a/ref/source"),
            ({"ref": {"source": "https://a/b/c"}}, "/entries/a/ref/source"),
            ({"include": {"source": "twin://x/z"}}, "/entries/a/include/source"),
            ({"value": 1, "visibility": 1}, "/entries/a/visibility"),
            ({"value": 1, "history": "3X"}, "/entries/a/history"),
            ({"value": 1, "history": "0D"}, "/entries/a/history"),
            ({"value": 1, "history": "1000D"}, "/entries/a/history"),
            ({"value": 1, "timeseries": []}, "/entries/a/timeseries"),
            ({"value": 1, "publish": {"true": 1}}, "/entries/a/publish"),
            (1, "/entries/a"),
        ],
    )
    def test_refuses_a_bad_entry(self, account: Account, twin: str, entry: Any, says: str) -> None:
        answer = account.client().add_twin_ledger_entry(
            twin, body={"entries": {"a": entry, "b": {"value": 1}}}
        )
        assert error(answer) == (400, "400592")
        assert says in reason(answer)
        assert get(account, twin) == {}

    @pytest.mark.parametrize("settings", [{"visibility": "1 +"}, {"publish": {"a b": "topic"}}])
    def test_refuses_a_rule_that_does_not_parse(
        self, client: TTRESTService, twin: str, settings: Any
    ) -> None:
        entries = {"a": {"value": 1, **settings}}
        answer = client.add_twin_ledger_entry(twin, body={"entries": entries})
        assert error(answer) == (400, "400589")

    @pytest.mark.parametrize("most", [100, 101])
    @pytest.mark.parametrize("kind", ["visibility", "publish", "conditions"])
    def test_refuses_more_rules_than_it_reads(
        self, client: TTRESTService, twin: str, kind: str, most: int
    ) -> None:
        status, answer = client.add_twin_ledger_entry(twin, body=with_rules(kind, most))
        assert status == (201 if most == 100 else 400), answer

    @pytest.mark.parametrize("kind", ["visibility", "publish", "conditions"])
    def test_lets_others_go_on_between_its_rules(self, kind: str) -> None:
        sent = json.dumps(with_rules(kind, 20)).encode()

        async def others() -> int:
            reading, rounds = asyncio.ensure_future(wire.added(sent, UNKNOWN)), 0
            while not reading.done():
                await asyncio.sleep(0)
                rounds += 1
            await reading
            return rounds

        assert asyncio.run(others()) >= 20

    @pytest.mark.parametrize(
        ("name", "good"),
        [
            ("a", True),
            ("_a", True),
            ("__a1", True),
            ("1a", True),
            ("a_b-c", True),
            ("a__", True),
            ("x" * 128, True),
            ("x" * 129, False),
            ("", False),
            ("A", False),
            ("a b", False),
            ("a-", False),
            ("-a", False),
            ("a\n", False),
            ("é", False),
        ],
    )
    def test_names(self, client: TTRESTService, twin: str, name: str, *, good: bool) -> None:
        answer = client.add_twin_ledger_entry(twin, body={"entries": {name: {"value": 1}}})
        assert (answer[0] == 201) is good, answer
        assert good or error(answer) == (400, "400592")

    def test_of_more_than_a_ledger_holds_is_refused(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": "x" * 40_000})
        client = account.client()
        entries = {"b": {"value": "x" * 30_000}}
        answer = client.add_twin_ledger_entry(twin, body={"entries": entries})
        assert error(answer) == (400, "400141")
        add(account, twin, b={"value": 1})
        answer = client.update_twin_ledger_entry(twin, body={"entries": entries})
        assert error(answer) == (400, "400141")
        assert values(account, twin)["b"] == 1


class TestGet:
    @pytest.fixture(autouse=True)
    def _ledger(self, account: Account, twin: str) -> None:
        other = new_twin(account)
        add(account, other, s={"value": 5})
        add(
            account,
            twin,
            public={"value": 1, "visibility": "true"},
            private={"value": 2},
            ref=reference(other, account, "s"),
            inc=include(other, "s"),
        )

    @pytest.mark.parametrize("ledger", ["personal", "owner", "creator", "uuid", "UUID"])
    def test_names_of_a_ledger(self, account: Account, twin: str, ledger: str) -> None:
        name = {"uuid": account.account, "UUID": account.account.upper()}.get(ledger, ledger)
        assert values(account, twin, name) == {"public": 1, "private": 2, "ref": 5, "inc": 5}

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"entries": "public"}, {"public"}),
            ({"entries": ["public", "ref", "missing"]}, {"public", "ref"}),
            ({"entries": "public,inc"}, {"public", "inc"}),
            ({"entries": ""}, set()),
            ({"show_references": False}, {"public", "private", "inc"}),
            ({"show_public": False}, {"private", "ref", "inc"}),
            ({"show_private": False}, {"public"}),
            ({"show_private": False, "show_public": "0"}, set()),
        ],
    )
    def test_narrowed(self, account: Account, twin: str, params: Any, expected: set[str]) -> None:
        assert set(get(account, twin, **params)) == expected

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("{twin}/ledgers/other", (400, "400592")),
            ("x/ledgers/personal", (400, "400592")),
            ("{twin}/ledgers/personal?show_public=maybe", (400, "400592")),
            ("00000000-0000-4000-8000-000000000000/ledgers/personal", (404, "404653")),
        ],
    )
    def test_refuses(self, account: Account, twin: str, path: str, status: tuple[int, str]) -> None:
        assert refusal(account.request("GET", f"/twins/{path.format(twin=twin)}")) == status

    def test_of_values_has_values_and_times_only(self, client: TTRESTService, twin: str) -> None:
        found = answered(client.get_twin_ledger_entry_value(twin), wire.LedgerValues).entries
        assert set(found) == {"public", "private", "ref", "inc"}


class TestUpdate:
    def test_changes_what_is_given(self, account: Account, twin: str) -> None:
        first = add(account, twin, a={"value": 1, "visibility": "true", "history": "1W"})["a"]
        valued = update(account, twin, a={"value": 2})["a"]
        assert valued == first | {"value": 2, "value_changed_ts": valued["value_changed_ts"]}
        assert valued["value_changed_ts"] > first["value_changed_ts"]
        hidden = update(account, twin, a={"visibility": None, "history": None})["a"]
        assert hidden["entry_updated_ts"] > first["entry_updated_ts"]
        assert hidden["value_changed_ts"] == valued["value_changed_ts"]
        assert (hidden["visibility"], "history" in hidden) == (None, False)

    def test_to_the_same_changes_no_time(self, account: Account, twin: str) -> None:
        table = {"table": {"measurement": "{entry_name}"}}
        settings = {"visibility": "true", "timeseries": table, "publish": {"true": ["a", "b"]}}
        first = add(account, twin, a={"value": {"x": 1, "y": 2}, **settings})
        assert update(account, twin, a={"value": {"y": 2, "x": 1}, **settings}) == first
        assert get(account, twin) == first

    @pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False), (None, False)])
    def test_to_what_python_takes_for_equal_is_a_change(
        self, account: Account, twin: str, old: Any, new: Any
    ) -> None:
        first = add(account, twin, a={"value": old})["a"]
        assert (
            update(account, twin, a={"value": new})["a"]["value_changed_ts"]
            > (first["value_changed_ts"])
        )
        assert repr(values(account, twin)["a"]) == repr(new)

    def test_of_what_is_not_there_is_answered_so(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1})
        changed = update(account, twin, a={"value": 2}, b={"value": 2})
        assert changed["b"] == {"error": "Entry not found."}
        assert values(account, twin) == {"a": 2}

    def test_never_changes_the_kind(self, account: Account, twin: str) -> None:
        other = new_twin(account)
        add(account, other, s={"value": 5})
        add(account, twin, a={"value": 1}, r=reference(other, account, "s"), i=include(other, "s"))
        client = account.client()
        for entries in (
            {"a": reference(other, account, "s")},
            {"a": include(other, "s")},
            {"r": {"value": 1}},
            {"i": {"value": 1}},
            {"i": {"visibility": "true"}},
        ):
            answer = client.update_twin_ledger_entry(twin, body={"entries": entries})
            assert error(answer) == (400, "400592")
        assert values(account, twin) == {"a": 1, "r": 5, "i": 5}

    def test_of_values_takes_nothing_else(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1})
        client = account.client()
        for entry in ({"value": 2, "visibility": "true"}, {"visibility": "true"}, {}):
            answer = client.update_twin_ledger_entry_value(twin, body={"entries": {"a": entry}})
            assert error(answer) == (400, "400592")
        body(client.update_twin_ledger_entry_value(twin, body={"entries": {"a": {"value": 3}}}))
        assert values(account, twin) == {"a": 3}

    def test_of_values_is_a_permission_of_its_own(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1})
        only = {"effect": "allow", "actions": ["update_twin_ledger_entry_value"]}
        client = account.member(only).client()
        entries = {"entries": {"a": {"value": 3}}}
        assert error(client.update_twin_ledger_entry(twin, body=entries)) == (403, "403535")
        assert body(client.update_twin_ledger_entry_value(twin, body=entries))


class TestDelete:
    def test_takes_what_is_named_or_all(self, account: Account, twin: str) -> None:
        made = add(account, twin, a={"value": 1}, b={"value": 2}, c={"value": 3})
        client = account.client()
        gone = body(client.delete_twin_ledger_entry(twin, params={"entries": ["a", "x"]}))
        assert gone["entries"] == {"a": made["a"], "x": {"error": "Entry not found."}}
        gone = body(client.delete_twin_ledger_entry(twin))
        assert gone["entries"] == {"b": made["b"], "c": made["c"]}
        assert get(account, twin) == {}
        assert body(client.delete_twin_ledger_entry(twin)) == {"entries": {}}

    def test_and_add_again_gives_later_times(self, account: Account, twin: str) -> None:
        """A condition on a time never takes a new entry for the one that was deleted."""
        first = add(account, twin, a={"value": 1})["a"]
        body(account.client().delete_twin_ledger_entry(twin))
        assert (
            add(account, twin, a={"value": 1})["a"]["value_changed_ts"]
            > (first["value_changed_ts"])
        )


def test_each_account_has_a_ledger_of_its_own(account: Account, server: Server, twin: str) -> None:
    other = server.account()
    member = other.member(twin_rule="true", entry_rule="true")
    add(account, twin, a={"value": 1})
    add(member, twin, a={"value": 2}, b={"value": 3, "visibility": "true"})
    assert values(account, twin) == {"a": 1}
    assert values(member, twin) == {"a": 2, "b": 3}
    assert values(member, twin, account.account) == {}
    assert values(account.member(entry_rule="true"), twin, other.account) == {"b": 3}
