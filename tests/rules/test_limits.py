"""Hostile rules are refused, or bounded: none may stop the server.

The limits of time are generous multiples of what the slowest machine needs; without the bounds
these rules would take minutes or all memory.
"""

import random
import time

import pytest

from twinhold.rules import RuleSyntaxError, parse

REFUSED = {
    "a long text": "a or " * 1_000 + "a",
    "too long": " " * 4_097,
    "a chain": " or ".join(["a"] * 500),
    "a chain of 5 000": " and ".join(["TWIN.a"] * 5_000),
    "brackets": "(" * 2_000 + "1" + ")" * 2_000,
    "arrays": "[" * 30 + "]" * 30,
    "open brackets": "[{(" * 1_000,
    "signs": "-" * 4_000 + "1",
    "negations": "not " * 1_000 + "1",
    "ternaries": "a ? " * 1_000,
    "attributes": "a" + ".b" * 2_000,
    "a wide shift": "1 << 1000000000",
    "shifts": "1 << 9000 << 9000 << 9000 << 9000 << 9000 << 9000",
    "an exponent": "1e999999999 == a",
    "a tower": "9e999 ** 9e999 ** 9e999",
    "look-ahead": "a =~ '(?=a)b'",
    "a reference": r"a =~ r'(a)\1'",
    "an atomic group": "a =~ '(?>a+)b'",
    "a large repetition": "a =~ '((a{1,900}){1,900}){1,900}'",
    "nested groups": "a =~ '" + "(" * 900 + ")" * 900 + "'",
    "many expressions": " or ".join(f"a =~ 'x+{n}'" for n in range(50)),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_outside_the_bounds_is_refused(text: str) -> None:
    """Whatever the library would do with it."""
    started = time.process_time()
    with pytest.raises(RuleSyntaxError):
        parse(text)
    assert time.process_time() - started < 0.5


def nested(depth: int) -> str:
    """Return a comprehension that doubles a text once a level."""
    inner = nested(depth - 1) if depth else "['aaaaaaaaaaaaaaaa']"
    return f"[x{depth} + x{depth} for x{depth} in {inner}]"


BOUNDED = [
    "TWIN.text =~ '(a+)+$' and TWIN.text =~ '(a|aa)+$'",
    "TWIN.word =~~ '[ab]*a[ab]{200}c'",
    "TWIN.word =~~ '(a?){40}a{40}'",
    "TWIN.word =~~ TWIN.text",
    "$range(1000000000000)",
    "$range(0, -1000000000, -1)",
    "[[[1 for a in $range(900)] for b in $range(900)] for c in $range(900)]",
    "[[[a for a in TWIN.list] for b in TWIN.list] for c in TWIN.list]",
    "$map($range, $range(900))",
    nested(20),
    " or ".join(["TWIN.list == USER.list"] * 60),
    " or ".join(["'zz' in TWIN.list"] * 90),
    " or ".join(["TWIN.text.as_upper == 'b'"] * 90),
    " or ".join(["TWIN.list[3] ** 0.37 < 0"] * 60),
    "TWIN.text.to_ary == TWIN.text.to_set",
    "TWIN.digits.to_int > 4",
    "$parse_float('1e999999999').floor",
    "$map($parse_datetime, TWIN.dates)",
    "[e.encode('x' + e) for e in TWIN.dates]",
    "TWIN.deep == USER.deep",
    "TWIN.deep < USER.deep",
    "$split(TWIN.word, 'a').length",
]


@pytest.fixture(scope="module")
def heavy() -> dict[str, object]:
    """Return the variables of a twin of 64 kB several times over."""
    letters = random.Random(1)
    deep: object = 1
    for _ in range(900):
        deep = [deep]
    twin = {
        "text": "a" * 64_000,
        "word": "".join(letters.choice("ab") for _ in range(64_000)),
        "digits": "1" * 64_000,
        "list": list(range(12_000)),
        "dates": ["2020-01-01"] * 5_000,
        "deep": deep,
    }
    return {"TWIN": twin, "USER": dict(twin, list=list(range(12_000)))}


@pytest.mark.parametrize("text", BOUNDED)
def test_evaluation_is_bounded(text: str, heavy: dict[str, object]) -> None:
    """On the largest twin the worst rule is done in a few milliseconds."""
    rule = parse(text)
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        rule.matches(heavy)
        best = min(best, time.process_time() - started)
    assert best < 0.05


def test_the_longest_rules_are_read_soon() -> None:
    """At the bounds, reading takes some milliseconds."""
    text = "TWIN.a in [" + ", ".join(f"'{n}'" for n in range(590)) + "]"
    started = time.process_time()
    assert parse(text).matches({"TWIN": {"a": "17"}})
    assert time.process_time() - started < 0.5


def test_one_rule_s_work_is_not_the_next_one_s(heavy: dict[str, object]) -> None:
    """A rule that used up its budget leaves a full one."""
    assert not parse("[[x for x in TWIN.list] for y in TWIN.list]").matches(heavy)
    assert parse("TWIN.list[0:3] == [0, 1, 2]").matches(heavy)
