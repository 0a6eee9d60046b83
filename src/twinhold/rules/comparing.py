"""Closures that compare: equality, order, membership and regular expressions.

Comparisons with a constant are what rules are made of, so these have forms of their own that
convert nothing.
"""

import operator
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from twinhold.rules.errors import RuleEvaluationError, RuleSyntaxError
from twinhold.rules.limits import spend, spend_on
from twinhold.rules.patterns import Pattern, compile_pattern
from twinhold.rules.reading import Build, Reader, Scope
from twinhold.rules.tree import Comparison, Constant, Groups, Match, Membership, Node
from twinhold.rules.values import contains, equal, exact, native, ordered, type_mismatch

__all__ = ["comparison", "forget_groups", "groups", "is_plain", "match", "membership", "scalars"]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_REVERSED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_SCALARS = (str, bool, Decimal, type(None))
_PATTERN = 1_000


def is_scalar(node: object) -> bool:
    """Tell whether a node is a constant text, number, boolean or null."""
    return isinstance(node, Constant) and node.value.__class__ in _SCALARS


def is_plain(node: object) -> bool:
    """Tell whether it is such a constant that JSON values compare with it as they are."""
    if not isinstance(node, Constant) or not is_scalar(node):
        return False
    return not isinstance(node.value, Decimal) or native(node.value) is not None


def comparison(node: Comparison, build: Build) -> Reader:
    """Compare two values."""
    left, right, name = node.left, node.right, node.operator
    if not is_scalar(right) and is_scalar(left):
        left, right, name = right, left, _REVERSED[name]
    if name in _ORDERS:
        if isinstance(right, Constant):
            special = _order_constant(build(left), _ORDERS[name], right.value)
            if special is not None:
                return special
        return _order(node, build)
    if isinstance(right, Constant) and is_scalar(right):
        same = _equal_constant(build(left), right.value)
    else:
        one, two = build(node.left), build(node.right)
        same = lambda scope: equal(one(scope), two(scope))  # noqa: E731 - a closure like the others
    return same if name == "eq" else lambda scope: not same(scope)


def _equal_constant(read: Reader, constant: object) -> Reader:
    if constant is None or isinstance(constant, bool):
        return lambda scope: read(scope) is constant
    if isinstance(constant, str):
        return lambda scope: read(scope) == constant
    number = native(constant)
    if number is None:
        return lambda scope: equal(read(scope), constant)

    def same(scope: Scope) -> bool:
        value = read(scope)
        kind = value.__class__
        if kind is int or kind is float:
            return value == number
        return kind is Decimal and value == constant

    return same


def _order_constant(
    read: Reader, compare: Callable[[object, object], bool], constant: object
) -> Reader | None:
    if isinstance(constant, str):

        def before(scope: Scope) -> bool:
            value = read(scope)
            if value.__class__ is str:
                return compare(value, constant)
            raise RuleEvaluationError(type_mismatch)

        return before
    number = native(constant)
    if number is None:
        return None

    def less(scope: Scope) -> bool | None:
        value = read(scope)
        kind = value.__class__
        if kind is int or (kind is float and value == value):  # noqa: PLR0124 - is it nan?
            return compare(value, number)
        return ordered(compare, value, constant)

    return less


def _order(node: Comparison, build: Build) -> Reader:
    left, right, library = build(node.left), build(node.right), node.library
    compare = _ORDERS[node.operator]

    def read(scope: Scope) -> object:
        one, two = left(scope), right(scope)
        answer = ordered(compare, one, two)
        if answer is None:
            spend_on((one, two))
            return library.evaluate((exact(one), exact(two)))
        return answer

    return read


def scalars(node: Node) -> frozenset[object] | None:
    """Return the members of a constant array, if JSON values compare with them as they are."""
    if not isinstance(node, Constant) or not isinstance(node.value, tuple):
        return None
    members = [native(each) if isinstance(each, Decimal) else each for each in node.value]
    for member, each in zip(members, node.value, strict=True):
        if each.__class__ not in _SCALARS or (member is None and each is not None):
            return None
    return frozenset(members)


def membership(node: Membership, build: Build) -> Reader:
    """Look for a member in a container."""
    members = scalars(node.container)
    if members is None:
        return _membership(node, build)
    constants: tuple[object, ...] = node.container.value  # type: ignore[attr-defined]
    return _among(build(node.member), members, constants)


def _among(read: Reader, members: frozenset[object], constants: tuple[object, ...]) -> Reader:
    hashed = frozenset((str, int, float, bool, type(None)))

    def among(scope: Scope) -> bool:
        value = read(scope)
        if value.__class__ in hashed:
            return value in members
        return value.__class__ is Decimal and value in constants

    return among


def _membership(node: Membership, build: Build) -> Reader:
    container, member, library = build(node.container), build(node.member), node.library

    def read(scope: Scope) -> object:
        whole = container(scope)
        part = member(scope)
        answer = contains(whole, part)
        if answer is None:
            spend_on((whole, part))
            return library.evaluate((exact(whole), exact(part)))
        return answer

    return read


class _Groups(threading.local):
    last: tuple[str | None, ...] | None = None


_groups = _Groups()


def forget_groups() -> None:
    """Start an evaluation: no expression has matched yet."""
    _groups.last = None


def groups(_node: Groups, _build: Build) -> Reader:
    """Read the groups of the last match, null before the first."""

    def read(_scope: Scope) -> object:
        last = _groups.last
        if last and None in last and any(last):
            raise RuleEvaluationError("A group of the regular expression took no part.")
        return last

    return read


def match(node: Match, build: Build) -> Reader:
    """Match a text with a regular expression; null matches only null."""
    left, right, negated = build(node.left), build(node.right), node.negated
    method = "search" if node.search else "match"
    constant = node.right.value if isinstance(node.right, Constant) else None
    known = compile_pattern(constant) if isinstance(constant, str) else None

    def read(scope: Scope) -> object:
        text, regex = left(scope), right(scope)
        if not all(each is None or each.__class__ is str for each in (text, regex)):
            raise RuleEvaluationError(type_mismatch)
        if text is None or regex is None:
            return (text is regex) is not negated
        found = getattr(known or _dynamic(regex), method)(text)
        if found is not None:
            _groups.last = found.groups()
        return (found is not None) is not negated

    return read


def _dynamic(regex: Any) -> Pattern:
    spend(_PATTERN)
    try:
        return compile_pattern(regex)
    except RuleSyntaxError as error:
        raise RuleEvaluationError(error.message) from None
