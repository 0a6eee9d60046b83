"""Rules as texts: read when they arrive, so that what is stored always parses."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twinhold import rules
from twinhold.registry.errors import InvalidValueError, RuleInvalidError

if TYPE_CHECKING:
    from twinhold.rules import Rule

LONGEST_TOGETHER = 16_384
"""Characters of the different rules in a request: to read a thousand takes up to 30 ms."""


def parse(text: str, pointer: str | None = None) -> "Rule":
    """Read a rule.

    Raises:
        RuleInvalidError: it does not parse, or is over a bound of the language.
    """
    try:
        return rules.parse(text)
    except rules.RuleSyntaxError as error:
        raise RuleInvalidError(f"The rule does not parse: {error}", pointer) from None


def require_short(texts: Iterable[str]) -> None:
    """Refuse rules that would take long to read, before any is read.

    Raises:
        InvalidValueError: the different ones are too long together.
    """
    if sum(map(len, set(texts))) > LONGEST_TOGETHER:
        raise InvalidValueError(
            f"The rules of a request may have {LONGEST_TOGETHER} characters together."
        )


async def check(texts: Iterable[tuple[str, str]]) -> None:
    """Read many rules, each with its pointer, and let others run in between.

    Raises:
        InvalidValueError: see `require_short`.
        RuleInvalidError: see `parse`.
    """
    texts = list(texts)
    require_short(text for text, _ in texts)
    for text, pointer in texts:
        parse(text, pointer)
        await asyncio.sleep(0)


def is_rule(text: str) -> bool:
    """Whether a text is a rule by itself."""
    try:
        rules.parse(text)
    except rules.RuleSyntaxError:
        return False
    return True


def warm_up() -> None:
    """Load the rule language, so that the first rule does not wait for it."""
    rules.parse("true")
