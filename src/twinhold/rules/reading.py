"""Closures that fetch: variables, attributes, items and slices.

A reader takes the variables and returns a value. One that fails raises; which exception does not
matter, `Rule` turns it into its own.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import rule_engine
import rule_engine.errors
from rule_engine.types import DataType

from twinhold.kept import kept
from twinhold.rules.bounded import metered, new_context
from twinhold.rules.errors import RuleEvaluationError
from twinhold.rules.limits import MOST_KEPT, spend, spend_on
from twinhold.rules.tree import Attribute, Item, Node, Slice, Symbol
from twinhold.rules.values import exact, index

__all__ = ["Build", "Reader", "Scope", "attribute", "holders", "item", "slice_of", "symbol"]

Scope = Mapping[str, object]
Reader = Callable[[Scope], object]
Build = Callable[[Node], Reader]

_TYPES: tuple[tuple[object, tuple[type, ...]], ...] = (
    (DataType.STRING, (str,)),
    (DataType.ARRAY, (list, tuple)),
    (DataType.MAPPING, (dict, OrderedDict)),
    (DataType.FLOAT, (int, float, Decimal)),
    (DataType.SET, (set,)),
    (DataType.BYTES, (bytes,)),
    (DataType.DATETIME, (datetime,)),
    (DataType.TIMEDELTA, (timedelta,)),
)
_INDEXED: frozenset[type] = frozenset({list, str, tuple, bytes})
# The library takes about this long to resolve an attribute.
_ATTRIBUTE = 60
_library = new_context()


@kept(MOST_KEPT, len)
def holders(name: str) -> frozenset[type]:
    """Return the types of value for which the library defines an attribute of this name."""
    kinds: set[type] = set()
    for data_type, python_types in _TYPES:
        try:
            rule_engine.Context.resolve_attribute_type(data_type, name)
        except rule_engine.errors.AttributeResolutionError:
            continue
        kinds.update(python_types)
    return frozenset(kinds)


def symbol(node: Symbol, _build: Build) -> Reader:
    """Read a variable; a missing one is null."""
    name = node.name
    return lambda scope: scope.get(name)


def attribute(node: Attribute, build: Build) -> Reader:
    """Read an attribute: one the library defines for the type, else a mapping's key, else null."""
    name, defined = node.name, holders(node.name)
    if dict in defined:
        target = build(node.target)
        return lambda scope: _other_attribute(target(scope), name, defined)
    if isinstance(node.target, Symbol):
        return _variable_attribute(node.target.name, name, defined)
    return _plain_attribute(build(node.target), name, defined)


def _variable_attribute(variable: str, name: str, defined: frozenset[type]) -> Reader:
    def read(scope: Scope) -> object:
        value = scope.get(variable)
        if value.__class__ is dict:
            return value.get(name)
        return _other_attribute(value, name, defined)

    return read


def _plain_attribute(target: Reader, name: str, defined: frozenset[type]) -> Reader:
    def read(scope: Scope) -> object:
        value = target(scope)
        if value.__class__ is dict:
            return value.get(name)
        return _other_attribute(value, name, defined)

    return read


def _other_attribute(value: object, name: str, defined: frozenset[type]) -> object:
    if value.__class__ in defined:
        if name == "length":
            return len(value)  # type: ignore[arg-type]
        if name == "is_empty":
            return not value
        return _library_attribute(value, name)
    return value.get(name) if isinstance(value, Mapping) else None


def _library_attribute(value: object, name: str) -> object:
    spend(_ATTRIBUTE)
    spend_on(value)
    if isinstance(value, (int, Decimal)):
        spend(_digits(value) ** 2 >> 9)
    elif isinstance(value, (str, bytes)):
        spend(len(value) * 10 if name in ("to_ary", "to_set") else len(value) >> 4)
    found: object = _library.resolve_attribute(None, exact(value), name)
    return metered(found) if callable(found) else found


def _digits(value: int | Decimal) -> int:
    if isinstance(value, int):
        return value.bit_length() // 3
    return max(0, value.adjusted()) if value.is_finite() else 0


def item(node: Item, build: Build) -> Reader:
    """Read an item of an array, text or mapping; a missing one is an error, or null if safe."""
    container, key, safe = build(node.container), build(node.item), node.safe

    def read(scope: Scope) -> object:
        value = container(scope)
        if value is None:
            if safe:
                return None
            raise RuleEvaluationError("An item of null is asked for.")
        wanted = key(scope)
        place = index(wanted) if value.__class__ in _INDEXED else exact(wanted)
        try:
            return value[place]  # type: ignore[index]
        except (IndexError, KeyError):
            if safe:
                return None
            raise RuleEvaluationError("There is no such item.") from None

    return read


def slice_of(node: Slice, build: Build) -> Reader:
    """Read a part of an array or text."""
    container, start, stop, safe = (
        build(node.container),
        build(node.start),
        build(node.stop),
        node.safe,
    )

    def read(scope: Scope) -> object:
        value = container(scope)
        if value is None and safe:
            return None
        first, last = start(scope), stop(scope)
        low = None if first is None else index(first)
        high = None if last is None else index(last)
        if value.__class__ in _INDEXED:
            spend(len(value) >> 3)  # type: ignore[arg-type]
        return value[low:high]  # type: ignore[index]

    return read
