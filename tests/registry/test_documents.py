"""Bodies are read strictly; the quick reader and the strict one agree on what is accepted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError, NotJsonError, NotUtf8Error

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)
REFUSALS = (NotUtf8Error, NotJsonError, InvalidValueError)


@given(OBJECTS, st.booleans())
def test_what_json_writes_is_read_back(value: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert documents.parse_object(body) == value


@given(OBJECTS, st.text())
def test_the_text_of_a_member_is_what_was_sent(value: dict[str, Any], name: str) -> None:
    inner = json.dumps(value, indent=1)
    body = f'{{"before": 1, {json.dumps(name + "!")}: {inner}, "after": 2}}'.encode()
    documents.parse_object(body)
    assert documents.member_text(body, name + "!") == inner


@given(st.binary(max_size=60))
@example(b'{"a":1,"a":2}')
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = documents.parse_object(body)
    except REFUSALS:
        return
    assert isinstance(value, dict)


@given(st.text(alphabet='{}[]":,\\u0dD8aA1eE.+-tf nul ', max_size=40))
@example('{"\\ud800":1}')
@example('{"a":"\\ud83d\\ude00"}')
def test_what_is_accepted_is_json_without_ambiguity(text: str) -> None:
    try:
        documents.parse_object(text.encode())
    except REFUSALS:
        return
    pairs: list[list[str]] = []

    def note(members: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append([key for key, _ in members])
        return dict(members)

    if text:
        again = json.loads(text, object_pairs_hook=note)
        json.dumps(again, ensure_ascii=False).encode()
        assert all(len(keys) == len(set(keys)) for keys in pairs)


@pytest.mark.parametrize("levels", [1, 2, 63, 64])
def test_64_levels_are_read(levels: int) -> None:
    body = b'{"a":' * levels + b"1" + b"}" * levels
    documents.parse_object(body)


@pytest.mark.parametrize("levels", [65, 66, 1000, 30_000])
def test_more_levels_are_refused(levels: int) -> None:
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        inner = levels - 1
        body = b'{"a":' + opening * inner + b"1" + closing * inner + b"}"
        with pytest.raises(InvalidValueError, match="64 levels"):
            documents.parse_object(body)


def test_stored_numbers_of_any_size_are_decoded() -> None:
    value = documents.decode('{"a": 1e999, "b": ' + "7" * 5000 + "}")
    assert value["a"] == float("inf")
    assert str(value["b"]) == "7" * 5000


@given(st.lists(VALUES, max_size=5), st.booleans())
def test_an_array_is_read_as_strictly_as_an_object(value: list[Any], ascii_only: bool) -> None:  # noqa: FBT001
    """The same value passes, item by item as it was sent, and a flaw anywhere is found."""
    texts = [json.dumps(item, ensure_ascii=ascii_only, indent=1) for item in value]
    body = f" [ {', '.join(texts)} ] ".encode()
    assert documents.parse_array(body) == value
    assert documents.item_texts(body) == texts
    for flaw in (b'{"a": 1, "a": 2}', b"NaN", b'"\\ud800"', b'"\xff"', b"[" * 64 + b"]" * 64):
        with pytest.raises(REFUSALS):
            documents.parse_array(b"[" + flaw + b"," + body + b"]")


FLAWS = (
    b'{"a": 1, "a": 2}', b"NaN", b'"\\ud800"', b'"\xff"', b"1e999", b"9" * 5000, b"{]", b'"\\x"',
    b"[" * 63 + b"]" * 63, b"[" * 64 + b"]" * 64, b"[" * 9000 + b"]" * 9000,
)  # fmt: skip
BODIES = (
    st.lists(st.sampled_from(FLAWS) | VALUES.map(lambda value: json.dumps(value).encode())).map(
        lambda items: b"[ " + b" ,\n".join(items) + b"]"
    )
    | st.binary(max_size=40)
    | st.text(alphabet='{}[]":,\\u0dD8aA1eE.+-tf nul ', max_size=40).map(str.encode)
)


@given(BODIES)
def test_items_one_after_the_other_are_those_of_the_array(body: bytes) -> None:
    """And what is refused is refused with the same words, about the same place."""

    def outcome(read: Callable[[], object]) -> object:
        try:
            return read()
        except REFUSALS as error:
            return type(error), error.message, error.pointer

    def whole() -> object:
        return list(zip(documents.parse_array(body, 100), documents.item_texts(body), strict=True))

    assert outcome(lambda: list(documents.items(body, 100))) == outcome(whole)


def test_too_many_items_are_refused_before_any_is_read() -> None:
    for body in (b"[1, 2, 3, 4]", b'[{"a": 1, "a": 2}, 2, 3, 4]'):
        with pytest.raises(InvalidValueError, match="more than 3 items"):
            next(documents.items(body, 3))


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'"[]"', b"[", b"[1,]", b"[1] 2"])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(REFUSALS):
        documents.parse_array(body)


@pytest.mark.parametrize("item", [b"0", b"{}", b"[]", b'""'])
def test_more_values_than_memory_should_hold_are_refused(item: bytes) -> None:
    """A body of 32 MiB could else keep the server busy for a minute."""
    with pytest.raises(InvalidValueError, match="more than 2000000 values"):
        documents.parse_array(b"[" + b",".join([item] * (documents.MOST_VALUES + 1)) + b"]")


def test_a_large_body_of_few_values_is_read() -> None:
    text = "x" * (documents.MOST_VALUES + 1)
    assert documents.parse_array(f'["{text}"]'.encode()) == [text]
