"""DTMI syntax: what each version allows, taking apart and putting together, generated ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold.dtdl import dtmi

SEGMENTS = st.from_regex(r"[A-Za-z](?:[A-Za-z0-9_]{0,8}[A-Za-z0-9])?", fullmatch=True)
SYSTEM = st.from_regex(r"_{1,2}[A-Za-z0-9](?:[A-Za-z0-9_]{0,8}[A-Za-z0-9])?", fullmatch=True)


@given(
    labels=st.lists(SEGMENTS | SYSTEM, min_size=1, max_size=5),
    major=st.integers(0, 999_999_999),
    minor=st.integers(0, 999_999),
    fragment=st.just("") | st.just("#") | SEGMENTS.map("#{}".format) | SYSTEM.map("#{}".format),
)
def test_taken_apart_and_put_together(
    labels: list[str], major: int, minor: int, fragment: str
) -> None:
    """Every DTMI is the text of its parts, and system segments make it reserved."""
    parts = dtmi.Dtmi(tuple(labels), major, minor if major else 0, fragment)
    text = str(parts)
    assert dtmi.is_dtmi(text)
    assert dtmi.parse(text) == parts
    system = any(label.startswith("_") for label in labels) or fragment.startswith("#_")
    assert parts.is_reserved is system
    assert dtmi.is_user(text, 3) is (not system and not fragment)
    assert dtmi.is_user(text, 2) is (not system and not fragment and major > 0 and parts.minor == 0)


@given(text=st.text(max_size=30) | st.text("dtmi:;#_a1.", max_size=30))
def test_any_text_is_judged(text: str) -> None:
    """Taking apart agrees with the verdict; nothing but ValueError is raised."""
    if dtmi.is_dtmi(text):
        assert str(dtmi.parse(text)) == text
    else:
        with pytest.raises(ValueError, match="is not a DTMI"):
            dtmi.parse(text)
        assert not dtmi.is_user(text, 2)
        assert not dtmi.is_user(text, 4)


@pytest.mark.parametrize(
    ("text", "v2", "later"),
    [
        ("dtmi:foo;1", True, True),
        ("dtmi:foo:bar_baz:A1;999999999", True, True),
        ("dtmi:foo:bar", False, True),
        ("dtmi:foo:bar;1.2", False, True),
        ("dtmi:foo:bar;1.123456", False, True),
        ("dtmi:foo:bar;1.1234567", False, False),
        ("dtmi:foo:bar;1.0", False, False),
        ("dtmi:foo:bar;0", False, False),
        ("dtmi:foo:bar;01", False, False),
        ("dtmi:foo:bar;1234567890", False, False),
        ("dtmi:foo:bar;", False, False),
        ("dtmi:foo:_bar;1", False, False),
        ("dtmi:foo:bar_;1", False, False),
        ("dtmi:foo:1bar;1", False, False),
        ("dtmi:foo::bar;1", False, False),
        ("dtmi:;1", False, False),
        ("DTMI:foo;1", False, False),
        ("dtmi:foo;1#f", False, False),
        ("dtmi:foo;1\n", False, False),
        ("dtmi:fóó;1", False, False),
        ("dtmi:foo;\uff11", False, False),
    ],
)
def test_ids_of_documents(text: str, *, v2: bool, later: bool) -> None:
    """v2 wants a version of one part; later versions allow none, or two parts."""
    assert dtmi.is_user(text, 2) is v2
    assert dtmi.is_user(text, 3) is later
    assert dtmi.is_user(text, 4) is later


def test_generated_ids() -> None:
    """One segment for a singular property, two for a plural one, before the version."""
    contents = dtmi.generated("dtmi:a:b;1", "contents", "distance")
    assert contents == "dtmi:a:b:_contents:__distance;1"
    assert dtmi.generated(contents, "schema", None) == "dtmi:a:b:_contents:__distance:_schema;1"
    assert dtmi.generated("dtmi:a:b", "contents", "x") == "dtmi:a:b:_contents:__x"
    assert dtmi.parse(contents).is_reserved


def test_versions_are_ordered() -> None:
    """The minor part counts less than any major part."""
    ordered = ["dtmi:a;1", "dtmi:a;1.2", "dtmi:a;1.11", "dtmi:a;1.999999", "dtmi:a;2"]
    numbers = [dtmi.parse(text).complete_version for text in ordered]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)
