"""The library's context and syntax nodes, with bounds.

Wherever a rule's text or values could make the library take long or much memory, its node or
function is replaced by one that refuses: regular expressions, shifts, huge numbers, `$range` and
what is called for each element of an array.
"""

import functools
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import rule_engine
from rule_engine import ast
from rule_engine.builtins import Builtins
from rule_engine.types import DataType

from twinhold.rules.errors import RuleEvaluationError, RuleSyntaxError
from twinhold.rules.limits import DECIMALS, MAX_BITS, MAX_DIGITS, MAX_EXPONENT, spend
from twinhold.rules.patterns import Pattern, compile_pattern

__all__ = ["REPLACED", "metered", "new_context"]

_FEW = 10
_MANY = 100
_POWER = 500
_CODEC = 1_000


class Match(ast.FuzzyComparisonExpression):  # type: ignore[misc]
    """`=~` and its kin, on patterns of bounded time."""

    def _compile_regex(self, regex: str) -> Pattern:
        spend(_CODEC)
        return compile_pattern(regex)


class Shift(ast.BitwiseShiftExpression):  # type: ignore[misc]
    """`<<` and `>>`, on integers of bounded size."""

    def _op_bitwise_float(self, op: Any, thing: Any, left: Any) -> Any:
        right = self.right.evaluate(thing)
        if isinstance(right, Decimal) and right > MAX_BITS:
            raise RuleEvaluationError("A shift is too wide.")
        if isinstance(left, Decimal) and left.is_finite() and left.adjusted() > MAX_BITS // 3:
            raise RuleEvaluationError("A shifted number is too large.")
        return super()._op_bitwise_float(op, thing, left)


class Arithmetic(ast.ArithmeticExpression):  # type: ignore[misc]
    """Multiplication and its kin; a power of a number of bounded digits."""

    def _op_pow(self, thing: Any) -> Any:
        spend(_POWER)
        for operand in (self.left.evaluate(thing), self.right.evaluate(thing)):
            if isinstance(operand, Decimal) and len(operand.as_tuple().digits) > MAX_DIGITS:
                raise RuleEvaluationError(
                    f"A number of more than {MAX_DIGITS} digits has no power."
                )
        return super()._op_pow(thing)


class Number(ast.FloatExpression):  # type: ignore[misc]
    """A number literal of bounded exponent."""

    @classmethod
    def from_string(cls, context: Any, string: str) -> Any:
        """Read the literal.

        Raises:
            RuleSyntaxError: Its exponent is too large.
        """
        number = ast.FloatExpression.from_string(context, string)
        if number.value.is_finite() and abs(number.value.adjusted()) > MAX_EXPONENT:
            raise RuleSyntaxError(f"The number {string[:80]} is out of range.")
        return number


REPLACED: dict[type, type] = {
    ast.ArithmeticExpression: Arithmetic,
    ast.FuzzyComparisonExpression: Match,
    ast.BitwiseShiftExpression: Shift,
    ast.FloatExpression: Number,
}


def metered(function: Callable[..., Any], cost: int = _CODEC) -> Callable[..., Any]:
    """Return the function, spending `cost` units each time it is called."""

    @functools.wraps(function, assigned=())
    def call(*arguments: Any) -> Any:
        spend(cost)
        return function(*arguments)

    return call


def _each(function: Callable[..., Any]) -> Callable[[Any, Iterable[Any]], Any]:
    def call(apply: Any, values: Any) -> Any:
        spend(_MANY * len(values))
        return function(apply, values)

    return call


def _range(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*bounds: Any) -> Any:
        if all(isinstance(bound, Decimal) and bound.is_finite() for bound in bounds):
            low, high = (Decimal(0), bounds[0]) if len(bounds) == 1 else bounds[:2]
            step = bounds[2] if len(bounds) > 2 else Decimal(1)
            spend(_FEW * max(0, int((high - low) / step)) if step else _FEW)
        return original(*bounds)

    return call


def _parse_float(original: Callable[[str], Decimal]) -> Callable[[str], Decimal]:
    def call(text: str) -> Decimal:
        number = original(text)
        if number.is_finite() and abs(number.adjusted()) > MAX_EXPONENT:
            raise RuleEvaluationError("A number is out of range.")
        return number

    return call


def _split(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(text: str, *arguments: Any) -> Any:
        spend(len(text))
        return original(text, *arguments)

    return call


class _Nothing:
    """Stands for the library's set of names seen, which would grow with every rule."""

    def add(self, name: str) -> None:
        """Forget the name."""


def new_context() -> Any:
    """Return a context of the library as rules need it: missing names are null, times are UTC."""
    context = rule_engine.Context(
        default_value=None, default_timezone="utc", decimal_context=DECIMALS
    )
    # Attributes of mappings are the point here; the library would warn of them once a rule.
    context._mapping_fallback_warned = True  # noqa: SLF001 - the library offers no switch
    context.symbols = _Nothing()
    plain = context.builtins
    context.builtins = Builtins.from_defaults(
        values={
            "range": _range(plain["range"]),
            "parse_float": _parse_float(plain["parse_float"]),
            "split": _split(plain["split"]),
            "map": _each(plain["map"]),
            "filter": _each(plain["filter"]),
            "re_groups": None,
        },
        value_types={"re_groups": DataType.ARRAY(DataType.STRING)},
        timezone=context.default_timezone,
    )
    return context
