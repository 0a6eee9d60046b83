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


def convert(members: Any, type_: type[T]) -> T:
    """A decoded JSON value as a type.

    Raises:
        InvalidValueError: it is not of the type; points at the place.
    """
    try:
        return msgspec.convert(members, type_)
    except msgspec.ValidationError as error:
        match = _PLACE.fullmatch(str(error))
        what, path = (match["what"], match["path"]) if match else (str(error), None)
        # Which member of a mapping it is, msgspec does not say: point at the mapping.
        known = (path or "").partition("[...]")[0]
        steps = (name or number for name, number in _STEP.findall(known))
        pointer = "".join(f"/{documents.escape(step)}" for step in steps)
        raise InvalidValueError(f"{what.replace('`', '')}.", pointer) from None
