"""Odd JSON, and sound texts and documents with something changed: what the requests are made of."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

_ODD_NUMBERS = ["1e999", "-1e-999", "9" * 400, "-0.0", "1E400", "0.1e1", "123456789012345678901"]
_ODD_TEXTS = ['"\\ud800"', '"\\u0000"', '"\\udfff\\ud800"', '"\u202e"', '"' + "a" * 5000 + '"']
_ODD_WORDS = ["NaN", "Infinity", "-", "nul", "01", "1.", '"', "[", "{}", "[]", "\ufeff{}", "\x00"]

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "a\x00b", "x" * 300, "2024-02-30T00:00:00Z", "dtmi:fuzz:Room;1"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """A text with up to four cuts, insertions, repetitions and changed bytes."""
    found = bytearray(text)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.integers(0, 8)))
        kind = draw(st.sampled_from("drib"))
        if kind == "d":
            del found[start:end]
        elif kind == "r":
            found[start:start] = found[start:end] * draw(st.sampled_from((1, 2, 50)))
        else:
            found[start : end if kind == "b" else start] = draw(st.binary(max_size=6))
    return bytes(found)


@st.composite
def reshaped(draw: st.DrawFn, document: Any) -> Any:
    """A JSON value with one of its places taken by any other value, doubled or left out."""
    if not isinstance(document, dict | list) or not document or draw(st.integers(0, 3)) == 0:
        return draw(values)
    keys: Sequence[Any] = list(document) if isinstance(document, dict) else range(len(document))
    key = draw(st.sampled_from(keys))
    copy = document.copy()
    kind = draw(st.sampled_from(("change", "change", "change", "leave", "double")))
    if kind == "leave":
        del copy[key]
    elif kind == "double" and isinstance(copy, list):
        copy.append(copy[key])
    else:
        copy[key] = draw(reshaped(copy[key]))
    return copy


def to_json(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value).encode(errors="surrogatepass")


def _nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


odd_json = st.one_of(
    st.sampled_from([*_ODD_NUMBERS, *_ODD_TEXTS, *_ODD_WORDS]).map(
        lambda text: text.encode(errors="surrogatepass")
    ),
    st.sampled_from([*_ODD_NUMBERS, *_ODD_TEXTS]).map(
        lambda text: f'{{"description":{{"a":{text}}}}}'.encode(errors="surrogatepass")
    ),
    st.builds(_nested, st.sampled_from((63, 64, 65, 1000, 8000)), st.just("["), st.just("]")),
    st.builds(_nested, st.sampled_from((63, 64, 65, 1000)), st.just('{"a":'), st.just("}")),
    st.just(b'{"description":{"a":1,"a":2},"description":{}}'),
    values.map(to_json),
    st.binary(max_size=40),
)
