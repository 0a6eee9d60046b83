"""Which JSON values conform to which primitive schema.

A value is what a JSON decoder returns: int for a number without point or exponent, float for any
other number. So `3.0` is no integer although Python's `3.0 == 3`, and booleans are never numbers.
Source: DTDL v2-v4 "Primitive schemas", RFC 3339 for dates and times, ISO 8601 for durations.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Predicate = Callable[[object], bool]

_LONG = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_FLOAT_MAX = 3.4028234663852886e38
_DOUBLE_MAX = 1.7976931348623157e308
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_TIME = rf"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?{_ZONE}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _duration_pattern() -> str:
    """ISO 8601 durations: no weeks beside years and months, a fraction only at the end."""

    def part(unit: str) -> str:
        return rf"(?:[0-9]+(?:\.[0-9]+(?={unit}\Z))?{unit})?"

    date = rf"(?:{part('Y')}{part('M')}|{part('W')}){part('D')}"
    return rf"P(?!\Z){date}(?:T(?!\Z){part('H')}{part('M')}{part('S')})?"


class Primitive(msgspec.Struct, frozen=True):
    """How values of one primitive schema are checked.

    Attributes:
        accepts: Whether a value conforms.
        json_type: The JSON type of conforming values, for messages.
        types: The Python types of that JSON type.
        advice: What conforming values look like, for messages.
        typed: A type for msgspec that takes no other values, if there is one; see `decoding`.
    """

    accepts: Predicate
    json_type: str
    types: tuple[type, ...]
    advice: str
    typed: Any = None


def _integer(bits: int, *, signed: bool) -> Primitive:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def accepts(value: object) -> bool:
        return type(value) is int and low <= value <= high

    def accepts_signed(value: object) -> bool:
        kind = type(value)
        return (kind is int or kind is NegativeZero) and low <= value <= high  # type: ignore[operator]

    return Primitive(
        accepts_signed if signed else accepts,
        "integer",
        (int,),
        f"a whole number from {low} to {high}",
        Annotated[int, Meta(ge=low, le=high)] if high < 1 << 63 else None,
    )


def _real(most: float) -> Primitive:
    def accepts(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return -most <= value <= most  # false for NaN

    advice = f"a finite number of at most {most:.6g}"
    typed = Annotated[float, Meta(ge=-most, le=most)]
    return Primitive(accepts, "number", (int, float), advice, _LONG | typed)


def _text(pattern: str, advice: str) -> Primitive:
    matches = re.compile(pattern).fullmatch

    def accepts(value: object) -> bool:
        return isinstance(value, str) and matches(value) is not None

    typed = Annotated[str, Meta(pattern=rf"\A(?:{pattern})\Z")]
    return Primitive(accepts, "string", (str,), advice, typed)


def _dated(pattern: str, advice: str) -> Primitive:
    matches = re.compile(pattern).fullmatch

    def accepts(value: object) -> bool:
        return isinstance(value, str) and matches(value) is not None and _is_date(value)

    return Primitive(accepts, "string", (str,), advice)


def _is_date(text: str) -> bool:
    """Whether the first ten characters are a day that exists."""
    try:
        dt.date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


class NegativeZero(int):
    """The integer that a JSON text writes `-0`: a zero that no unsigned schema accepts."""


def decoded_integer(text: str) -> int:
    """For `json.loads` as `parse_int`: integers with `-0` told apart and no limit on digits.

    Numbers of more than 400 digits are in the range of no schema and become the nearest such
    number.
    """
    if text == "-0":
        return NegativeZero(0)
    return int(text) if len(text) <= 400 else 10**400 * (-1 if text.startswith("-") else 1)


PRIMITIVES: dict[str, Primitive] = {
    "boolean": Primitive(
        lambda value: value is True or value is False, "boolean", (bool,), "true or false", bool
    ),
    "byte": _integer(8, signed=True),
    "bytes": _text(
        r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
        "base64 text with its padding",
    ),
    "date": _dated(_DATE, "a date such as 2024-08-30"),
    "dateTime": _dated(
        rf"{_DATE}T{_TIME}", "a date and time with zone such as 2024-08-30T03:49:30Z"
    ),
    "decimal": _text(
        r"[+-]?(?:[1-9][0-9]*|0)(?:\.[0-9]*)?", "a decimal number in a string, such as '1.50'"
    ),
    "double": _real(_DOUBLE_MAX),
    "duration": _text(_duration_pattern(), "an ISO 8601 duration such as PT15M"),
    "float": _real(_FLOAT_MAX),
    "integer": _integer(32, signed=True),
    "long": _integer(64, signed=True),
    "short": _integer(16, signed=True),
    "string": Primitive(lambda value: isinstance(value, str), "string", (str,), "a string", str),
    "time": _text(_TIME, "a time with zone such as 12:34:56Z"),
    "unsignedByte": _integer(8, signed=False),
    "unsignedInteger": _integer(32, signed=False),
    "unsignedLong": _integer(64, signed=False),
    "unsignedShort": _integer(16, signed=False),
    "uuid": _text(
        r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "a UUID in its 8-4-4-4-12 form"
    ),
}


PLAIN: dict[str, type] = {"boolean": bool, "string": str}
"""The primitives to which every value of a Python type conforms."""


def is_unicode(text: str) -> bool:
    """Whether a string is Unicode text; JSON escapes can make lone surrogates, which are not."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def conforms(term: str, value: object) -> bool:
    """Whether `value` conforms to the primitive schema `term`."""
    return PRIMITIVES[term].accepts(value)


def failure(term: str, value: object) -> tuple[str, str]:
    """The violation code, and the advice, for a value that does not conform to `term`."""
    rule = PRIMITIVES[term]
    is_type = isinstance(value, rule.types) and (
        rule.types == (bool,) or not isinstance(value, bool)
    )
    if not is_type:
        return "value.type", rule.advice
    return ("value.format" if rule.json_type == "string" else "value.range"), rule.advice
