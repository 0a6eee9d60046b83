"""A parsed rule: what the rest of Twinhold holds in its hands.

A rule is immutable and can be shared between threads. Reading one costs about a millisecond, and
it takes some 150 bytes of memory a character, so that the last ones read are kept while they are
not too long together.
"""

import decimal
from typing import final

from twinhold.kept import kept
from twinhold.rules.columns import Columns, Engine
from twinhold.rules.comparing import forget_groups
from twinhold.rules.errors import RuleEvaluationError
from twinhold.rules.evaluate import compile_tree, is_light, uses_decimals
from twinhold.rules.grammar import read
from twinhold.rules.limits import DECIMALS, MOST_KEPT, begin
from twinhold.rules.predicates import Predicate
from twinhold.rules.reading import Scope
from twinhold.rules.seeks import Seek, seeks
from twinhold.rules.sql import to_sql
from twinhold.rules.tree import Groups, Node, from_library, variables, walk
from twinhold.rules.values import exact

__all__ = ["Rule", "parse"]


@final
class Rule:
    """A rule in the language of the library `rule-engine` (trusted-twin.md, 4.5).

    Attributes:
        text: The text it was read from.
        variables: The top-level names it reads; a scope needs no others.
        tree: Its syntax tree.
    """

    __slots__ = ("_decimals", "_function", "_groups", "_light", "text", "tree", "variables")

    def __init__(self, text: str, tree: Node) -> None:
        """Compile a tree.

        Raises:
            RuleSyntaxError: A regular expression in it has no bounded equivalent.
        """
        self.text = text
        self.tree = tree
        self.variables = variables(tree)
        self._function = compile_tree(tree)
        self._light = is_light(tree)
        self._decimals = uses_decimals(tree)
        self._groups = any(isinstance(node, Groups) for node in walk(tree))

    @property
    def is_light(self) -> bool:
        """Whether an evaluation costs a few microseconds at the most, whatever the twin."""
        return self._light

    def __repr__(self) -> str:
        return f"Rule({self.text!r})"

    def matches(self, scope: Scope) -> bool:
        """Tell whether the rule holds; one that has no value does not hold.

        Args:
            scope: The variables; namespaces are dicts as decoded from JSON. What is absent is null.
        """
        try:
            return bool(self._function(scope) if self._light else self._run(scope))
        except Exception:  # noqa: BLE001 - whatever goes wrong denies
            return False

    def evaluate(self, scope: Scope) -> object:
        """Return the rule's value, as the library has it: numbers are Decimal, arrays tuples.

        Raises:
            RuleEvaluationError: It has none on these variables.
        """
        try:
            return exact(self._run(scope))
        except RuleEvaluationError:
            raise
        except Exception as error:
            reason = str(getattr(error, "message", "") or error) or type(error).__name__
            raise RuleEvaluationError(f"The rule has no value: {reason[:200]}.") from error

    def to_sql(
        self, columns: Columns, engine: Engine, scope: Scope | None = None
    ) -> Predicate | None:
        """Return an SQL condition that holds at least wherever the rule holds, or None.

        Args:
            columns: Where the variables that differ from row to row are stored.
            engine: `sqlite` or `postgresql` (15 and later).
            scope: All other variables; what is absent is null.
        """
        return to_sql(self.tree, columns, engine, scope or {})

    def seeks(
        self, columns: Columns, scope: Scope | None = None, variable: str = "TWIN"
    ) -> list[Seek] | None:
        """Return what an index on top-level attributes can look for.

        Wherever the rule holds, at least one of the seeks does; an empty list says that it never
        holds, None that an index cannot help.

        Args:
            columns: The variables that differ from row to row.
            scope: All other variables; what is absent is null.
            variable: The namespace whose attributes are indexed.
        """
        return seeks(self.tree, columns, scope or {}, variable)

    def _run(self, scope: Scope) -> object:
        begin()
        if self._groups:
            forget_groups()
        if not self._decimals:
            return self._function(scope)
        with decimal.localcontext(DECIMALS):
            return self._function(scope)


@kept(MOST_KEPT, len)
def parse(text: str) -> Rule:
    """Read a rule.

    Raises:
        RuleSyntaxError: It is no rule, or one outside the bounds (docs/reference/rule-language.md).
    """
    return Rule(text, from_library(read(text)))
