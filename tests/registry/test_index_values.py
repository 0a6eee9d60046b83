"""Index values sort like the values they stand for, and a span misses none."""

import math

from hypothesis import given
from hypothesis import strategies as st

from twinhold.registry.index_values import index_value, span_of
from twinhold.registry.searches import COLUMNS
from twinhold.rules import parse

NUMBERS = st.integers() | st.floats(allow_nan=False)
TEXTS = st.text()
SCALARS = NUMBERS | TEXTS | st.booleans()


def text_of(value: object) -> str:
    text = index_value(value)
    assert text is not None
    return text


@given(NUMBERS, NUMBERS)
def test_numbers_sort_as_numbers(a: float, b: float) -> None:
    if a <= b:
        assert text_of(a) <= text_of(b)


@given(TEXTS, TEXTS)
def test_texts_sort_as_texts(a: str, b: str) -> None:
    if a <= b:
        assert text_of(a) <= text_of(b)


@given(SCALARS)
def test_equal_values_have_one_text(value: object) -> None:
    same: list[object] = [value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        same.append(float(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        same.append(int(value))
    assert len({text_of(each) for each in same}) == 1
    assert "\0" not in text_of(value)


def test_what_is_no_scalar_is_not_indexed() -> None:
    nothing: list[object] = [None, [], {}, [1]]
    assert [index_value(value) for value in nothing] == [None] * 4


def test_numbers_beyond_a_double_have_a_place() -> None:
    assert text_of(10**400) == text_of(math.inf)
    assert text_of(-(10**400)) < text_of(-1e308)
    assert text_of(-0.0) == text_of(0)


@given(SCALARS, SCALARS, st.sampled_from(["==", "<", "<=", ">", ">="]))
def test_a_span_has_every_value_for_which_the_rule_holds(
    value: object, bound: object, operator: str
) -> None:
    rule = parse(f"TWIN.v {operator} DICT.bound")
    scope = {"TWIN": {"v": value}, "DICT": {"bound": bound}}
    seeks = rule.seeks(COLUMNS, {"DICT": {"bound": bound}})
    if seeks is None or not rule.matches(scope):
        return
    spans = [span for seek in seeks if (span := span_of(seek)) is not None]
    assert any(span.low <= text_of(value) <= span.high for span in spans)
