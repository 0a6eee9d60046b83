"""The rule language: parse, evaluate, to SQL, explain.

Rules are written in the language of the library `rule-engine`. This package reads them with that
library and compiles them to Python functions that answer what the library answers, in bounded
time and a hundred times faster.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhold.rules.columns import Column, Columns, Engine, Hidden, Json, Text
    from twinhold.rules.errors import RuleError, RuleEvaluationError, RuleSyntaxError
    from twinhold.rules.explaining import Explanation, Reason, explain
    from twinhold.rules.limits import MOST_KEPT
    from twinhold.rules.predicates import Predicate
    from twinhold.rules.rule import Rule, parse
    from twinhold.rules.seeks import Seek

__all__ = [
    "MOST_KEPT",
    "Column",
    "Columns",
    "Engine",
    "Explanation",
    "Hidden",
    "Json",
    "Predicate",
    "Reason",
    "Rule",
    "RuleError",
    "RuleEvaluationError",
    "RuleSyntaxError",
    "Seek",
    "Text",
    "explain",
    "parse",
]

_HOMES = {
    "MOST_KEPT": "limits",
    "Column": "columns",
    "Columns": "columns",
    "Engine": "columns",
    "Explanation": "explaining",
    "Hidden": "columns",
    "Json": "columns",
    "Predicate": "predicates",
    "Reason": "explaining",
    "Rule": "rule",
    "RuleError": "errors",
    "RuleEvaluationError": "errors",
    "RuleSyntaxError": "errors",
    "Seek": "seeks",
    "Text": "columns",
    "explain": "explaining",
    "parse": "rule",
}


def __getattr__(name: str) -> object:
    """Load a name when it is used: the library computes its grammar, 0.3 s, on import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
