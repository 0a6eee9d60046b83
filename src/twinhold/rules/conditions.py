"""Pairs of SQL conditions about one question, and how they are put together.

The first holds at least wherever the answer is yes, the second at most there; where both are the
same, they say it exactly. Texts are compared, so each is made in one way only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["ALWAYS", "NEVER", "PERHAPS", "Condition", "all_of", "any_of", "uncertain"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds at least where the answer is yes, and what holds at most there.

    Attributes:
        sql: The first.
        sure: The second.
        columns: Those whose JSON is looked into.
        unread: What holds at most where the second does and can be told without reading JSON.
    """

    sql: str
    sure: str
    columns: frozenset[str] = frozenset()
    unread: str = "FALSE"

    @property
    def exact(self) -> bool:
        """Whether it holds exactly where the answer is yes."""
        return self.sql == self.sure

    @property
    def told_unread(self) -> str:
        """What of it can be told without reading JSON."""
        return self.unread if self.columns else self.sure


ALWAYS = Condition("TRUE", "TRUE")
NEVER = Condition("FALSE", "FALSE")
PERHAPS = Condition("TRUE", "FALSE")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return where all of some conditions hold."""
    kept = list(conditions)
    if any(each.sql == "FALSE" for each in kept):
        return NEVER
    return _condition(
        kept,
        _joined("AND", [each.sql for each in kept]),
        _all([each.sure for each in kept]),
        _all([each.told_unread for each in kept]),
    )


def any_of(conditions: Iterable[Condition], *, total: bool = True) -> Condition:
    """Return where one of some conditions holds.

    Args:
        conditions: in the order in which the rule asks them.
        total: whether each before the last has an answer on every row.
    """
    kept = [each for each in conditions if each.sql != "FALSE"]
    if not kept:
        return NEVER
    sure = [each.sure for each in kept] if total else []
    unread = [each.told_unread for each in kept] if total else []
    if any(each.sql == "TRUE" for each in kept):
        return ALWAYS if "TRUE" in sure else PERHAPS
    return _condition(
        kept,
        _joined("OR", [each.sql for each in kept]),
        _joined("OR", sure),
        _joined("OR", unread),
    )


def _condition(parts: Iterable[Condition], sql: str, sure: str, unread: str) -> Condition:
    columns = frozenset().union(*(each.columns for each in parts))
    return Condition(sql, sure, columns, unread if columns else "FALSE")


def _all(parts: list[str]) -> str:
    return "FALSE" if "FALSE" in parts else _joined("AND", parts)


def _joined(word: str, parts: list[str]) -> str:
    """Join conditions, of which those that change nothing are left out."""
    idle = "TRUE" if word == "AND" else "FALSE"
    kept = [part for part in parts if part != idle]
    if not kept:
        return idle
    return kept[0] if len(kept) == 1 else "(" + f" {word} ".join(kept) + ")"


def uncertain(condition: Condition) -> Condition:
    """Return a condition that is never sure."""
    return replace(condition, sure="FALSE", unread="FALSE")
