"""A rule's tree as a Python function.

Each node becomes a closure over the closures of its parts. What they answer is what the library
answers; what is rare is evaluated by the library's own node on operands that were read here.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twinhold.rules.comparing import comparison, groups, is_plain, match, membership, scalars
from twinhold.rules.errors import RuleEvaluationError
from twinhold.rules.limits import spend, spend_on
from twinhold.rules.reading import Build, Reader, Scope, attribute, holders, item, slice_of, symbol
from twinhold.rules.tree import (
    Attribute,
    Builtin,
    Call,
    Choice,
    Coalesce,
    Collection,
    Comparison,
    Comprehension,
    Constant,
    Dictionary,
    Groups,
    Item,
    Logic,
    Match,
    Membership,
    Node,
    Not,
    Operation,
    Slice,
    Symbol,
    walk,
)
from twinhold.rules.values import exact

__all__ = ["compile_tree", "is_light", "uses_decimals"]

_ITERATED: frozenset[type] = frozenset({list, tuple, set})
_STEP = 2


def compile_tree(node: Node) -> Reader:
    """Return the function that evaluates a tree.

    Raises:
        RuleSyntaxError: It holds a regular expression that cannot be compiled.
    """
    return _BUILDERS[node.__class__](node, compile_tree)


def is_light(node: Node) -> bool:
    """Tell whether the function can never spend from the budget of work, so that none is needed."""
    if isinstance(node, Comparison):
        plain = is_plain(node.left) or is_plain(node.right)
        return plain and is_light(node.left) and is_light(node.right)
    if isinstance(node, Membership):
        return scalars(node.container) is not None and is_light(node.member)
    if isinstance(node, Attribute):
        known = node.name in ("length", "is_empty") or not holders(node.name)
        return known and is_light(node.target)
    if isinstance(node, Logic):
        return all(is_light(part) for part in node.parts)
    if isinstance(node, Not):
        return is_light(node.operand)
    return isinstance(node, (Symbol, Constant))


def uses_decimals(node: Node) -> bool:
    """Tell whether the function calculates, so that it must run in the decimal context of rules."""
    return any(
        isinstance(each, (Operation, Call, Attribute)) for each in walk(node) if _works(each)
    )


def _works(node: Node) -> bool:
    return not isinstance(node, Attribute) or bool(holders(node.name))


def _constant(node: Constant, _build: Build) -> Reader:
    value = node.value
    return lambda _scope: value


def _logic(node: Logic, build: Build) -> Reader:
    parts = tuple(build(part) for part in node.parts)
    if len(parts) > 2:
        return _all(parts) if node.operator == "and" else _any(parts)
    one, two = parts
    if node.operator == "and":
        return lambda scope: bool(one(scope) and two(scope))
    return lambda scope: bool(one(scope) or two(scope))


def _all(parts: tuple[Reader, ...]) -> Reader:
    def every(scope: Scope) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would cost as much as the parts
            if not part(scope):
                return False
        return True

    return every


def _any(parts: tuple[Reader, ...]) -> Reader:
    def some(scope: Scope) -> bool:
        for part in parts:  # noqa: SIM110
            if part(scope):
                return True
        return False

    return some


def _not(node: Not, build: Build) -> Reader:
    operand = build(node.operand)
    return lambda scope: not operand(scope)


def _choice(node: Choice, build: Build) -> Reader:
    condition, positive, negative = (
        build(part) for part in (node.condition, node.positive, node.negative)
    )
    return lambda scope: positive(scope) if condition(scope) else negative(scope)


def _coalesce(node: Coalesce, build: Build) -> Reader:
    left, right = build(node.left), build(node.right)

    def read(scope: Scope) -> object:
        value = left(scope)
        return right(scope) if value is None else value

    return read


def _comprehension(node: Comprehension, build: Build) -> Reader:
    parts = [node.result] + ([node.condition] if node.condition else [])
    cost = _STEP + sum(1 for part in parts for _ in walk(part))
    result, variable, iterable = build(node.result), node.variable, build(node.iterable)
    condition = build(node.condition) if node.condition else None
    bound = "$" + variable

    def read(scope: Scope) -> object:
        values = iterable(scope)
        if values.__class__ not in _ITERATED and not isinstance(values, dict):
            raise RuleEvaluationError("A comprehension needs an array, a set or a mapping.")
        inner, found = dict(scope), []
        # The library looks a name up in the outermost comprehension first.
        target = "$hidden" if bound in scope else variable
        inner[bound] = True
        for value in values:  # type: ignore[attr-defined]
            spend(cost)
            inner[target] = value
            if condition is None or condition(inner):
                found.append(exact(result(inner)))
        return tuple(found)

    return read


def _collection(node: Collection, build: Build) -> Reader:
    members, kind = tuple(build(member) for member in node.members), node.kind
    return lambda scope: kind(exact(member(scope)) for member in members)


def _dictionary(node: Dictionary, build: Build) -> Reader:
    pairs = tuple((build(key), build(value)) for key, value in node.pairs)

    def read(scope: Scope) -> object:
        # Of pairs with the same key only the last value is ever evaluated.
        values = OrderedDict((_key(exact(key(scope))), value) for key, value in pairs)
        return OrderedDict((key, exact(value(scope))) for key, value in values.items())

    return read


def _key(value: object) -> object:
    if isinstance(value, (dict, set)):
        raise RuleEvaluationError("A mapping or a set cannot be a key.")
    return value


def _library(node: Any, build: Build) -> Reader:
    operands, library = tuple(build(operand) for operand in node.operands), node.library

    def read(scope: Scope) -> object:
        spend(_STEP)
        values = tuple(exact(operand(scope)) for operand in operands)
        spend_on(values)
        result = library.evaluate(values)
        if isinstance(result, (str, bytes)):
            spend(len(result) >> 5)
        return result

    return read


def _builtin(node: Builtin, _build: Build) -> Reader:
    library = node.library
    return lambda _scope: library.evaluate(None)


_BUILDERS: dict[type[Node], Callable[[Any, Build], Reader]] = {
    Attribute: attribute,
    Builtin: _builtin,
    Call: _library,
    Choice: _choice,
    Coalesce: _coalesce,
    Collection: _collection,
    Comparison: comparison,
    Comprehension: _comprehension,
    Constant: _constant,
    Dictionary: _dictionary,
    Groups: groups,
    Item: item,
    Logic: _logic,
    Match: match,
    Membership: membership,
    Not: _not,
    Operation: _library,
    Slice: slice_of,
    Symbol: symbol,
}
