"""Seeks are necessary: wherever a rule holds, one of its seeks does."""

import pytest
from tests.rules.sampling import Sampler

from twinhold.rules import Columns, Hidden, Json, Seek, parse

COLUMNS: Columns = {"TWIN": Json("description"), "LEDGER": Hidden(), "twin_status": Hidden()}


def one(attribute: str, value: str | float | bool) -> Seek:  # noqa: FBT001 - a value like others
    """Return the seek of one value."""
    return Seek(attribute, value, value)


def above(attribute: str, value: str | float, *, inclusive: bool = False) -> Seek:
    """Return the seek of what is above a value."""
    return Seek(attribute, value, None, low_inclusive=inclusive)


def below(attribute: str, value: str | float, *, inclusive: bool = False) -> Seek:
    """Return the seek of what is below a value."""
    return Seek(attribute, None, value, high_inclusive=inclusive)


SEEKS: list[tuple[str, list[Seek] | None]] = [
    ("TWIN.a == 'x'", [one("a", "x")]),
    ("'x' == TWIN['a']", [one("a", "x")]),
    ("TWIN.a == USER.a", [one("a", 5)]),
    ("TWIN.a == null", None),
    ("TWIN.a != 'x'", None),
    ("not TWIN.a != 'x'", [one("a", "x")]),
    ("TWIN.a > 3", [above("a", 3)]),
    ("3.5 >= TWIN.a", [below("a", 3.5, inclusive=True)]),
    ("not TWIN.a > 3", [below("a", 3, inclusive=True)]),
    ("TWIN.a >= 1 and TWIN.a < 5", [Seek("a", 1, 5, high_inclusive=False)]),
    ("TWIN.a > 1 and TWIN.b == 'x' and LEDGER.c == 1", [one("b", "x")]),
    ("TWIN.a == 'x' or TWIN.b == 2", [one("a", "x"), one("b", 2)]),
    ("TWIN.a == 'x' or LEDGER.b == 2", None),
    ("TWIN.a in ['x', 7]", [one("a", "x"), one("a", 7)]),
    ("TWIN.a in [1]", [one("a", 1), one("a", value=True)]),
    ("TWIN.a in ['x', null]", None),
    ("TWIN.a in USER.list and twin_status == 'alive'", [one("a", "p"), one("a", "q")]),
    ("TWIN.a.b == 1", None),
    ("TWIN.keys == 1", None),
    ("TWIN.a == 1 and account == 'other'", []),
    ("TWIN.a == 1 or account == 'other'", [one("a", 1)]),
    ("TWIN.a == USER.missing + 1", []),
    ("account == 'me' ? TWIN.a == 1 : TWIN.b == 1", [one("a", 1)]),
    ("TWIN.c ? TWIN.a == 1 : TWIN.b == 1", [one("a", 1), one("b", 1)]),
    ("TWIN.a < 'x' and TWIN.a > 3", [below("a", "x")]),
    ("TWIN.a == true", [one("a", value=True)]),
    ("TWIN.a > $random()", None),
]


@pytest.mark.parametrize(("text", "expected"), SEEKS)
def test_seeks(text: str, expected: list[Seek] | None) -> None:
    """The most selective condition of an `and`, all of an `or`."""
    scope = {"account": "me", "USER": {"a": 5, "list": ["p", "q"]}}
    found = parse(text).seeks(COLUMNS, scope)
    assert repr(found) == repr(expected)


def finds(seek: Seek, twin: dict[str, object]) -> bool:
    """Tell whether an index of the attributes of one twin finds it."""
    value = twin.get(seek.attribute)
    if seek.equality:
        return type(value) in _same(seek.low) and value == seek.low
    bound = seek.high if seek.low is None else seek.low
    if type(value) not in _same(bound):
        return False
    return _within(value, seek)


def _same(value: object) -> tuple[type, ...]:
    return (int, float) if type(value) in (int, float) else (type(value),)


def _within(value: object, seek: Seek) -> bool:
    low, high = seek.low, seek.high
    above_low = low is None or value > low or (seek.low_inclusive and value == low)  # type: ignore[operator]
    below_high = high is None or value < high or (seek.high_inclusive and value == high)  # type: ignore[operator]
    return bool(above_low and below_high)


def test_random_rules_hold_only_where_a_seek_does() -> None:
    """2 000 random rules on five random twins each."""
    sampler, useful = Sampler(3), 0
    for _ in range(2_000):
        text, rule, _ = sampler.rule()
        scope = sampler.scope()
        seeks = rule.seeks(COLUMNS, scope)
        if seeks is None:
            continue
        useful += 1
        for _ in range(5):
            scope = scope | {name: sampler.scope()[name] for name in COLUMNS}
            if rule.matches(scope):
                twin = scope["TWIN"]
                assert isinstance(twin, dict)
                assert any(finds(seek, twin) for seek in seeks), (text, seeks, twin)
    assert useful > 100
