"""Why a rule holds, or does not: for the person who wrote it and wonders.

An explanation evaluates the parts of the rule one by one and follows the one that decides: of an
`and` the first that is false, of an `or` the first that is true, down to a comparison and the
values it met.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from twinhold.rules.columns import Columns, Engine
from twinhold.rules.errors import RuleError, RuleEvaluationError, RuleSyntaxError
from twinhold.rules.partial import place
from twinhold.rules.predicates import Predicate
from twinhold.rules.reading import Scope
from twinhold.rules.rule import Rule, parse
from twinhold.rules.tree import Choice, Comprehension, Constant, Logic, Node, Not, children

__all__ = ["Explanation", "Reason", "explain"]

_LONGEST = 200
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a rule, with its value.

    Attributes:
        text: The part as it stands in the rule.
        value: Its value as the library prints it, cut at 200 characters; empty if it has none.
        error: Why it has no value, or empty.
        parts: What decided it: one part of a condition, or all operands of anything else.
    """

    text: str
    value: str
    error: str
    parts: tuple["Reason", ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a rule on some variables.

    Attributes:
        text: The rule.
        error: Why it is no rule, or why it has no value here, or empty.
        position: Where it is no rule, if known.
        holds: What `Rule.matches` answers.
        variables: The names it reads.
        reason: What decided; None if the text is no rule.
        sql: For each engine the condition it became; None where Python looks at every row.
        left_to_python: The parts of its top-level `and` that SQL does not say exactly.
    """

    text: str
    error: str
    position: int | None
    holds: bool
    variables: tuple[str, ...]
    reason: Reason | None
    sql: Mapping[str, Predicate | None]
    left_to_python: Mapping[str, tuple[str, ...]]


def explain(text: str, scope: Scope, columns: Columns | None = None) -> Explanation:
    """Explain a rule on some variables; never raises.

    Args:
        text: The rule, or what should be one.
        scope: The variables, as for `Rule.matches`.
        columns: Where variables are stored, as for `Rule.to_sql`; without them there is no SQL.
    """
    try:
        rule = parse(text)
    except RuleSyntaxError as error:
        return Explanation(text, error.message, error.position, False, (), None, {}, {})
    reason = _reason(rule, rule.tree, scope)
    engines: tuple[Engine, ...] = get_args(Engine) if columns is not None else ()
    return Explanation(
        text=text,
        error=reason.error,
        position=None,
        holds=rule.matches(scope),
        variables=tuple(sorted(rule.variables)),
        reason=reason,
        sql={engine: rule.to_sql(columns or {}, engine, scope) for engine in engines},
        left_to_python={engine: _left(rule, columns or {}, engine, scope) for engine in engines},
    )


def _left(rule: Rule, columns: Columns, engine: Engine, scope: Scope) -> tuple[str, ...]:
    tree = rule.tree
    parts = tree.parts if isinstance(tree, Logic) and tree.operator == "and" else (tree,)
    predicates = [Rule(rule.text, part).to_sql(columns, engine, scope) for part in parts]
    return tuple(
        _text(rule, part)
        for part, predicate in zip(parts, predicates, strict=True)
        if predicate is None or not predicate.exact
    )


def _text(rule: Rule, node: Node) -> str:
    return rule.text[slice(*node.span)] if node.span else type(node).__name__.lower()


def _reason(rule: Rule, node: Node, scope: Scope, levels: int = _DEEPEST) -> Reason:
    value, error = _value(rule, node, scope)
    shown = "" if error else str(value)[:_LONGEST]
    deciding = _deciding(rule, node, scope) if levels else ()
    parts = tuple(_reason(rule, part, scope, levels - 1) for part in deciding)
    return Reason(_text(rule, node), shown, error, parts)


def _value(rule: Rule, node: Node, scope: Scope) -> tuple[object, str]:
    try:
        return Rule(rule.text, node).evaluate(scope), ""
    except RuleError as error:
        return RuleEvaluationError, str(error)


def _deciding(rule: Rule, node: Node, scope: Scope) -> tuple[Node, ...]:
    if isinstance(node, Logic):
        return _deciding_part(rule, node, scope)
    if isinstance(node, Choice):
        value, error = _value(rule, node.condition, scope)
        chosen = node.positive if value else node.negative
        return (node.condition,) if error else (node.condition, chosen)
    if isinstance(node, Not) and not node.operand.span:
        # In `a not in b` the membership has no text of its own.
        return _deciding(rule, node.operand, scope)
    if place(node) is not None:
        return ()
    found = (node.iterable,) if isinstance(node, Comprehension) else children(node)
    return tuple(part for part in found if not isinstance(part, Constant) and part.span)


def _deciding_part(rule: Rule, node: Logic, scope: Scope) -> tuple[Node, ...]:
    for part in node.parts:
        value, error = _value(rule, part, scope)
        if error or bool(value) is (node.operator == "or"):
            return (part,)
    return node.parts
