"""From a body to a typed value."""

import re
from typing import Any, TypeVar

import msgspec

from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError

T = TypeVar("T")

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def decode(body: bytes, type_: type[T]) -> T:
    """The value in a body; members that the type does not name are ignored.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: it is not of the type; points at the place.
    """
    return convert(documents.parse_object(body), type_)


def decode_texts(text: bytes | msgspec.Raw, type_: type[T], pointer: str = "") -> T:
    """Like `convert`, for a type with members that keep the text they were sent as.

    Args:
        text: JSON that was accepted already.
        type_: what it has to be.
        pointer: where in the body the text stands.

    Raises:
        InvalidValueError: it is not of the type; points at the place.
    """
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.ValidationError as error:
        raise _located(error, pointer) from None


def convert(members: Any, type_: type[T]) -> T:
    """A decoded JSON value as a type.

    Raises:
        InvalidValueError: it is not of the type; points at the place.
    """
    try:
        return msgspec.convert(members, type_)
    except msgspec.ValidationError as error:
        raise _located(error) from None


def _located(error: msgspec.ValidationError, pointer: str = "") -> InvalidValueError:
    match = _PLACE.fullmatch(str(error))
    what, path = (match["what"], match["path"]) if match else (str(error), None)
    known = (path or "").partition("[...]")[0]  # a key that msgspec does not name
    steps = (name or number for name, number in _STEP.findall(known))
    pointer += "".join(f"/{documents.escape(step)}" for step in steps)
    return InvalidValueError(f"{what.replace('`', '')}.", pointer)
