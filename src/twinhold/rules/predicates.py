"""What becomes of the conditions of a rule: one predicate on a row, which reads its JSON last.

The conditions on JSON of a whole predicate stand behind one guard, those of two rules too, so that
a row is read at most once.
"""

import re
from dataclasses import dataclass, replace

from twinhold.rules.conditions import PERHAPS, Condition, all_of
from twinhold.rules.engines import Dialect

__all__ = ["Compiled", "Predicate"]

_PLACE = re.compile(r"'(?:[^']|'')*'|:((?:further_)?r\d+)")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a rule was compiled to, and what guards that part which reads JSON."""

    plain: Condition
    inside: Condition
    parameters: dict[str, object]
    dialect: Dialect

    def and_further(self, other: "Compiled") -> "Compiled":
        """Both of them, with other placeholders in the second than in any that was compiled."""
        named = {f"further_{name}": value for name, value in other.parameters.items()}
        return Compiled(
            all_of((self.plain, _renamed(other.plain))),
            all_of((self.inside, _renamed(other.inside))),
            self.parameters | named,
            self.dialect,
        )

    def predicate(self) -> "Predicate | None":
        """The predicate; None where SQL can say nothing."""
        inside = _guarded(self.inside, self.dialect) if self.inside.columns else self.inside
        whole = all_of((self.plain, inside))
        if whole == PERHAPS:
            return None
        return Predicate(
            whole.sql, self._used(whole.sql), whole.exact, whole.sure, self._used(whole.sure), self
        )

    def _used(self, sql: str) -> dict[str, object]:
        names = {match[1] for match in _PLACE.finditer(sql) if match[1]}
        return {name: self.parameters[name] for name in sorted(names)}


@dataclass(frozen=True, slots=True)
class Predicate:
    """An SQL condition.

    Attributes:
        sql: The condition, with placeholders `:r0`, `:r1`, ...
        parameters: Their values by name, without the colon.
        exact: It holds only where the rule holds; otherwise the rows are to be checked.
        sure: A condition that holds at most where the rule holds.
        sure_parameters: The values of its placeholders.
        compiled: What it was made of.
    """

    sql: str
    parameters: dict[str, object]
    exact: bool
    sure: str
    sure_parameters: dict[str, object]
    compiled: Compiled

    def with_further(self, other: "Predicate") -> "Predicate | None":
        """Where this one and another hold; what both read of a row is read once."""
        return self.compiled.and_further(other.compiled).predicate()

    def unsure(self) -> "Predicate":
        """Where this holds, when something else is asked that SQL cannot say."""
        return replace(self, exact=False, sure="FALSE", sure_parameters={})


def _guarded(condition: Condition, dialect: Dialect) -> Condition:
    """Let a row whose JSON the engine cannot read be checked, and read only what has to be."""
    columns = sorted(condition.columns)
    sql = _read_last(condition.unread, dialect.guarded(columns, condition.sql))
    if condition.exact and dialect.reads_all:
        return replace(condition, sql=sql, sure=sql)
    sure = condition.sure
    if sure != "FALSE":
        guarded = dialect.guarded(columns, sure, otherwise="FALSE")
        sure = _read_last(condition.unread, guarded)
    return replace(condition, sql=sql, sure=sure)


def _read_last(unread: str, sql: str) -> str:
    return sql if unread == "FALSE" else f"CASE WHEN {unread} THEN TRUE ELSE {sql} END"


def _renamed(condition: Condition) -> Condition:
    sql, sure, unread = (
        _PLACE.sub(_further_name, each)
        for each in (condition.sql, condition.sure, condition.unread)
    )
    return replace(condition, sql=sql, sure=sure, unread=unread)


def _further_name(match: re.Match[str]) -> str:
    return f":further_{match[1]}" if match[1] else match[0]
