"""Rules as texts: read when they arrive, so that what is stored always parses."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twinhold import rules
from twinhold.registry.errors import RuleInvalidError

if TYPE_CHECKING:
    from twinhold.rules import Rule


def parse(text: str, pointer: str | None = None) -> "Rule":
    """Read a rule.

    Raises:
        RuleInvalidError: it does not parse, or is over a bound of the language.
    """
    try:
        return rules.parse(text)
    except rules.RuleSyntaxError as error:
        raise RuleInvalidError(f"The rule does not parse: {error}", pointer) from None


async def check(texts: Iterable[tuple[str, str]]) -> None:
    """Read many rules, each with its pointer, and let others run in between.

    Raises:
        RuleInvalidError: see `parse`.
    """
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
