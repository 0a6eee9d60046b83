"""What can go wrong with a rule: its text, or its evaluation.

`RuleSyntaxError` is raised when a rule is read, `RuleEvaluationError` when it is applied. Messages
are sentences for the person who wrote the rule.
"""

__all__ = ["RuleError", "RuleEvaluationError", "RuleSyntaxError"]


class RuleError(Exception):
    """Anything that is wrong with a rule."""


class RuleSyntaxError(RuleError):
    """The text is no rule, or a rule outside the bounds.

    Attributes:
        message: What is wrong, and where if that is known.
        position: Offset of the offending character, counted from 0, or None.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (position {position})")
        self.message = str(self)
        self.position = position


class RuleEvaluationError(RuleError):
    """The rule has no value here: types do not fit, an item is missing, or it is too much work."""
