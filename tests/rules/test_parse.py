"""A rule is read once, by the library's grammar; an error says what is wrong and where."""

import threading

import pytest

from twinhold.rules import Rule, RuleSyntaxError, parse


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("TWIN.a ==", 9),
        ("a = b", 2),
        ("1 < 2 < 3", 6),
        ("a && b", 3),
        ("a and (b or", 11),
        ("a ! b", 2),
        ("'open", 0),
    ],
)
def test_a_syntax_error_says_where(text: str, position: int) -> None:
    """The position is that of the first character that does not fit."""
    with pytest.raises(RuleSyntaxError, match="not valid") as caught:
        parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text", ["1 + 'a'", "'a' < 1", "a =~ 1", "null.x", "a =~ '('", "-'a'", "007"]
)
def test_constants_that_do_not_fit_are_refused(text: str) -> None:
    """What can never have a value is an error of the text."""
    with pytest.raises(RuleSyntaxError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("TWIN.a == USER.a", {"TWIN", "USER"}),
        ("account == twin_owner", {"account", "twin_owner"}),
        ("[x for x in TWIN.a if x > y]", {"TWIN", "y"}),
        ("[x for x in x]", {"x"}),
        ("$now > d'2020-01-01' or true", set()),
        ("{'a': TWIN.x, role: 1}.a", {"TWIN", "role"}),
        ("TWIN[entry_name][a:b]", {"TWIN", "entry_name", "a", "b"}),
    ],
)
def test_variables_are_the_names_a_scope_needs(text: str, names: set[str]) -> None:
    """Names bound by a comprehension and names of the library are not among them."""
    assert parse(text).variables == names


def test_parsing_is_cached() -> None:
    """The same text gives the same rule."""
    assert parse("TWIN.a == 1") is parse("TWIN.a == 1")


def test_rules_are_read_in_many_threads() -> None:
    """The library's parser is not reentrant; a lock keeps threads apart."""
    found: list[Rule] = []

    def read(start: int) -> None:
        found.extend(parse(f"TWIN.a == {start + step} and (b in [1, 2])") for step in range(40))

    threads = [threading.Thread(target=read, args=(start * 1000,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 320
    for rule in found:
        number = int(rule.text.split()[2])
        assert rule.matches({"TWIN": {"a": number}, "b": 2})
        assert not rule.matches({"TWIN": {"a": number + 1}, "b": 2})


def test_a_backslash_before_any_character_stands_for_itself() -> None:
    """Python would warn of such escapes; in a regular expression they are wanted."""
    assert parse(r"a =~ '\d+\.\w'").matches({"a": "12.x"})
    assert parse(r"a == '\t\x41\'\\'").matches({"a": "\tA'\\"})
