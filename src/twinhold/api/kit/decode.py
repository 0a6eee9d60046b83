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


def decode_texts(text: bytes | msgspec.Raw, type_: type[T], place: str = "") -> T:
    """Like `convert`, for a type with members that keep the text they were sent as.

    Raises:
        InvalidValueError: it is not of the type; points at the place.
    """
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.ValidationError as error:
        raise _located(error, place) from None


def decode_mapping(body: bytes, name: str, type_: type[T]) -> dict[str, T]:
    """The values of the object that is the member `name` of a body.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: there is no such object, or a value is not of the type.
    """
    mapping = documents.parse_object(body).get(name)
    if not isinstance(mapping, dict):
        raise InvalidValueError(
            f"The member {name} must be an object, not {documents.kind(mapping)}.", f"/{name}"
        )
    return {
        key: convert(value, type_, f"/{name}/{documents.escape(key)}")
        for key, value in mapping.items()
    }


def convert(members: Any, type_: type[T], place: str = "") -> T:
    """A decoded JSON value as a type; its place is where it stands, as a JSON pointer.

    Raises:
        InvalidValueError: it is not of the type; points at the place.
    """
    try:
        return msgspec.convert(members, type_)
    except msgspec.ValidationError as error:
        raise _located(error, place) from None


def _located(error: msgspec.ValidationError, place: str) -> InvalidValueError:
    match = _PLACE.fullmatch(str(error))
    what, path = (match["what"], match["path"]) if match else (str(error), None)
    # Which member of a mapping it is, msgspec does not say: point at the mapping.
    known = (path or "").partition("[...]")[0]
    steps = (name or number for name, number in _STEP.findall(known))
    pointer = "".join(f"/{documents.escape(step)}" for step in steps)
    return InvalidValueError(f"{what.replace('`', '')}.", place + pointer)
