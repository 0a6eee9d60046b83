"""The syntax tree that the compilers read.

The library's tree is turned into a few kinds of frozen node. Chains of `and` and of `or` become
one node; constant parts, which the library has evaluated already, become constants. Where the
meaning of an operator is left to the library, the node keeps the library's node, with operands
that are read from a tuple of values, as its `library`.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from rule_engine import ast
from rule_engine.errors import EngineError

from twinhold.rules.errors import RuleSyntaxError

__all__ = [
    "Attribute",
    "Builtin",
    "Call",
    "Choice",
    "Coalesce",
    "Collection",
    "Comparison",
    "Comprehension",
    "Constant",
    "Dictionary",
    "Groups",
    "Item",
    "Logic",
    "Match",
    "Membership",
    "Node",
    "Not",
    "Operation",
    "Slice",
    "Symbol",
    "children",
    "from_library",
    "variables",
    "walk",
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node:
    """An expression; `span` is where it stands in the text, if it is there as such."""

    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A value known from the text, as the library holds it."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Symbol(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Builtin(Node):
    """A `$name` of the library."""

    name: str
    library: Any


@dataclass(frozen=True, slots=True, eq=False)
class Groups(Node):
    """`$re_groups`, the groups of the last match."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Node):
    """`target.name`; of null it is null."""

    target: Node
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Item(Node):
    """`container[item]`, or with `&` if safe."""

    container: Node
    item: Node
    safe: bool


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    """`container[start:stop]`."""

    container: Node
    start: Node
    stop: Node
    safe: bool


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Node):
    """`a and b and ...` or `a or b or ...`."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """`not operand`."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Node):
    """`left == right` and the like; the operator is eq, ne, lt, le, gt or ge."""

    operator: str
    left: Node
    right: Node
    library: Any


@dataclass(frozen=True, slots=True, eq=False)
class Match(Node):
    """`left =~ right` and the like."""

    search: bool
    negated: bool
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Membership(Node):
    """`member in container`."""

    container: Node
    member: Node
    library: Any


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Node):
    """`condition ? positive : negative`."""

    condition: Node
    positive: Node
    negative: Node


@dataclass(frozen=True, slots=True, eq=False)
class Coalesce(Node):
    """`left ?? right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Node):
    """`[result for variable in iterable if condition]`."""

    result: Node
    variable: str
    iterable: Node
    condition: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Collection(Node):
    """`[a, b]` or `{a, b}`."""

    kind: type
    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary(Node):
    """`{a: b, c: d}`."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Node):
    """Arithmetic: an operator and its one or two operands."""

    operator: str
    operands: tuple[Node, ...]
    library: Any


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """`function(arguments)`; the first operand is the function."""

    operands: tuple[Node, ...]
    library: Any


class _Operand(ast.base.ExpressionBase):  # type: ignore[misc]
    """A leaf in the library's tree whose value is the one at its place in a tuple."""

    def __init__(self, position: int, original: Any) -> None:
        self.context = original.context
        self.position = position
        self.result_type = original.result_type

    def evaluate(self, thing: Any) -> Any:
        return thing[self.position]


def children(node: Node) -> Iterator[Node]:
    """Return the nodes right below a node."""
    for each in fields(node):
        if each.name == "span" or isinstance(node, Constant):
            continue
        value = getattr(node, each.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for part in value:
                yield from part if isinstance(part, tuple) else (part,)


def walk(node: Node) -> Iterator[Node]:
    """Return a node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def variables(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the names a tree reads from its scope, without those a comprehension binds."""
    if isinstance(node, Symbol):
        return frozenset({node.name}) - bound
    if isinstance(node, Comprehension):
        inner = bound | {node.variable}
        inside = [node.result] + ([node.condition] if node.condition else [])
        found = variables(node.iterable, bound)
        return found.union(*(variables(part, inner) for part in inside))
    return frozenset().union(*(variables(child, bound) for child in children(node)))


def from_library(node: Any) -> Node:
    """Turn the library's tree into ours; it cannot be evaluated by the library any more.

    Raises:
        RuleSyntaxError: It holds a kind of node that is not known here.
    """
    if isinstance(node, ast.base.LiteralExpressionBase) and node.is_reduced:
        with contextlib.suppress(TypeError, EngineError):
            return Constant(node.evaluate(None), span=_span(node))
    for kind, build in _BUILDERS.items():
        if isinstance(node, kind):
            return build(node)
    raise RuleSyntaxError(f"The rule uses {node.__class__.__name__}, which is not supported.")


def _span(node: Any) -> tuple[int, int] | None:
    return getattr(node, "span", None)


def _detach(node: Any, *names: str) -> tuple[Node, ...]:
    """Turn the children of these names into ours, and leave operands in their place."""
    originals = [getattr(node, name) for name in names]
    for position, (name, original) in enumerate(zip(names, originals, strict=True)):
        setattr(node, name, _Operand(position, original))
    return tuple(from_library(original) for original in originals)


def _symbol(node: Any) -> Node:
    if node.scope is None:
        return Symbol(node.name, span=_span(node))
    if node.name == "re_groups":
        return Groups(span=_span(node))
    return Builtin(node.name, node, span=_span(node))


def _logic(node: Any) -> Node:
    parts, chain = [], node
    while isinstance(chain, ast.LogicExpression) and chain.type == node.type:
        parts.append(from_library(chain.right))
        chain = chain.left
    parts.append(from_library(chain))
    return Logic(node.type, tuple(reversed(parts)), span=_span(node))


def _match(node: Any) -> Node:
    return Match(
        node.type.endswith("fzs"),
        node.type.startswith("ne"),
        from_library(node.left),
        from_library(node.right),
        span=_span(node),
    )


def _comparison(node: Any) -> Node:
    left, right = _detach(node, "left", "right")
    return Comparison(node.type, left, right, node, span=_span(node))


def _operation(node: Any) -> Node:
    return Operation(node.type, _detach(node, "left", "right"), node, span=_span(node))


def _unary(node: Any) -> Node:
    if node.type == "not":
        return Not(from_library(node.right), span=_span(node))
    return Operation(node.type, _detach(node, "right"), node, span=_span(node))


def _membership(node: Any) -> Node:
    container, member = _detach(node, "container", "member")
    return Membership(container, member, node, span=_span(node))


def _attribute(node: Any) -> Node:
    return Attribute(from_library(node.object), node.name, span=_span(node))


def _item(node: Any) -> Node:
    container, item = from_library(node.container), from_library(node.item)
    return Item(container, item, node.safe, span=_span(node))


def _slice(node: Any) -> Node:
    start, stop = from_library(node.start), from_library(node.stop)
    return Slice(from_library(node.container), start, stop, node.safe, span=_span(node))


def _choice(node: Any) -> Node:
    parts = (from_library(part) for part in (node.condition, node.case_true, node.case_false))
    return Choice(*parts, span=_span(node))


def _coalesce(node: Any) -> Node:
    return Coalesce(from_library(node.left), from_library(node.right), span=_span(node))


def _comprehension(node: Any) -> Node:
    condition = None if node.condition is None else from_library(node.condition)
    result, iterable = from_library(node.result), from_library(node.iterable)
    return Comprehension(result, node.variable, iterable, condition, span=_span(node))


def _collection(node: Any) -> Node:
    kind = node.result_type.python_type
    return Collection(kind, tuple(from_library(each) for each in node.value), span=_span(node))


def _dictionary(node: Any) -> Node:
    pairs = tuple((from_library(key), from_library(value)) for key, value in node.value)
    return Dictionary(pairs, span=_span(node))


def _call(node: Any) -> Node:
    originals = (node.function, *node.arguments)
    leaves = [_Operand(position, original) for position, original in enumerate(originals)]
    node.function, node.arguments = leaves[0], tuple(leaves[1:])
    return Call(tuple(from_library(each) for each in originals), node, span=_span(node))


_BUILDERS: dict[type, Callable[[Any], Node]] = {
    ast.SymbolExpression: _symbol,
    ast.GetAttributeExpression: _attribute,
    ast.LogicExpression: _logic,
    ast.FuzzyComparisonExpression: _match,
    ast.ComparisonExpression: _comparison,
    ast.UnaryExpression: _unary,
    ast.ContainsExpression: _membership,
    ast.GetItemExpression: _item,
    ast.GetSliceExpression: _slice,
    ast.TernaryExpression: _choice,
    ast.CoalesceExpression: _coalesce,
    ast.ComprehensionExpression: _comprehension,
    ast.ArrayExpression: _collection,
    ast.SetExpression: _collection,
    ast.MappingExpression: _dictionary,
    ast.FunctionCallExpression: _call,
    ast.binary.BinaryExpressionBase: _operation,
}
