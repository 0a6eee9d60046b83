"""Rules as texts: read when they arrive, so that what is stored always parses."""

from twinhold.registry.errors import RuleInvalidError
from twinhold.rules import Rule, RuleSyntaxError
from twinhold.rules import parse as _parse


def parse(text: str, pointer: str | None = None) -> Rule:
    """Read a rule.

    Raises:
        RuleInvalidError: it does not parse, or is over a bound of the language.
    """
    try:
        return _parse(text)
    except RuleSyntaxError as error:
        raise RuleInvalidError(f"The rule does not parse: {error}", pointer) from None


def is_rule(text: str) -> bool:
    """Whether a text is a rule by itself."""
    try:
        _parse(text)
    except RuleSyntaxError:
        return False
    return True
