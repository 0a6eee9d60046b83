"""Bounds, so that no rule can stop the server.

A rule's text is bounded in length, tokens and depth before the library sees it. Its evaluation
has a budget of work units (one is about a tenth of a microsecond): whatever can take longer than
a moment, such as a copy of a container or a step of a comprehension, spends from it.
"""

import decimal
import threading

from twinhold.rules.errors import RuleEvaluationError

__all__ = ["DECIMALS", "MOST_KEPT", "begin", "spend", "spend_on"]

MAX_LENGTH = 4_096
MAX_TOKENS = 1_200
MAX_DEPTH = 100
MAX_BRACKETS = 24
MAX_NODES = 800
MAX_PATTERN = 1_000
MAX_BITS = 4_096
MAX_DIGITS = 100
MAX_EXPONENT = 999
MOST_KEPT = 30_000
"""Characters that are kept ready for use: of rules, of those said in SQL, and of patterns."""
WORK = 20_000

# A container's elements are converted one by one, each at about a microsecond.
_ELEMENT = 10

DECIMALS = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-MAX_EXPONENT,
    Emax=MAX_EXPONENT,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""The library's precision of 28 digits; the range of exponents is smaller, so that every number
can be made an integer in a moment."""


class _Budget(threading.local):
    left = WORK


_budget = _Budget()


def begin(work: int = WORK) -> None:
    """Start an evaluation on this thread with a full budget."""
    _budget.left = work


def spend(units: int) -> None:
    """Take units from the budget of the evaluation under way on this thread.

    Raises:
        RuleEvaluationError: The budget is used up.
    """
    _budget.left -= units
    if _budget.left < 0:
        raise RuleEvaluationError("The rule does too much work on these values.")


def spend_on(value: object) -> None:
    """Spend what it costs to convert or type-check a value with everything inside it.

    Raises:
        RuleEvaluationError: The budget is used up.
    """
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            spend(_ELEMENT * len(each))
            waiting.extend(each.keys())
            waiting.extend(each.values())
        elif isinstance(each, (list, tuple, set)):
            spend(_ELEMENT * len(each))
            waiting.extend(each)
