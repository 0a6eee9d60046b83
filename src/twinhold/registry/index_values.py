"""Values of attributes as an index keeps them: texts that sort like the values.

The order is that of the values within each type. Where two values share a text (very long strings,
numbers closer than doubles) an index finds both, and the rule tells them apart.
"""

import math
import struct
from decimal import Decimal
from typing import TYPE_CHECKING

from twinhold.store.searches import Span

if TYPE_CHECKING:
    from twinhold.rules import Seek

Scalar = str | int | float | bool | Decimal

_LONGEST = 128
_SIGN = 1 << 63
_ALL_BITS = (1 << 64) - 1
_NUMBER, _TEXT, _TRUTH = "n", "s", "b"


def index_value(value: object) -> str | None:
    """The text of a value; None for null, arrays and objects, which are not indexed."""
    if isinstance(value, bool):
        return f"{_TRUTH}{value:d}"
    if isinstance(value, int | float | Decimal):
        return _NUMBER + _sortable(_double(value))
    if isinstance(value, str):
        # PostgreSQL has no text with a NUL; its neighbour keeps the order.
        return _TEXT + value[:_LONGEST].replace("\0", "\1")
    return None


def span_of(seek: "Seek") -> Span | None:
    """Where an index has the values that a seek looks for; None for a value it does not keep."""
    low = None if seek.low is None else index_value(seek.low)
    high = None if seek.high is None else index_value(seek.high)
    kind = (low or high or "")[:1]
    if not kind:
        return None
    # Behind every value of a type comes the next letter, with which no value of another one starts.
    return Span(seek.attribute, low or kind, high or chr(ord(kind) + 1))


def _double(number: float | Decimal) -> float:
    try:
        return float(number) + 0.0  # minus zero is zero
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _sortable(double: float) -> str:
    (bits,) = struct.unpack(">Q", struct.pack(">d", double))
    return f"{bits ^ (_ALL_BITS if bits & _SIGN else _SIGN):016x}"
