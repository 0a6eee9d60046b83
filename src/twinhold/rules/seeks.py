"""What an index can look for: conditions one of which holds wherever a rule holds.

Only attributes of the top level count, as an index of attributes holds these. A seek is necessary,
not sufficient: what it finds is checked by the rule.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from twinhold.rules.columns import Columns
from twinhold.rules.partial import Failing, place, specialize
from twinhold.rules.reading import Scope
from twinhold.rules.tree import Choice, Comparison, Constant, Logic, Membership, Node, Not
from twinhold.rules.values import native

__all__ = ["Seek", "seeks"]

Scalar: TypeAlias = str | int | float | bool
_REVERSED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_RANGE = 10


@dataclass(frozen=True, slots=True)
class Seek:
    """The values of one attribute: one value if both bounds are the same, else a range.

    A bound that is a text finds texts only, a number numbers only; None leaves a side open.

    Attributes:
        attribute: The attribute's name.
        low: The lower bound.
        high: The upper bound.
        low_inclusive: The lower bound itself counts.
        high_inclusive: The upper bound itself counts.
    """

    attribute: str
    low: Scalar | None
    high: Scalar | None
    low_inclusive: bool = True
    high_inclusive: bool = True

    @property
    def equality(self) -> bool:
        """Whether it is one value."""
        return self.low is not None and self.low == self.high


_Seeks: TypeAlias = list[Seek] | None


def seeks(node: Node, columns: Columns, scope: Scope, variable: str) -> list[Seek] | None:
    """Return seeks for a tree, none if it never holds, or None if an index cannot help."""
    return _seeks(specialize(node, columns.keys(), scope), variable, wanted=True)


def _seeks(node: Node, variable: str, *, wanted: bool) -> _Seeks:
    """Return what holds wherever the node is true, or false if that is wanted."""
    if isinstance(node, Not):
        return _seeks(node.operand, variable, wanted=not wanted)
    if isinstance(node, Logic):
        parts = [_seeks(part, variable, wanted=wanted) for part in node.parts]
        return _both(parts) if (node.operator == "and") is wanted else _either(parts)
    if isinstance(node, Choice):
        cases = (node.positive, node.negative)
        return _either([_seeks(case, variable, wanted=wanted) for case in cases])
    return _leaf(node, variable, wanted=wanted)


def _leaf(node: Node, variable: str, *, wanted: bool) -> _Seeks:
    if isinstance(node, Constant):
        return None if bool(node.value) is wanted else []
    if isinstance(node, Failing):
        return []
    if isinstance(node, Comparison):
        return _comparison(node, variable, wanted=wanted)
    return _membership(node, variable) if isinstance(node, Membership) and wanted else None


def _either(parts: list[_Seeks]) -> _Seeks:
    found: dict[str, Seek] = {}
    for part in parts:
        if part is None:
            return None
        # By text: as values, 1 and true are the same.
        found |= {repr(each): each for each in part}
    return list(found.values())


def _both(parts: list[_Seeks]) -> _Seeks:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    ranges = [part[0] for part in known if len(part) == 1]
    known += [[each] for each in _narrowed(ranges)]
    return min(known, key=_cost)


def _cost(found: list[Seek]) -> int:
    return sum(1 if seek.equality else _width(seek) for seek in found)


def _width(seek: Seek) -> int:
    return _RANGE if None not in (seek.low, seek.high) else _RANGE**2


def _narrowed(ranges: list[Seek]) -> list[Seek]:
    """Return ranges made of a lower and an upper bound of the same attribute and type."""
    return [
        replace(below, high=above.high, high_inclusive=above.high_inclusive)
        for below in ranges
        for above in ranges
        if below.attribute == above.attribute
        and below.high is None
        and above.low is None
        and isinstance(below.low, str) is isinstance(above.high, str)
    ]


def _attribute(node: Node, variable: str) -> str | None:
    found = place(node)
    if found is None or found.variable != variable or len(found.keys) != 1:
        return None
    return found.keys[0]


def _comparison(node: Comparison, variable: str, *, wanted: bool) -> _Seeks:
    left, right, name = node.left, node.right, node.operator
    if isinstance(left, Failing) or isinstance(right, Failing):
        return []
    if isinstance(left, Constant):
        left, right, name = right, left, _REVERSED[name]
    attribute = _attribute(left, variable)
    if attribute is None or not isinstance(right, Constant):
        return None
    if name in _OPPOSITE:
        return _range(attribute, name if wanted else _OPPOSITE[name], right.value)
    return _equal(attribute, right.value) if (name == "eq") is wanted else None


def _equal(attribute: str, value: object) -> _Seeks:
    scalar = _scalar(value)
    return None if scalar is None else [Seek(attribute, scalar, scalar)]


def _range(attribute: str, name: str, value: object) -> _Seeks:
    bound = _scalar(value)
    if bound is None or isinstance(bound, bool):
        return None
    inclusive = name in ("le", "ge")
    if name in ("lt", "le"):
        return [Seek(attribute, None, bound, high_inclusive=inclusive)]
    return [Seek(attribute, bound, None, low_inclusive=inclusive)]


def _membership(node: Membership, variable: str) -> _Seeks:
    attribute = _attribute(node.member, variable)
    container = node.container
    if attribute is None or not isinstance(container, Constant):
        return None
    if not isinstance(container.value, (tuple, set)):
        return None
    found = [_equal(attribute, each) for each in container.value]
    # To the library true is 1 here and false is 0.
    for truth in (False, True):
        if any(not isinstance(each, str) and each == truth for each in container.value):
            found += [[Seek(attribute, truth, truth)], [Seek(attribute, int(truth), int(truth))]]
    return _either(found)


def _scalar(value: object) -> Scalar | None:
    if isinstance(value, (str, bool)):
        return value
    return native(value) if isinstance(value, Decimal) and value.is_finite() else None
