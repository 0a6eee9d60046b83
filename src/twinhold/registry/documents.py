"""JSON documents: read strictly, kept as their sender wrote them.

A document is stored as text and spliced into answers unchanged, so big integers and long decimals
survive. That is safe only when every reader agrees on what the text means; so texts that readers
are known to disagree on (duplicate keys, lone surrogates, NaN) are refused at the door (RFC 7493).
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain, count
from typing import Any

import msgspec

from twinhold.registry.errors import InvalidValueError, NotJsonError, NotUtf8Error, quoted

DEEPEST = 64
MOST_VALUES = 2_000_000
"""Values of a body, or what looks like some: each costs some 60 bytes once it is decoded."""

_MOST_DIGITS = 4000
_KEY = re.compile(r"[a-z_][0-9a-z_]{0,63}")
_KEY_END = re.compile(rb'"\s*:')
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a request's body holds; an absent body is an empty object.

    Numbers beyond a double or of more than 4000 digits are read as `inf` or `Decimal`: good enough
    to judge a document by, while its text is what is kept.

    Raises:
        NotUtf8Error: the body is not UTF-8.
        NotJsonError: it is not JSON, repeats a key, or holds a lone surrogate.
        InvalidValueError: it is no object, or nested deeper than `DEEPEST` levels.
    """
    if not body:
        return {}
    value = _parse(body)
    if not isinstance(value, dict):
        raise InvalidValueError(f"The body must be a JSON object, not {kind(value)}.", "")
    return value


def parse_array(body: bytes, most: int = sys.maxsize) -> list[Any]:
    """The JSON array that a request's body holds, read as `parse_object` reads objects.

    Args:
        body: of the request.
        most: items that it may hold; more are refused before they are looked into.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: it is no array, too long, or nested deeper than `DEEPEST` levels.
    """
    value = _parse(body, most)
    if not isinstance(value, list):
        raise InvalidValueError(f"The body must be a JSON array, not {kind(value)}.", "")
    _check_length(value, most)
    return value


def items(body: bytes, most: int) -> Iterator[tuple[Any, str]]:
    """The items of the array that a body holds, one after the other, each with its text.

    They are read as `parse_array` reads them, but are not all in memory at once: decoded, a list
    of small objects takes five times what its text does.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: see `parse_array`; when the first such item
            is reached.
    """
    _check_amount(body)
    _decoded(body)
    try:
        found = _items(body)
    except (msgspec.MsgspecError, RecursionError):
        yield from zip(parse_array(body, most), item_texts(body), strict=True)
        return
    _check_length(found, most)
    for item in map(bytes, found):
        text = item.decode()
        try:
            value = _read(text, item, levels=DEEPEST - 1)
        except (NotJsonError, InvalidValueError):
            parse_array(body, most)  # whose error says where in the body it is
            raise
        yield value, text


def item_texts(body: bytes) -> list[str]:
    """The texts of the items of an array that `parse_array` has accepted."""
    return [bytes(item).decode() for item in _items(body)]


def raw_members(text: str) -> dict[str, msgspec.Raw]:
    """The members of an object that is part of what was accepted, as they were sent."""
    return _members(text)


def member_text(body: bytes, name: str) -> str:
    """The text of one member of an object that `parse_object` has accepted."""
    return bytes(_members(body)[name]).decode()


def decode(text: str) -> Any:
    """The value of a stored document."""
    try:
        return _decode(text)
    except msgspec.MsgspecError:
        return json.loads(text, parse_int=_integer)


def encode(value: object) -> str:
    """The text of a value, as the store takes it."""
    return msgspec.json.encode(value).decode()


def check_description_keys(keys: Iterable[str], pointer: str = "/description") -> None:
    """Refuse a key that does not match `^[a-z_][0-9a-z_]{0,63}$` (seeds 000 and 002).

    Raises:
        InvalidValueError: names the first such key.
    """
    for key in keys:
        if not _KEY.fullmatch(key):
            raise InvalidValueError(
                f"The key {quoted(key)} must match ^[a-z_][0-9a-z_]{{0,63}}$.",
                f"{pointer}/{escape(key[:64])}",
            )


def escape(key: str) -> str:
    """A key as one token of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def kind(value: object) -> str:
    """What a JSON value is called in a message."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def is_shallow(value: object, levels: int = DEEPEST) -> bool:
    """Whether a value has no more levels than allowed."""
    level = [value]
    for _ in range(levels):
        dicts = (item.values() for item in level if isinstance(item, dict))
        lists = (item for item in level if isinstance(item, list))
        level = list(chain.from_iterable(chain(dicts, lists)))
    return not any(isinstance(item, dict | list) for item in level)


def _check_amount(body: bytes) -> None:
    """Refuse a body of too many values, before memory is spent on them."""
    if len(body) > MOST_VALUES and sum(map(body.count, (b",", b"{", b"["))) > MOST_VALUES:
        raise InvalidValueError(f"The body holds more than {MOST_VALUES} values.", "")


def _check_length(value: object, most: int) -> None:
    if isinstance(value, list) and len(value) > most:
        raise InvalidValueError(f"The array has more than {most} items.", "")


def _parse(body: bytes, most: int = sys.maxsize) -> Any:
    _check_amount(body)
    return _read(_decoded(body), body, most)


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8Error(f"The body is not UTF-8 at byte {error.start}.") from None


def _read(text: str, body: bytes, most: int = sys.maxsize, levels: int = DEEPEST) -> Any:
    """Decode, and look closer only at texts in which something may hide."""
    try:
        value = _decode(text)
    except (msgspec.MsgspecError, RecursionError):
        value = None
    else:
        _check_length(value, most)
        few_levels = body.count(b"{") + body.count(b"[") <= levels or is_shallow(value, levels)
        # Looking for one byte first is four times faster, and most texts have none.
        no_escape = b"\\" not in body or b"\\u" not in body
        if few_levels and no_escape and says_all(value, body):
            return value
    return _inspect(text, value, levels)


def says_all(value: object, body: bytes) -> bool:
    """Whether a value tells all that its text said: an object that repeats a key has less.

    So has one whose decoder passed over a key. A compact text comes out again as it was; in others
    the keys are counted.
    """
    return _encode(value) == body or _repeats_no_key(body, _count_keys(value))


def _repeats_no_key(body: bytes, keys: int) -> bool:
    """Whether a body that was decoded to so many keys wrote no more; false where that is unclear.

    Colons inside of texts only add to a count, so a count that is equal proves it.
    """
    return body.count(b":") == keys or len(_KEY_END.findall(body)) == keys


def _count_keys(value: object) -> int:
    """Keys in a value at all levels; an object that repeats a key has fewer than were written."""
    keys, values = 0, [value]
    for item in values:  # which grows on the way
        if isinstance(item, dict):
            keys += len(item)
            values.extend(item.values())
        elif isinstance(item, list):
            values.extend(item)
    return keys


def _inspect(text: str, value: object, levels: int) -> Any:
    """Read with the slower, stricter reader, which sees each key and each constant."""
    try:
        strict = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    _check_tree(strict, levels)
    return strict if value is None else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJsonError(f"The key {quoted(key)} occurs twice in one object.")
    return members


def _integer(digits: str) -> int | Decimal:
    """Python refuses to make integers of very many digits; a decimal holds them."""
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)


def _refuse_constant(name: str) -> None:
    raise NotJsonError(f"The body holds {name}, which is no JSON number.")


def _check_tree(value: object, levels: int) -> None:
    """Walk level by level: no text with a lone surrogate, no more levels than allowed."""
    level: list[object] = [value]
    for depth in count():
        if any(isinstance(item, str) and _SURROGATE.search(item) for item in level):
            raise NotJsonError("A text holds a lone surrogate, which is no Unicode character.")
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return
        if depth == levels:
            raise _too_deep()
        level = list(chain.from_iterable(map(_children, containers)))


def _children(container: dict[str, object] | list[object]) -> Iterable[object]:
    if isinstance(container, dict):
        return chain(container.keys(), container.values())
    return container


def _too_deep() -> InvalidValueError:
    return InvalidValueError(f"The body is nested deeper than {DEEPEST} levels.", "")
