"""Random rules and random twins, and the library as the oracle of what they should answer.

`python tests/rules/sampling.py ROUNDS [SEED]` compares the Python function with the library on
ROUNDS rules, a hundred times what the test run does in a second or two a thousand.
"""

import decimal
import json
import random
import sys
import warnings
from collections.abc import Mapping

import msgspec
import rule_engine

from twinhold.rules import Rule, RuleEvaluationError, RuleSyntaxError, parse
from twinhold.rules.limits import DECIMALS, begin

KEYS = ("a", "b", "c", "kind", "tags", "deep", "keys", "length", "ä")
NAMES = ("TWIN", "TWIN", "TWIN", "TWIN", "USER", "LEDGER", "twin_status", "account", "now", "none")
WORDS = (
    "",
    "a",
    "b",
    "ab",
    "active",
    "12",
    "0.1",
    "Ä",
    "a\nb",
    "x\n",
    "z" * 40,
    "😀",
    "\u0000",
    "true",
    "*",
    "[a-c]?",
    'a"b',
    "a\\b",
    "a/b",
)
NUMBERS = (
    "0", "1", "2", "-1", "3", "12", "0.1", "0.2", "0.3", "-0.5", "1.0", "1e2",
    "0.30000000000000004",
    "9007199254740992", "9007199254740993", "9007199254740993.0", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "100000000000000000000000", "1e23",
    "123456789012345678901234567890", "-0.0", "1e-320", "1.7976931348623157e308", "-12",
)  # fmt: skip
PATTERNS = (
    "a",
    "a+",
    "^a",
    "b$",
    "(a|b)+$",
    r"\\d+",
    "x$",
    r"\\w",
    ".*",
    "[^a]",
    "(?i)Ä",
    "A",
    "z{3,}",
    r"\\s",
)
MATCHES = ("=~", "=~~", "!~", "!~~")


class Oracle:
    """A rule as the library evaluates it, in the context that stands for ours."""

    def __init__(self, text: str) -> None:
        context = rule_engine.Context(
            default_value=None, default_timezone="utc", decimal_context=DECIMALS
        )
        with decimal.localcontext(DECIMALS):
            self.rule = rule_engine.Rule(text, context)

    def answer(self, scope: Mapping[str, object]) -> object:
        """Return the value, or the class `RuleEvaluationError` if there is none."""
        try:
            return self.rule.evaluate(scope)
        except Exception:  # noqa: BLE001 - the library raises Python's errors, too
            return RuleEvaluationError


class Sampler:
    """A source of random rules and twins; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def json(self, depth: int = 3) -> str:
        """Return the text of a random JSON value."""
        kind = self.random.random()
        if depth == 0 or kind < 0.6:
            return self.scalar()
        if kind < 0.8:
            items = ", ".join(self.json(depth - 1) for _ in range(self.random.randrange(4)))
            return f"[{items}]"
        return self.members(depth - 1)

    def members(self, depth: int = 3) -> str:
        """Return the text of a random JSON object."""
        keys = self.random.sample(KEYS, self.random.randrange(len(KEYS)))
        return "{" + ", ".join(f"{self.text(key)}: {self.json(depth)}" for key in keys) + "}"

    def scalar(self) -> str:
        """Return the text of a random text, number, boolean or null."""
        kind = self.random.random()
        if kind < 0.4:
            return self.text(self.random.choice(WORDS))
        if kind < 0.8:
            return self.random.choice(NUMBERS)
        return self.random.choice(("true", "false", "null"))

    def text(self, word: str) -> str:
        """Return a JSON string, escaped or not."""
        return json.dumps(word, ensure_ascii=self.random.random() < 0.5)

    def scope(self) -> dict[str, object]:
        """Return random variables."""
        scope = {name: msgspec.json.decode(self.members()) for name in ("TWIN", "USER", "LEDGER")}
        scope |= {"twin_status": self.random.choice(("alive", "terminated"))}
        scope |= {"account": "ab", "now": 1646302849.877}
        return scope

    def literal(self) -> str:
        """Return a constant of the rule language."""
        kind = self.random.random()
        if kind < 0.4:
            word = self.random.choice(WORDS)
            return (
                "'" + word.replace("\\", "\\\\").replace("\n", "\\n").replace("\0", "\\x00") + "'"
            )
        if kind < 0.75:
            return self.random.choice(NUMBERS).lstrip("-")
        return self.random.choice(("true", "false", "null", "null", "[]", "{}", "inf", "nan"))

    def path(self) -> str:
        """Return a variable, or something inside one."""
        name = self.random.choice(NAMES)
        while self.random.random() < 0.6:
            key = self.random.choice(KEYS[:-1])
            form = self.random.random()
            if form < 0.7:
                name += f".{key}"
            elif form < 0.9:
                name += f"[{self.random.choice(('0', '1', '-1', repr(key), 'none'))}]"
            else:
                name += self.random.choice((f"&.{key}", f"&['{key}']", "&[1]", "[0:2]", "[:1]"))
        return name

    def value(self, depth: int) -> str:
        """Return an expression that may have any value."""
        kind = self.random.random()
        if depth == 0 or kind < 0.5:
            return self.path() if self.random.random() < 0.7 else self.literal()
        one, two = self.value(depth - 1), self.value(depth - 1)
        forms = (
            f"[{one}, {two}]", f"[{one}]", f"({one} ?? {two})", f"({one} + {two})",
            f"({one} {self.random.choice(('-', '*', '/', '//', '%', '&', '|'))} {two})",
            f"({self.condition(depth - 1)} ? {one} : {two})", f"{{'a': {one}}}",
            f"{{{one}, {two}}}",
            f"[x for x in {one}]", f"[x.a for x in {one} if x == {two}]", f"(-{one})",
            f"({one}).{self.random.choice(('length', 'as_lower', 'to_str', 'is_empty', 'values'))}",
            f"({one}).starts_with({two})", f"$sum({one})", f"$any({one})", f"$split({one})",
            f"({one}).{self.random.choice(('to_set', 'to_ary', 'floor', 'to_int', 'to_flt'))}",
        )  # fmt: skip
        return self.random.choice(forms)

    def condition(self, depth: int) -> str:
        """Return an expression that is true or false, or has no value."""
        kind = self.random.random()
        if depth > 0 and kind < 0.45:
            one, two = self.condition(depth - 1), self.condition(depth - 1)
            return self.random.choice(
                (f"({one} and {two})", f"({one} or {two})", f"not {one}", f"({one} or {two})")
            )
        one, two = self.value(depth and depth - 1), self.value(depth and depth - 1)
        constant = self.literal()
        operator = self.random.choice(("==", "!=", "<", "<=", ">", ">="))
        forms = (
            f"{one} {operator} {two}", f"{one} {operator} {constant}",
            f"{constant} {operator} {one}",
            f"{self.path()} {operator} {constant}", f"{self.path()} {operator} {constant}",
            f"{self.path()} {operator} {constant}", f"{self.path()} == {constant}",
            f"{one} in {two}", f"{one} in [{constant}, {self.literal()}]", f"{one} not in {two}",
            f"{constant} in {one}", self.path(),
            f"{self.path()} in [{constant}, {self.literal()}, {self.literal()}]",
            f"{one} {self.random.choice(MATCHES)} '{self.random.choice(PATTERNS)}'",
        )  # fmt: skip
        return f"({self.random.choice(forms)})"

    def rule(self) -> tuple[str, Rule, Oracle]:
        """Return a random rule that both sides take."""
        while True:
            text = self.condition(self.random.randrange(4))
            try:
                oracle = Oracle(text)
            except Exception:  # noqa: BLE001 - then ours must refuse it as well
                _expect_refusal(text)
                continue
            return text, parse(text), oracle


def _expect_refusal(text: str) -> None:
    try:
        parse(text)
    except RuleSyntaxError:
        return
    raise AssertionError(f"The library refuses {text!r}, we do not.")


def compare(rounds: int, seed: int, scopes: int = 10) -> int:
    """Compare both sides on random rules, each on some random scopes; return the number of pairs.

    Raises:
        AssertionError: They differ.
    """
    sampler = Sampler(seed)
    for _ in range(rounds):
        text, rule, oracle = sampler.rule()
        for _ in range(scopes):
            scope = sampler.scope()
            expected = oracle.answer(scope)
            try:
                actual: object = rule.evaluate(scope)
            except RuleEvaluationError:
                actual = RuleEvaluationError
            truth = expected is not RuleEvaluationError and bool(expected)
            same = repr(actual) == repr(expected) or "function" in repr(expected)
            assert same or "partial" in repr(expected), (text, scope, actual, expected)
            begin(0)  # what needs a budget must start with one of its own
            assert rule.matches(scope) is truth, (text, scope)
    return rounds * scopes


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(compare(int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0])), "pairs agree")  # noqa: T201
