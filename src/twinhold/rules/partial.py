"""A rule for one statement: what does not differ from row to row is evaluated beforehand.

Clock and chance are never evaluated beforehand: they belong to the moment a row is looked at.
"""

import decimal
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from twinhold.rules.evaluate import compile_tree
from twinhold.rules.limits import DECIMALS, begin
from twinhold.rules.reading import Scope, holders
from twinhold.rules.tree import (
    Attribute,
    Builtin,
    Choice,
    Coalesce,
    Comparison,
    Constant,
    Groups,
    Item,
    Logic,
    Match,
    Membership,
    Node,
    Not,
    Symbol,
    variables,
    walk,
)
from twinhold.rules.values import exact

__all__ = ["Failing", "Place", "place", "specialize"]

_VOLATILE = frozenset({"now", "today", "random"})
_PARTS: dict[type[Node], tuple[str, ...]] = {
    Attribute: ("target",),
    Choice: ("condition", "positive", "negative"),
    Coalesce: ("left", "right"),
    Comparison: ("left", "right"),
    Item: ("container", "item"),
    Logic: ("parts",),
    Match: ("left", "right"),
    Membership: ("container", "member"),
    Not: ("operand",),
}


@dataclass(frozen=True, slots=True, eq=False)
class Failing(Node):
    """An expression that has no value on any row."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a row a value stands: a variable, and the keys that lead into it.

    Attributes:
        variable: The variable of the row.
        keys: The attributes that follow.
        certain: A missing key is null; otherwise it is an error.
    """

    variable: str
    keys: tuple[str, ...] = ()
    certain: bool = True


def specialize(node: Node, rows: Collection[str], scope: Scope) -> Node:
    """Return the tree with every part that does not read `rows` replaced by its value."""
    if isinstance(node, Constant):
        return node
    if not variables(node) & set(rows) and not any(_is_volatile(each) for each in walk(node)):
        return _evaluated(node, scope)
    names = _PARTS.get(node.__class__, ())
    parts: dict[str, Any] = {name: _specialized(getattr(node, name), rows, scope) for name in names}
    return _decided(replace(node, **parts)) if parts else node


def _is_volatile(node: Node) -> bool:
    return isinstance(node, Groups) or (isinstance(node, Builtin) and node.name in _VOLATILE)


def _evaluated(node: Node, scope: Scope) -> Node:
    begin()
    try:
        with decimal.localcontext(DECIMALS):
            return Constant(exact(compile_tree(node)(scope)), span=node.span)
    except Exception:  # noqa: BLE001 - whatever goes wrong, the rule has no value there
        return Failing(span=node.span)


def _specialized(value: Node | tuple[Node, ...], rows: Collection[str], scope: Scope) -> object:
    if isinstance(value, tuple):
        return tuple(specialize(part, rows, scope) for part in value)
    return specialize(value, rows, scope)


def _decided(node: Node) -> Node:
    if isinstance(node, Logic):
        return _shortened(node)
    if isinstance(node, Choice) and isinstance(node.condition, Constant):
        return node.positive if node.condition.value else node.negative
    if isinstance(node, Coalesce) and isinstance(node.left, Constant):
        return node.right if node.left.value is None else node.left
    return node


def _shortened(node: Logic) -> Node:
    """Leave out parts that change nothing, and parts after one that decides."""
    kept: list[Node] = []
    deciding = node.operator == "or"
    for part in node.parts:
        if isinstance(part, Constant) and bool(part.value) is deciding:
            kept.append(part)
            break
        if not isinstance(part, Constant):
            kept.append(part)
        if isinstance(part, Failing):
            break
    if not kept or isinstance(kept[0], Constant):
        return Constant(deciding if kept else not deciding, span=node.span)
    return replace(node, parts=tuple(kept))


def place(node: Node) -> Place | None:
    """Return where in a row the value of an expression stands, if it is stored as such."""
    if isinstance(node, Symbol):
        return Place(node.name)
    if isinstance(node, Attribute) and not holders(node.name):
        found = place(node.target)
        return found and replace(found, keys=(*found.keys, node.name))
    if isinstance(node, Item) and isinstance(node.item, Constant):
        key, found = node.item.value, place(node.container)
        if found and isinstance(key, str) and key.isidentifier() and key.isascii():
            # Of anything but null and mappings an item is an error, safe or not.
            certain = node.safe and not found.keys
            return replace(found, keys=(*found.keys, key), certain=certain)
    return None
