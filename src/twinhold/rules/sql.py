"""A rule as an SQL condition that holds at least wherever the rule holds.

For each expression two conditions are made: one that holds wherever it is true, one that holds
wherever it is false. Where it has no value neither needs to hold. `not` exchanges the two, so that
no condition is ever negated and SQL's null never matters. What SQL cannot say is TRUE; the caller
checks the rows that come back with `Rule.matches`, unless the condition is exact. Beside each goes
a condition that holds at most there: it spares the check of the rows that it holds for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

from twinhold.rules.columns import Columns, Engine, Hidden, Json
from twinhold.rules.conditions import (
    ALWAYS,
    NEVER,
    PERHAPS,
    Condition,
    all_of,
    any_of,
    uncertain,
)
from twinhold.rules.engines import ENGINES, Dialect, Stored
from twinhold.rules.partial import Failing, Place, place, specialize
from twinhold.rules.predicates import Compiled, Predicate
from twinhold.rules.reading import Scope
from twinhold.rules.tree import Choice, Comparison, Constant, Logic, Match, Membership, Node, Not
from twinhold.rules.values import native

__all__ = ["to_sql"]

_MARGIN = Decimal("4e-15")
_SMALLEST = Decimal("1e-300")
_LARGEST = Decimal("1.7e308")
_FAR = Decimal("1e300")
_SYMBOLS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_REVERSED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_ALL = ("null", "boolean", "number", "string", "array", "object")


@dataclass(frozen=True, slots=True)
class _Answer:
    """Where an expression is true, where it is false, and whether it has a value on every row."""

    yes: Condition
    no: Condition
    total: bool = False


_UNKNOWN = _Answer(PERHAPS, PERHAPS)
_NO_VALUE = _Answer(NEVER, NEVER)


def to_sql(node: Node, columns: Columns, engine: Engine, scope: Scope) -> Predicate | None:
    """Return the condition for a tree, or None if SQL can say nothing."""
    parameters: dict[str, object] = {}
    places: dict[tuple[type, str], str] = {}

    def bind(value: object) -> str:
        key = (value.__class__, repr(value))
        if key not in places:
            places[key] = f"r{len(places)}"
            parameters[places[key]] = value
        return ":" + places[key]

    dialect = ENGINES[engine](bind)
    tree = specialize(node, columns.keys(), scope)
    parts = tree.parts if isinstance(tree, Logic) and tree.operator == "and" else (tree,)
    conditions = [_Compiler(columns, dialect).answer(part).yes for part in parts]
    plain = all_of(each for each in conditions if not each.columns)
    inside = all_of(each for each in conditions if each.columns)
    return Compiled(plain, inside, parameters, dialect).predicate()


class _Compiler:
    """Makes the conditions of expressions over the columns of one statement."""

    def __init__(self, columns: Columns, dialect: Dialect) -> None:
        self.columns = columns
        self.dialect = dialect
        self._compilers: dict[type[Node], Callable[[Any], _Answer]] = {
            Choice: self.choice,
            Comparison: self.comparison,
            Constant: lambda node: _constant(bool(node.value)),
            Failing: lambda _node: _NO_VALUE,
            Logic: self.logic,
            Match: self.match,
            Membership: self.membership,
            Not: self.negation,
        }

    def answer(self, node: Node) -> _Answer:
        if node.__class__ in self._compilers:
            return self._compilers[node.__class__](node)
        stored = self.stored(node)
        return self.leaf(stored).truth() if stored else _UNKNOWN

    def negation(self, node: Not) -> _Answer:
        return _exchanged(self.answer(node.operand))

    def logic(self, node: Logic) -> _Answer:
        parts = [self.answer(part) for part in node.parts]
        total = all(part.total for part in parts[:-1])
        yes, no = [part.yes for part in parts], [part.no for part in parts]
        everywhere = total and parts[-1].total
        if node.operator == "and":
            return _Answer(all_of(yes), any_of(no, total=total), everywhere)
        return _Answer(any_of(yes, total=total), all_of(no), everywhere)

    def choice(self, node: Choice) -> _Answer:
        condition, positive, negative = (
            self.answer(part) for part in (node.condition, node.positive, node.negative)
        )
        yes = any_of((all_of((condition.yes, positive.yes)), all_of((condition.no, negative.yes))))
        no = any_of((all_of((condition.yes, positive.no)), all_of((condition.no, negative.no))))
        return _Answer(yes, no, condition.total and positive.total and negative.total)

    def comparison(self, node: Comparison) -> _Answer:
        left, right, name = node.left, node.right, node.operator
        if isinstance(left, Constant):
            left, right, name = right, left, _REVERSED[name]
        if isinstance(left, Failing) or isinstance(right, Failing):
            return _NO_VALUE
        stored = self.stored(left)
        if stored is None or not isinstance(right, Constant):
            return _UNKNOWN
        leaf = self.leaf(stored)
        if name in _SYMBOLS:
            return leaf.order(name, right.value)
        same = leaf.equal(right.value)
        return same if name == "eq" else _exchanged(same)

    def membership(self, node: Membership) -> _Answer:
        if isinstance(node.container, Failing) or isinstance(node.member, Failing):
            return _NO_VALUE
        if isinstance(node.container, Constant):
            stored = self.stored(node.member)
            return self.leaf(stored).among(node.container.value) if stored else _UNKNOWN
        stored = self.stored(node.container)
        if stored is None or not isinstance(node.member, Constant):
            return _UNKNOWN
        return self.leaf(stored).holds(node.member.value)

    def match(self, node: Match) -> _Answer:
        stored = self.stored(node.left)
        if isinstance(node.right, Failing):
            return _NO_VALUE
        if stored is None or not isinstance(node.right, Constant):
            return _UNKNOWN
        found = self.leaf(stored).match(node.right.value)
        return _exchanged(found) if node.negated else found

    def stored(self, node: Node) -> tuple[Place, Stored] | None:
        """Return where the value stands in a row, if SQL can see it."""
        found = place(node)
        if found is None or found.variable not in self.columns:
            return None
        column = self.columns[found.variable]
        if isinstance(column, Hidden) or isinstance(column, Json) is not bool(found.keys):
            return None
        inner = (column.inner,) if isinstance(column, Json) and column.inner else ()
        return found, Stored(column, (*found.keys[:1], *inner, *found.keys[1:]))

    def leaf(self, stored: tuple[Place, Stored]) -> "_Leaf":
        return _Leaf(self.dialect, *stored)


class _Leaf:
    """The questions that are asked of one stored value."""

    def __init__(self, dialect: Dialect, where: Place, stored: Stored) -> None:
        self.dialect = dialect
        self.stored = stored
        self.certain = where.certain
        column = stored.column
        self.columns = frozenset({column.name}) if isinstance(column, Json) else frozenset()

    def condition(self, sql: str, *, exact: bool = True) -> Condition:
        sure = sql if exact else "FALSE"
        return Condition(sql, sure, frozenset() if sql in ("TRUE", "FALSE") else self.columns)

    def kind(self, *kinds: str, exact: bool = False) -> Condition:
        # Where a missing key is an error, what SQL takes for null may have no value.
        exact = exact and (self.certain or "null" not in kinds)
        return self.condition(self.dialect.kind(self.stored, kinds), exact=exact)

    def truth(self) -> _Answer:
        """Answer for the value itself, as a condition."""
        yes = (
            self.condition(self.dialect.boolean(self.stored, value=True)),
            self.kind("number", "array", "object"),
            self.condition(self.dialect.before(self.stored, ">", "")),
        )
        no = (
            self.condition(self.dialect.boolean(self.stored, value=False)),
            self.kind("null", "number", "array", "object"),
            self.condition(self.dialect.one_of(self.stored, [""])),
        )
        return _Answer(any_of(yes), any_of(no), self.certain)

    def equal(self, value: object) -> _Answer:
        """Answer for equality with a constant."""
        if value is None:
            others = [kind for kind in _ALL if kind != "null"]
            yes, no = self.kind("null", exact=True), self.kind(*others, exact=True)
        elif isinstance(value, bool):
            others = [kind for kind in _ALL if kind != "boolean"]
            yes = self.condition(self.dialect.boolean(self.stored, value=value))
            other = self.condition(self.dialect.boolean(self.stored, value=not value))
            no = any_of((self.kind(*others, exact=True), other))
        elif isinstance(value, str):
            yes, no = self.one_of([value]), self.none_of([value])
        elif isinstance(value, Decimal):
            yes, no = self.number("=", value), PERHAPS
        elif isinstance(value, (tuple, dict)):
            yes, no = self.kind("array" if isinstance(value, tuple) else "object"), PERHAPS
        else:
            return _UNKNOWN
        return _Answer(yes, no, self.certain)

    def order(self, name: str, value: object) -> _Answer:
        """Answer for `<`, `<=`, `>` or `>=` a constant."""
        if isinstance(value, str):
            if not self.sayable(value):
                return _Answer(self.kind("string"), self.kind("string"))
            yes, no = (
                self.condition(self.dialect.before(self.stored, _SYMBOLS[operator], value))
                for operator in (name, _OPPOSITE[name])
            )
            return _Answer(yes, no)
        if isinstance(value, Decimal):
            yes, no = (
                self.number(_SYMBOLS[operator], value) for operator in (name, _OPPOSITE[name])
            )
            return _Answer(yes, no)
        if value is None:
            null = self.kind("null", exact=True)
            return _Answer(null, NEVER) if name in ("le", "ge") else _Answer(NEVER, null)
        if isinstance(value, (bool, tuple)):
            kind = self.kind("boolean" if isinstance(value, bool) else "array")
            return _Answer(kind, kind)
        return _UNKNOWN

    def among(self, container: object) -> _Answer:
        """Answer for membership in a constant."""
        if isinstance(container, str):
            return _Answer(self.kind("string"), self.kind("string"))
        if not isinstance(container, (tuple, set, dict)):
            return _UNKNOWN
        members = list(container)
        texts = [each for each in members if isinstance(each, str)]
        answers = [self.equal(each) for each in members if not isinstance(each, str)]
        numbers = [each for each in members if isinstance(each, (Decimal, bool))]
        yes = [self.one_of(texts), *(each.yes for each in answers)]
        no = [self.none_of(texts), *(each.no for each in answers)]
        if any(each in (0, 1) for each in numbers):
            # To the library true is 1 here and false is 0.
            yes += [self.kind("boolean"), self.near(Decimal(0), Decimal(1))]
            no = [PERHAPS]
        if not isinstance(container, tuple):
            # Arrays and objects may have no hash; then the question is an error.
            return _Answer(any_of(yes), uncertain(all_of(no)))
        return _Answer(any_of(yes), all_of(no), self.certain)

    def holds(self, member: object) -> _Answer:
        """Answer for a constant in the value."""
        if isinstance(member, str):
            yes = self.kind("string", "array", "object")
            if self.sayable(member):
                yes = self.condition(self.dialect.has_text(self.stored, member))
            return _Answer(yes, self.kind("string", "array", "object"))
        return _Answer(self.kind("array", "object"), self.kind("array", "object"))

    def match(self, regex: object) -> _Answer:
        """Answer for a regular expression."""
        if not isinstance(regex, str):
            return _Answer(self.kind("null"), self.kind("string"))
        literal = _literal(regex)
        yes = self.kind("string")
        if literal and self.sayable(literal):
            part = self.condition(self.dialect.part(self.dialect.text(self.stored), literal))
            yes = all_of((yes, uncertain(part)))
        return _Answer(yes, self.kind("string", "null"))

    def one_of(self, texts: list[str]) -> Condition:
        if not all(self.sayable(text) for text in texts):
            return self.kind("string")
        return self.condition(self.dialect.one_of(self.stored, texts)) if texts else NEVER

    def none_of(self, texts: list[str]) -> Condition:
        known = [text for text in texts if self.sayable(text)]
        if not known:
            return PERHAPS if texts or not self.certain else ALWAYS
        exact = self.certain and len(known) == len(texts)
        condition = self.condition(self.dialect.none_of(self.stored, known), exact=exact)
        if not exact:
            return condition
        return replace(condition, unread=self.dialect.lacks(self.stored, known))

    def number(self, symbol: str, value: Decimal) -> Condition:
        """Return the condition of a number in this order to a constant, or equal to it."""
        constant = native(value)
        if constant is None or abs(value) > _FAR:
            low, high = None if symbol[0] == "<" else value, None if symbol[0] == ">" else value
            return self.near(low, high)
        around = _widened(value, -1), _widened(value, 1)
        sql, sure = self.dialect.number(self.stored, symbol, constant, around)
        return replace(self.condition(sql), sure=sure)

    def near(self, low: Decimal | None, high: Decimal | None) -> Condition:
        """Return the condition of a number in an interval, a little widened."""
        if any(bound is not None and not bound.is_finite() for bound in (low, high)):
            return self.kind("number")
        least = None if low is None or low < -_LARGEST else _widened(min(low, _LARGEST), -1)
        most = None if high is None or high > _LARGEST else _widened(max(high, -_LARGEST), 1)
        return self.condition(self.dialect.near(self.stored, least, most), exact=False)

    def sayable(self, text: str) -> bool:
        """Tell whether the engine has this text; PostgreSQL has none with a null character."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            return False
        return "\0" not in text or not self.dialect.collation


def _exchanged(answer: _Answer) -> _Answer:
    return replace(answer, yes=answer.no, no=answer.yes)


def _constant(truth: bool) -> _Answer:  # noqa: FBT001 - the answer is what it is about
    return _Answer(ALWAYS, NEVER, total=True) if truth else _Answer(NEVER, ALWAYS, total=True)


def _widened(bound: Decimal, direction: int) -> Decimal:
    return bound + direction * (abs(bound) * _MARGIN + _SMALLEST)


def _literal(regex: str) -> str:
    """Return the longest text that every match contains."""
    tree = sre_parser.parse(regex)
    if tree.state.flags & sre_parser.SRE_FLAG_IGNORECASE:
        return ""
    runs = [""]
    for operation, argument in tree:
        runs.append(runs.pop() + chr(argument)) if operation is sre.LITERAL else runs.append("")
    return max(runs, key=len)
