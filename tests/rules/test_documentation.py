"""The examples of docs/reference/rule-language.md are true, and its bounds those of the code."""

import json
import re
from pathlib import Path

import pytest
from tests.rules.sampling import Oracle

from twinhold.rules import RuleEvaluationError, RuleSyntaxError, limits, parse

PAGE = (Path(__file__).parents[2] / "docs/reference/rule-language.md").read_text()
SCOPE = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
EXAMPLES = [
    tuple(part.strip() for part in line.split("→"))
    for block in re.findall(r"```rule\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


def answer(text: str) -> str:
    """Return what the page would say of a rule."""
    try:
        return str(bool(parse(text).evaluate(SCOPE))).lower()
    except RuleSyntaxError:
        return "syntax error"
    except RuleEvaluationError:
        return "error"


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_example(text: str, expected: str) -> None:
    """It answers what the page says, and what the library answers where that can read it."""
    assert answer(text) == expected
    if expected in ("true", "false"):
        assert bool(Oracle(text).answer(SCOPE)) is (expected == "true")


def test_there_are_examples() -> None:
    """The page is not empty of them."""
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize(
    "bound",
    ["MAX_LENGTH", "MAX_TOKENS", "MAX_NODES", "MAX_DEPTH", "MAX_BRACKETS", "MAX_EXPONENT"],
)
def test_bounds_are_those_of_the_code(bound: str) -> None:
    """Each number of the table is the constant's."""
    table = PAGE.split("## Bounds")[1]
    assert f"{getattr(limits, bound):,}".replace(",", " ") in table
