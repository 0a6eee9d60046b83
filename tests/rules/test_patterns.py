"""Regular expressions mean what they mean to Python, and take linear time."""

import itertools
import re

import pytest

from twinhold.rules import RuleSyntaxError, parse
from twinhold.rules.limits import begin
from twinhold.rules.patterns import compile_pattern

PATTERNS = [
    "a", "^a", "a$", "^$", "a|b$", "(a|b)+$", "(a+)+$", "a*?b", "a{2,3}", "[ab]+", "[^a]", r"\d+",
    r"\D", r"\w+$", r"\W", r"\s", r"\S+", r"[\s\d]", r"[^\s]", r"[^\W]", r"[\Wx]", r"\ba\b", ".",
    "a.b", "(?s)a.b", "(?i)AB", "(?i:A)b", "(?m)^b$", "(?a)\\w", "x?", "(?:ab)*", r"\Aa", r"b\Z",
    "(?x) a b", r"\u0041", r"\.", "[a-c-]", "]", "a$|b", "(a$)", "(?P<n>a)b", "[.]", r"[\]]",
    "\\t", "\n", "é", "(?i)É", "(?i)x(?-i:A)",
]  # fmt: skip
TEXTS = [
    "", "a", "b", "ab", "ba", "aab", "aaab", "a\n", "a\nb", "\n", "b\n", "a b", " ", "\t", "x1",
    "12", "A", "é", "É", "٣", "aé", "\u00a0", "\x1c", "]", ".", "-", "_", "a\n\n", "éa", "😀", "xa",
]  # fmt: skip


@pytest.fixture(autouse=True)
def budget() -> None:
    """Start an evaluation: patterns spend from its budget."""
    begin(1_000_000)


@pytest.mark.parametrize("regex", PATTERNS)
def test_it_finds_what_python_finds(regex: str) -> None:
    """Both from the start and anywhere."""
    ours, theirs = compile_pattern(regex), re.compile(regex)
    for text, method in itertools.product(TEXTS, ("match", "search")):
        if not text.isascii() and r"\b" in regex:
            continue
        assert bool(getattr(ours, method)(text)) is bool(getattr(theirs, method)(text)), text


def test_groups_are_python_s() -> None:
    """The text of each group; None for one that took no part."""
    found = compile_pattern("(é+)(x)?(b)").match("ééb")
    assert found is not None
    assert found.groups() == ("éé", None, "b")


@pytest.mark.parametrize("regex", [r"a+$\n", "(a$)+b", r"[^\Wa]", "(?<=a)b", r"(a)\1", "(", "a**"])
def test_what_has_no_bounded_equivalent_is_refused(regex: str) -> None:
    """With a message that says which part it is."""
    with pytest.raises(RuleSyntaxError, match="regular expression"):
        compile_pattern(regex)


def test_a_pattern_from_a_twin_has_the_same_bound() -> None:
    """What would be refused in a rule has no value when it comes from a twin."""
    rule = parse("TWIN.a =~ TWIN.b")
    assert rule.matches({"TWIN": {"a": "aaa", "b": "a+$"}})
    assert not rule.matches({"TWIN": {"a": "aaa", "b": "(?=a)a"}})
    assert not rule.matches({"TWIN": {"a": "a" * 30 + "b", "b": "(a+)+$"}})
