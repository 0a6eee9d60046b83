"""What rules answer: the table of trusted-twin.md, 4.5, and the corners the library has."""

from decimal import Decimal

import pytest
from tests.rules.sampling import Oracle, compare

from twinhold.rules import RuleEvaluationError, parse

SCOPE: dict[str, object] = {
    "A": {"x": 5, "s": "abc", "l": [1, 2, 3], "keys": "shadowed", "t": True, "n": None},
    "TWIN": {
        "company": "b",
        "big": 10**23,
        "near": 1e23,
        "zero": 0,
        "tenth": 0.1,
        "bigs": [10**23],
        "nears": [1e23],
        "list": [{"a": 1}],
    },
    "now": 1707997392.123,
}
HOLDS = [
    "TWIN.missing == USER.missing",
    "A.missing == null",
    "UNKNOWN.x.y == null",
    "A.missing != 'x'",
    "null <= null",
    "A&['missing'] == null",
    "A.l&[10] == null",
    "not A.x == 'z'",
    "A['keys'] == 'shadowed'",
    "A.keys.length == 6",
    "A.x",
    "true",
    "0.1 + 0.2 == 0.3",
    "now == 1707997392.123",
    "TWIN.big == TWIN.near",
    "TWIN.near in [TWIN.big]",
    "TWIN.near in TWIN.bigs and TWIN.big in TWIN.nears",
    "TWIN.near == 100000000000000000000000",
    "TWIN.near in [100000000000000000000000]",
    "TWIN.near >= 100000000000000000000000",
    "TWIN.tenth in [0.1, 'a'] and 0.1 in [TWIN.tenth]",
    "A.x == 5.0 and A.x >= 5 and A.x < 5.5",
    "A.n =~ null",
    "A.s =~ 'ab' and A.s !~ 'b' and A.s =~~ 'b'",
    "'b' in A.s and 2 in A.l and 'x' in A",
    "2 ** 3 ** 2 == 64",
    "A.x & 1 == 1",
    "[v * 2 for v in A.l if v > 1] == [4, 6]",
    "A.s =~ '(a)(b)' and $re_groups == ['a', 'b']",
    "d'2020-01-01' + t'P1D' == d'2020-01-02'",
    "{1, 2} == {2, 1} and [true] == [1]",
    "A.s[0] == 'a' and A.l[-1] == 3 and A.s[1:] == 'bc'",
    "A.missing ?? 'x' == 'x'",
    "(A.t ? 'yes' : 'no') == 'yes'",
    "TWIN.list[0].a == 1",
]
FAILS = [
    "A.missing == 'x'",
    "True",
    "null > null",
    "A.missing =~ 'x'",
    "A.missing in ['a']",
    "'12' == 12",
    "true == 1",
    "TWIN.zero == false",
    "'' == null",
    "{}",
    "A.t == A.n and A.t > 1",
]
HAS_NO_VALUE = [
    "A.missing > 3",
    "A.missing + 1",
    "A.s < 3",
    "'a' in A.missing",
    "A['missing']",
    "A.l[10]",
    "A.x / 0",
    "A.l[0.5]",
    "A.x =~ 'a'",
    "A.s()",
    "{{'a': 1}}",
    "[v for v in A.s]",
    "A.t < 1",
]


@pytest.mark.parametrize("text", HOLDS)
def test_it_holds(text: str) -> None:
    """The rule is true, and true to the library."""
    assert parse(text).matches(SCOPE)
    assert Oracle(text).answer(SCOPE)


@pytest.mark.parametrize("text", FAILS)
def test_it_does_not_hold(text: str) -> None:
    """The rule has a value that is false, and false to the library."""
    assert not parse(text).evaluate(SCOPE)
    assert not Oracle(text).answer(SCOPE)


@pytest.mark.parametrize("text", HAS_NO_VALUE)
def test_it_has_no_value(text: str) -> None:
    """The rule cannot be evaluated, which denies."""
    rule = parse(text)
    assert not rule.matches(SCOPE)
    assert Oracle(text).answer(SCOPE) is RuleEvaluationError
    with pytest.raises(RuleEvaluationError):
        rule.evaluate(SCOPE)


def test_values_are_the_library_s() -> None:
    """Numbers come out as Decimal and arrays as tuples."""
    assert repr(parse("TWIN.list[0].a").evaluate(SCOPE)) == "Decimal('1')"
    assert parse("A.l").evaluate(SCOPE) == (Decimal(1), Decimal(2), Decimal(3))


def test_missing_namespaces_are_null() -> None:
    """A scope may lack everything."""
    assert parse("TWIN.a == null and account == null").matches({})


def test_now_and_random_are_evaluated_each_time() -> None:
    """They are the only names whose value is not that of the scope."""
    assert parse("$random() != $random() and $now > d'2020-01-01'").matches({})


@pytest.mark.parametrize("seed", range(7))
def test_random_rules_answer_as_the_library_does(seed: int) -> None:
    """Value, error and truth are the library's on random rules and random twins."""
    assert compare(300, seed) == 3_000
