"""Filters on what twins hold: tests of single values, joined by and / or.

The engine sorts out what it can by a condition that holds at least wherever the filter holds; the
filter itself is then asked about each twin that comes back (spec/willow.md 9, decisions 20 and 21).
"""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from twinhold.registry import documents, instants
from twinhold.registry.errors import InvalidValueError
from twinhold.store.twins import Facts

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "notIn",
    "contains", "startsWith", "endsWith", "isNull", "isNotNull",
]  # fmt: skip

OPERATORS: tuple[Operator, ...] = get_args(Operator)
LONGEST_FIELD = 512
MOST_VALUES = 1000
_OF_TWIN = {"id", "modelId", "lastUpdateTime"}
_PREFIX = "contents."

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PARTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
}


_OF_NULL: Mapping[str, Operator] = {"=": "isNull", "!=": "isNotNull"}


class PropertyTest(msgspec.Struct, frozen=True):
    """A test of one value.

    Attributes:
        path: into the contents, key by key; or the one name of a fact of the twin itself.
        of_twin: whether it is such a fact: `id`, `modelId` or `lastUpdateTime`.
        value: to compare with; a tuple of them for `in` and `notIn`, folded for texts inside of
            texts, microseconds for times.
    """

    path: tuple[str, ...]
    of_twin: bool
    operator: Operator
    value: Any

    def holds(self, twin: Facts, contents: Any) -> bool:
        """Whether a twin passes; one that has no such value passes only `isNull`."""
        found = self._fact(twin) if self.of_twin else _member(contents, self.path)
        if self.operator == "isNull":
            return found is None
        return found is not None and (self.operator == "isNotNull" or self._compares(found))

    def _fact(self, twin: Facts) -> Any:
        if self.path == ("id",):
            return twin.id
        if self.path == ("modelId",):
            return twin.model
        return written_time(twin.updated) if self.operator in _PARTS else twin.updated

    def _compares(self, found: Any) -> bool:
        if self.operator in _PARTS:
            part = _PARTS[self.operator]
            return isinstance(found, str) and part(found.casefold(), self.value)
        if self.operator in _ORDERS:
            comparable = kind_of(found) == kind_of(self.value) in {"text", "number"}
            return comparable and _ORDERS[self.operator](found, self.value)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        same = any(_same(found, value) for value in values)
        return same is (self.operator in {"=", "in"})


class Group(msgspec.Struct, frozen=True):
    """Tests and groups of which every one must hold, or any one."""

    every: bool
    parts: "tuple[PropertyTest | Group, ...]"

    def holds(self, twin: Facts, contents: Any) -> bool:
        """Whether a twin passes."""
        passed = (part.holds(twin, contents) for part in self.parts)
        return all(passed) if self.every else any(passed)


Part: TypeAlias = PropertyTest | Group


def test(field: str, operator: Operator, value: Any, pointer: str) -> PropertyTest:
    """A test of the value that a field names: `a.b.c`, with or without `contents.` in front.

    Raises:
        InvalidValueError: the field is too long, or the value not one that the operator takes.
    """
    if len(field) > LONGEST_FIELD:
        message = f"The field must not be longer than {LONGEST_FIELD} characters."
        raise InvalidValueError(message, f"{pointer}/field")
    place = f"{pointer}/value"
    if value is None and operator in _OF_NULL:
        operator = _OF_NULL[operator]
    if operator in _OF_NULL.values():
        value = None
    elif operator in {"in", "notIn"}:
        value = _values(value, place)
    else:
        _check(operator, value, place)
    if field in _OF_TWIN:
        return PropertyTest((field,), True, operator, _of_fact(field, operator, value, place))
    value = value.casefold() if operator in _PARTS else value
    return PropertyTest(tuple(field.removeprefix(_PREFIX).split(".")), False, operator, value)


def matches(group: Group, twin: Facts) -> bool:
    """Whether a filter keeps a twin."""
    return group.holds(twin, documents.decode(twin.contents or "{}"))


def _values(value: Any, pointer: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        message = f"The value must be an array, not {documents.kind(value)}."
        raise InvalidValueError(message, pointer)
    if len(value) > MOST_VALUES:
        raise InvalidValueError(f"At most {MOST_VALUES} values are taken at once.", pointer)
    for number, item in enumerate(value):
        _check("in", item, f"{pointer}/{number}")
    return tuple(value)


def _check(operator: Operator, value: Any, pointer: str) -> None:
    kinds = {"text"} if operator in _PARTS else {"text", "number"}
    if operator not in _ORDERS and operator not in _PARTS:
        kinds |= {"boolean"}
    if kind_of(value) not in kinds:
        wanted = " or ".join(f"a {kind}" for kind in sorted(kinds, reverse=True))
        message = f"The value must be {wanted}, not {documents.kind(value)}."
        raise InvalidValueError(message, pointer)


def _of_fact(field: str, operator: Operator, value: Any, pointer: str) -> Any:
    """A value to compare a fact of the twin with."""
    if operator in _PARTS:
        return value.casefold()
    if field != "lastUpdateTime" or value is None:
        return value
    if isinstance(value, tuple):
        return tuple(instants.read(one, f"{pointer}/{n}") for n, one in enumerate(value))
    return instants.read(value, pointer)


def kind_of(value: object) -> str:
    """What a value can be compared with: others of its kind."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float | Decimal) else "other"


def written_time(microseconds: int) -> str:
    """A time of a twin as tests of texts see it."""
    return f"{instants.write(microseconds)}+00:00"


def _same(found: Any, value: Any) -> bool:
    return kind_of(found) == kind_of(value) and found == value


def _member(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
