"""Property filters as conditions of an engine, which hold at least wherever the filter holds.

What the engine cannot say, or might say otherwise than the filter, is left out of the condition.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from twinhold.registry.property_filters import Group, Part, PropertyTest, kind_of
from twinhold.rules.columns import Engine, Json, Text
from twinhold.rules.engines import ENGINES, Dialect, Stored

_CONTENTS = Json("contents")
_FACTS = {"id": Text("id"), "modelId": Text("model")}
_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,63}")
"""Keys that mean the same in every engine: to PostgreSQL a number is a place in an array."""

_VALUES = ("boolean", "number", "string", "array", "object")
_LARGEST = Decimal("1e300")
_MARGIN = Decimal("1e-12")
_SMALLEST = Decimal("1e-300")


class Condition(NamedTuple):
    """A condition with placeholders `:p0`, `:p1`, ... and their values."""

    sql: str
    parameters: Mapping[str, Any]


def condition(group: Group, engine: Engine) -> Condition | None:
    """The condition of a filter; None where the engine can say nothing."""
    parameters: dict[str, Any] = {}

    def bind(value: object) -> str:
        name = f"p{len(parameters)}"
        parameters[name] = value
        return f":{name}"

    dialect = ENGINES[engine](bind)
    said = _of_part(group, dialect)
    if said is None:
        return None
    sql = dialect.guarded([_CONTENTS.name], said) if _reads_contents(group) else said
    return Condition(sql, parameters)


def _reads_contents(part: Part) -> bool:
    if isinstance(part, Group):
        return any(map(_reads_contents, part.parts))
    return not part.of_twin


def _of_part(part: Part, dialect: Dialect) -> str | None:
    if isinstance(part, PropertyTest):
        return _of_test(part, dialect)
    said = [_of_part(each, dialect) for each in part.parts]
    if part.every:
        return _joined(" AND ", [each for each in said if each is not None])
    return None if None in said else _joined(" OR ", [each for each in said if each is not None])


def _of_test(test: PropertyTest, dialect: Dialect) -> str | None:
    stored = _stored(test)
    return None if stored is None else _TESTS[test.operator](dialect, stored, test)


def _stored(test: PropertyTest) -> Stored | None:
    """Where the engine finds the value of a test; None where only the filter does."""
    if test.of_twin:
        column = _FACTS.get(test.path[0])
        return None if column is None else Stored(column, ())
    return Stored(_CONTENTS, test.path) if all(map(_KEY.fullmatch, test.path)) else None


def _is_value(dialect: Dialect, stored: Stored, _: PropertyTest) -> str:
    return dialect.kind(stored, _VALUES)


def _is_null(dialect: Dialect, stored: Stored, _: PropertyTest) -> str:
    return dialect.kind(stored, ("null",))


def _is_one_of(dialect: Dialect, stored: Stored, test: PropertyTest) -> str | None:
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    texts = [value for value in values if kind_of(value) == "text"]
    numbers = [value for value in values if kind_of(value) == "number"]
    if not all(map(_sayable, texts)):
        return None
    said = [dialect.boolean(stored, value=value) for value in {True, False} & _booleans(values)]
    if texts:
        said.append(dialect.one_of(stored, texts))
    if numbers:
        said.append(_near(dialect, stored, min(numbers), max(numbers)))
    return _joined(" OR ", said) or "FALSE"


def _is_before_or_after(dialect: Dialect, stored: Stored, test: PropertyTest) -> str | None:
    value = test.value
    if kind_of(value) == "text":
        return dialect.before(stored, test.operator, value) if _sayable(value) else None
    return _near(
        dialect,
        stored,
        value if test.operator in {">", ">="} else None,
        value if test.operator in {"<", "<="} else None,
    )


def _is_part(dialect: Dialect, stored: Stored, test: PropertyTest) -> str | None:
    if not _sayable(test.value):
        return None
    if test.value.isascii():
        return dialect.part_in_any_case(stored, test.value)
    return dialect.beyond_ascii(stored)


_TESTS: Mapping[str, Callable[[Dialect, Stored, PropertyTest], str | None]] = {
    "=": _is_one_of,
    "in": _is_one_of,
    "!=": _is_value,
    "notIn": _is_value,
    "<": _is_before_or_after,
    "<=": _is_before_or_after,
    ">": _is_before_or_after,
    ">=": _is_before_or_after,
    "contains": _is_part,
    "startsWith": _is_part,
    "endsWith": _is_part,
    "isNull": _is_null,
    "isNotNull": _is_value,
}


def _near(dialect: Dialect, stored: Stored, low: Any, high: Any) -> str:
    """The condition of a number between two others, and a little beyond."""
    return dialect.near(stored, _bound(low, -1), _bound(high, 1))


def _bound(number: Any, direction: int) -> Decimal | None:
    """A number a little further out: engines keep numbers less exactly; None for very far."""
    if number is None:
        return None
    exact = Decimal(number)
    if not exact.is_finite() or abs(exact) > _LARGEST:
        return None
    return exact + direction * (abs(exact) * _MARGIN + _SMALLEST)


def _booleans(values: Sequence[Any]) -> set[bool]:
    return {value for value in values if isinstance(value, bool)}


def _sayable(text: str) -> bool:
    """Whether both engines have this text: PostgreSQL has none with a null character."""
    return "\0" not in text


def _joined(word: str, said: Sequence[str]) -> str | None:
    return f"({word.join(said)})" if said else None
