"""Values inside a rule, and how they compare.

The library converts every value it meets: numbers to `Decimal` by their printed form, lists to
tuples, dicts to ordered dicts. That conversion is nearly all of its cost. Here values stay as they
were decoded from JSON, and are converted only where the difference can show: `exact` converts, the
other functions answer what the library answers on the converted values.
"""

import decimal
import operator
from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal

import rule_engine.types

from twinhold.rules.errors import RuleEvaluationError
from twinhold.rules.limits import spend, spend_on

__all__ = ["contains", "equal", "exact", "index", "native", "ordered"]

# Between two integers of this size there is no float, so that a float and an integer compare as
# their printed forms do. Beyond, the shortest printed form of a float is another number than its
# binary value: 1e23 prints as 10**23, which it is not.
_SAFE = 2**53

# Numbers of this size take their time to be converted: it grows with the square of the digits.
_HUGE = 10**200

_SAME: frozenset[type] = frozenset({str, bool, type(None), int, float, Decimal, bytes})
_ORDERED: frozenset[type] = frozenset({str, bool, int, float, bytes})
_NUMBERS: frozenset[type] = frozenset({int, float, Decimal})
_CONTAINERS: frozenset[type] = frozenset({list, tuple, set, dict, OrderedDict})
_ARRAYS: frozenset[type] = frozenset({list, tuple})
_MAPPINGS: frozenset[type] = frozenset({dict, OrderedDict})

type_mismatch = "The types of the operands do not fit."


def exact(value: object) -> object:
    """Return the value as the library holds it.

    Raises:
        RuleEvaluationError: It is too large to be converted.
    """
    kind = value.__class__
    if kind is int:
        if not -_HUGE < value < _HUGE:  # type: ignore[operator]
            spend(value.bit_length() >> 3)  # type: ignore[attr-defined]
        return Decimal(value)  # type: ignore[arg-type]
    if kind is float:
        return Decimal(repr(value))
    if kind in _SAME:
        return value
    if kind is list or kind is dict:
        spend_on(value)
        return rule_engine.types.coerce_value(value, verify_type=False)
    return value


def native(value: object) -> int | float | None:
    """Return the int or float that compares with JSON numbers as this Decimal does, if any does."""
    if value.__class__ is not Decimal:
        return None
    number: Decimal = value
    if number.is_infinite():
        return float(number)
    if number.is_nan() or not -400 < number.adjusted() < 16:
        return 0 if number == 0 else None
    if number == int(number):
        return int(number) if abs(number) <= _SAFE else None
    nearest = float(number)
    return nearest if Decimal(repr(nearest)) == number else None


def equal(left: object, right: object) -> bool:
    """Tell whether the library takes two values for equal; different types never are.

    Raises:
        RuleEvaluationError: They are containers and too large.
    """
    kind, other = left.__class__, right.__class__
    if kind is other and kind in _SAME:
        return left == right
    if kind in _NUMBERS and other in _NUMBERS:
        return exact(left) == exact(right)
    if (kind in _ARRAYS and other in _ARRAYS) or (kind in _MAPPINGS and other in _MAPPINGS):
        if len(left) != len(right):  # type: ignore[arg-type]
            return False
        return exact(left) == exact(right)
    return kind is other and left == right


def ordered(compare: Callable[[object, object], bool], left: object, right: object) -> bool | None:
    """Compare two scalars by `<`, `<=`, `>` or `>=`; None if they need the library.

    Raises:
        RuleEvaluationError: The types do not fit.
    """
    kind, other = left.__class__, right.__class__
    if kind is other and kind in _ORDERED and left == left and right == right:  # noqa: PLR0124
        return compare(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        one, two = exact(left), exact(right)
        if one.is_nan() or two.is_nan():  # type: ignore[attr-defined]
            raise RuleEvaluationError("nan has no order.")
        return compare(one, two)
    if left is None and right is None:
        return compare is operator.ge or compare is operator.le
    if kind in _SAME or other in _SAME:
        raise RuleEvaluationError(type_mismatch)
    return None


def contains(container: object, member: object) -> bool | None:
    """Tell whether a scalar is in a container; None if the answer needs the library.

    Raises:
        RuleEvaluationError: The container is none, or too large.
    """
    kind, sort = container.__class__, member.__class__
    if kind is str:
        if sort is not str:
            raise RuleEvaluationError(type_mismatch)
        spend(len(container) >> 6)  # type: ignore[arg-type]
        return member in container  # type: ignore[operator]
    if kind in _NUMBERS or container is None or kind is bool:
        raise RuleEvaluationError(type_mismatch)
    if kind not in _CONTAINERS or not (
        sort is str or member is None or (kind is list and _is_safe(member))
    ):
        return None
    spend(len(container) >> 1)  # type: ignore[arg-type]
    return member in container  # type: ignore[operator]


def _is_safe(member: object) -> bool:
    kind = member.__class__
    if kind is int or kind is float:
        return -_SAFE <= member <= _SAFE  # type: ignore[operator]
    return kind is bool


def index(value: object) -> int:
    """Return an integer number as an int.

    Raises:
        RuleEvaluationError: It is no integer number.
    """
    if value.__class__ is int:
        return value
    number = exact(value)
    if not isinstance(number, decimal.Decimal) or not number.is_finite():
        raise RuleEvaluationError("An index must be an integer number.")
    if number != int(number):
        raise RuleEvaluationError("An index must be an integer number.")
    return int(number)
