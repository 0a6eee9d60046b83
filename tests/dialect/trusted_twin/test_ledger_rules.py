"""`LEDGER` in the rules of scans: what SQL says beforehand must never differ from the rule."""

import random
from typing import Any

import pytest
from tests.dialect.trusted_twin.ledgers import add, include, new_twin, reference, values
from tests.harness import Account, body

RULES = [
    "LEDGER.n > 3",
    "LEDGER.n == 4",
    "LEDGER.n != 4",
    "not LEDGER.n > 3",
    "LEDGER.n == null",
    "LEDGER.missing == null",
    "LEDGER.o.x == 'é'",
    "LEDGER.o.x == null",
    "LEDGER['n'] == 4",
    "LEDGER&['n'] == 4",
    "LEDGER.l.length == 2",
    "'a' in LEDGER.l",
    "LEDGER.s =~ 'a.c'",
    "LEDGER.s in ['abc', 4]",
    "LEDGER.t",
    "not LEDGER.t",
    "LEDGER == null",
    "LEDGER.n > 3 and TWIN.k == 1",
    "LEDGER.n > 3 or TWIN.k == 1",
    "LEDGER.value == 1",
    "LEDGER.keys.length > 2",
    "entry_name == null and LEDGER.n > 3",
]


@pytest.fixture
def twins(account: Account) -> dict[str, dict[str, Any]]:
    """Twins by what `LEDGER` shows of them, references and includes among it."""
    choose = random.Random(1)
    options: dict[str, list[Any]] = {
        "n": [1, 3, 3.5, 4, 4.0, 10**20, "4", None, True],
        "o": [{"x": "é"}, {"x": None}, {}, [1], "x"],
        "l": [["a", "b"], ["b"], {"a": 1}, "abc", "\0"],
        "s": ["abc", "a\u0000c", "", 4],
        "t": [True, False, 0, "", "x", None],
        "value": [1, {"value": 2}],
    }
    other = new_twin(account)
    add(
        account,
        other,
        **{
            f"{name}{n}": {"value": value}
            for name, kept in options.items()
            for n, value in enumerate(kept)
        },
    )
    made = {other: values(account, other)}
    for k in range(60):
        twin = new_twin(account, description={"k": k % 2})
        entries = {}
        for name, kept in options.items():
            place = choose.randrange(len(kept))
            entries[name] = choose.choice(
                [
                    {"value": kept[place]},
                    {"value": kept[place]},
                    reference(other, account, f"{name}{place}"),
                    include(other, f"{name}{place}"),
                ]
            )
        names = choose.sample(list(entries), choose.randrange(len(entries) + 1))
        if k % 3:
            entries = {name: one for name, one in entries.items() if "include" not in one}
        add(account, twin, **{name: entries[name] for name in names if name in entries})
        made[twin] = values(account, twin)
    return made


@pytest.mark.parametrize("rules", [RULES[:11], RULES[11:]], ids=["one", "two"])
def test_a_match_finds_what_the_rule_says(
    account: Account, twins: dict[str, dict[str, Any]], rules: list[str]
) -> None:
    """The explanation evaluates the rule in Python on one twin; the scan asks SQL first."""
    client = account.client()
    for rule in rules:
        found = body(client.scan_twins(params={"match": rule, "count": 1000}))["twins"]
        filled = body(client.scan_twins(params={"match": rule, "count": 1000, "fill": True}))
        told = {
            twin: account.request("POST", "/rules/explain", json={"rule": rule, "twin": twin})
            for twin in twins
        }
        expected = [twin for twin, answer in told.items() if answer.json()["verdict"]]
        assert found == filled["twins"] == expected, rule
