"""Changes under conditions, and changes that are whole or absent (spec section 7.2)."""

import threading
from typing import Any

import pytest
from tests.dialect.trusted_twin.ledgers import add, get, new_twin, values
from tests.harness import Account, Server, body, error, reason

CLIENTS = 8
INCREMENTS = 12


@pytest.fixture
def twin(account: Account) -> str:
    return new_twin(account, description={"level": 3})


def change(account: Account, twin: str, entries: Any, **terms: Any) -> tuple[int, str]:
    sent = {"entries": entries, **terms}
    answer: tuple[int, str] = account.client().update_twin_ledger_entry(twin, body=sent)
    return answer


class TestConditions:
    @pytest.mark.parametrize(
        ("rule", "met"),
        [
            ("entry_value == 1", True),
            ("entry_value == 2", False),
            ("value == 1 and entry_name == 'a' and visibility == 'true'", True),
            ("ledger == account and entry_created_ts == entry_updated_ts", True),
            ("LEDGER.b == 5 and TWIN.level == 3", True),
            ("LEDGER.b > 'x'", False),
            ("value_changed_ts == null", False),
            ("value_changed_ts == {ts}", True),
        ],
    )
    def test_look_at_the_entry(self, account: Account, twin: str, rule: str, *, met: bool) -> None:
        made = add(account, twin, a={"value": 1, "visibility": "true"}, b={"value": 5})
        condition = rule.replace("{ts}", str(made["a"]["value_changed_ts"]))
        answer = change(account, twin, {"a": {"value": 9}}, conditions={"a": condition})
        assert ("error" not in body(answer)["entries"]["a"]) is met
        assert values(account, twin)["a"] == (9 if met else 1)

    def test_look_at_the_state_before_the_change(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1}, b={"value": 1})
        conditions = {"a": "entry_value == 1", "b": "LEDGER.a == 1"}
        body(change(account, twin, {"a": {"value": 2}, "b": {"value": 2}}, conditions=conditions))
        assert values(account, twin) == {"a": 2, "b": 2}

    def test_of_an_entry_that_is_not_there_see_null(self, account: Account, twin: str) -> None:
        client = account.client()
        for expected in ({}, {"error": "Entry already exists."}):
            sent: Any = {
                "entries": {"a": {"value": 1}},
                "conditions": {"a": "value_changed_ts == null"},
            }
            made = body(client.add_twin_ledger_entry(twin, body=sent))["entries"]["a"]
            assert made.items() >= expected.items()
        sent = {"entries": {"b": {"value": 1}}, "conditions": {"b": "entry_value == 1"}}
        made = body(client.add_twin_ledger_entry(twin, body=sent))["entries"]
        assert made == {"b": {"error": "Condition not met."}}

    def test_decide_what_is_deleted(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1}, b={"value": 2})
        sent = {"conditions": {"a": "entry_value == 2", "b": "entry_value == 2"}}
        gone = body(account.client().delete_twin_ledger_entry(twin, body=sent))["entries"]
        assert gone["a"] == {"error": "Condition not met."}
        assert gone["b"]["value"] == 2
        assert values(account, twin) == {"a": 1}

    @pytest.mark.parametrize(
        ("terms", "subcode"),
        [
            ({"conditions": {"a": "1 +"}}, "400589"),
            ({"conditions": {"a": 1}}, "400592"),
            ({"conditions": {f"a{n}": f"{n} == {n}" for n in range(101)}}, "400592"),
            ({"conditions": {f"a{n}": f"'{n:02}{'x' * 200}'" for n in range(99)}}, "400592"),
            ({"transaction": "yes"}, "400592"),
        ],
    )
    def test_that_are_none_are_refused(
        self, account: Account, twin: str, terms: Any, subcode: str
    ) -> None:
        add(account, twin, a={"value": 1})
        assert error(change(account, twin, {"a": {"value": 2}}, **terms)) == (400, subcode)
        assert values(account, twin) == {"a": 1}

    def test_that_take_too_long_together_hold_up_nobody(self, account: Account, twin: str) -> None:
        """They are evaluated while the ledger, and on SQLite the writer, waits."""
        names = [f"a{n}" for n in range(100)]
        add(
            account,
            twin,
            big={"value": list(range(5000))},
            **{name: {"value": 1} for name in names},
        )
        slow = "[x for x in LEDGER.big if x * {} % 7 == 1].length > 0"
        sent = {name: {"value": 2} for name in names}
        conditions = {name: slow.format(n + 1) for n, name in enumerate(names)} | {"a0": "true"}
        answer = change(account, twin, sent, conditions=conditions, transaction=True)
        assert error(answer) == (400, "400897")
        answers = body(change(account, twin, sent, conditions=conditions))["entries"]
        assert answers["a0"]["value"] == 2
        assert answers["a99"] == {"error": "Conditions take too long."}
        found = values(account, twin)
        assert [name for name in names if found[name] == 2] == ["a0"]


class TestTransaction:
    def test_is_refused_whole(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1, "history": "INF"}, b={"value": 1})
        before, client = get(account, twin), account.client()
        both = {"a": {"value": 2}, "b": {"value": 2}}
        for answer in (
            change(account, twin, both, conditions={"b": "false"}, transaction=True),
            change(account, twin, both | {"x": {"value": 1}}, transaction=True),
            change(account, twin, both, conditions={"x": "value == 1"}, transaction=True),
            client.add_twin_ledger_entry(
                twin, body={"entries": {"n": {"value": 1}, "a": {"value": 1}}, "transaction": True}
            ),
            client.delete_twin_ledger_entry(
                twin, body={"conditions": {"b": "false"}, "transaction": True}
            ),
        ):
            assert error(answer) == (400, "400897")
            assert get(account, twin) == before
        assert '"b"' in reason(
            change(account, twin, both, conditions={"b": "false"}, transaction=True)
        )

    def test_is_done_whole(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1}, b={"value": 1})
        both = {"a": {"value": 2}, "b": {"value": 2}}
        conditions = {"a": "LEDGER.b == 1", "other": "entry_value == null"}
        body(change(account, twin, both, conditions=conditions, transaction=True))
        assert values(account, twin) == {"a": 2, "b": 2}

    def test_null_is_none(self, account: Account, twin: str) -> None:
        add(account, twin, a={"value": 1})
        entries = {"a": {"value": 2}, "x": {"value": 2}}
        body(change(account, twin, entries, conditions=None, transaction=None))
        assert values(account, twin) == {"a": 2}


@pytest.mark.parametrize("rule", ["value_changed_ts == {value_changed_ts}", "value == {value}"])
def test_clients_that_increment_under_a_condition_lose_no_update(
    account: Account, twin: str, rule: str
) -> None:
    """Optimistic locking: read, change on condition that nothing has changed, or start over."""
    add(account, twin, n={"value": 0})

    def increment() -> None:
        client = account.client()
        done = 0
        while done < INCREMENTS:
            entry = body(client.get_twin_ledger_entry_value(twin))["entries"]["n"]
            sent = {
                "entries": {"n": {"value": entry["value"] + 1}},
                "conditions": {"n": rule.format(**entry)},
            }
            changed = body(client.update_twin_ledger_entry_value(twin, body=sent))
            done += "error" not in changed["entries"]["n"]

    threads = [threading.Thread(target=increment) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(account, twin) == {"n": CLIENTS * INCREMENTS}


def test_writers_without_conditions_keep_each_others_entries(
    account: Account, server: Server, twin: str
) -> None:
    """A ledger is one row; two writers of different entries both find theirs in it."""
    names = [f"w{n}" for n in range(CLIENTS)]

    def write(name: str) -> None:
        for n in range(INCREMENTS):
            add(account, twin, **{f"{name}_{n}": {"value": n}})

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(account, twin) == {f"{name}_{n}": n for name in names for n in range(INCREMENTS)}
