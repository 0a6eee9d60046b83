"""Regular expressions whose time is bounded.

Python's engine, which the library uses, can take exponential time: `(a+)+$` doubles with every
character. A pattern of plain characters cannot, and is left to Python's engine. Any other is
translated from Python's own parse of it (`translate`) and run by RE2, in time proportional to the
text. What RE2 cannot do is refused.
"""

import functools
import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, Protocol

import re2  # type: ignore[import-untyped]

from twinhold.kept import kept
from twinhold.rules.errors import RuleSyntaxError
from twinhold.rules.limits import MAX_PATTERN, MOST_KEPT, spend
from twinhold.rules.translate import positions, to_re2

__all__ = ["Found", "Pattern", "compile_pattern"]

# RE2 refuses a pattern whose program needs more; so no pattern takes long to compile.
_MEMORY = 1 << 19
_WIDE = 5_000


class Found(Protocol):
    """A match: all that a rule can see of it are its groups."""

    def groups(self) -> tuple[str | None, ...]:
        """Return the text of each group; None for a group that took no part."""
        ...


class Pattern(Protocol):
    """A compiled regular expression."""

    def match(self, text: str) -> Found | None:
        """Look for the pattern at the start of the text."""
        ...

    def search(self, text: str) -> Found | None:
        """Look for the pattern anywhere in the text."""
        ...


class _Plain:
    """Characters and anchors only: Python's engine is linear on these."""

    def __init__(self, regex: str, steps: int) -> None:
        self._compiled = re.compile(regex)
        self._steps = steps

    def match(self, text: str) -> Found | None:
        return self._compiled.match(text)

    def search(self, text: str) -> Found | None:
        spend(len(text) * self._steps >> 6)
        return self._compiled.search(text)


class _Groups:
    def __init__(self, texts: tuple[bytes | None, ...]) -> None:
        self._texts = texts

    def groups(self) -> tuple[str | None, ...]:
        return tuple(None if text is None else text.decode() for text in self._texts)


class _Linear:
    """Anything else, run by RE2 on the text's UTF-8 form."""

    def __init__(self, regex: str, tree: Any) -> None:
        self._regex = regex  # the tree would take ten times the memory of all else
        self._steps = 1 + positions(tree)
        self._narrow = _program(tree, narrow=True)

    @functools.cached_property
    def _wide(self) -> Any:
        spend(_WIDE)
        return _program(sre_parser.parse(self._regex), narrow=False)

    def match(self, text: str) -> Found | None:
        found = self._for(text).match(text.encode())
        return found and _Groups(found.groups())

    def search(self, text: str) -> Found | None:
        found = self._for(text).search(text.encode())
        return found and _Groups(found.groups())

    def _for(self, text: str) -> Any:
        spend(len(text) * self._steps >> 5)
        return self._narrow if text.isascii() else self._wide


def _program(tree: Any, *, narrow: bool) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY if narrow else 2 * _MEMORY
    options.log_errors = False
    return re2.compile(to_re2(tree, narrow=narrow).encode(), options)


@kept(MOST_KEPT, len)
def _compiled(regex: str) -> Pattern | RuleSyntaxError:
    if len(regex) > MAX_PATTERN:
        return RuleSyntaxError(f"A regular expression is longer than {MAX_PATTERN} characters.")
    try:
        tree = sre_parser.parse(regex)
        if _is_plain(tree):
            return _Plain(regex, len(tree))
        return _Linear(regex, tree)
    except RuleSyntaxError as error:
        return error
    except (re.error, re2.error, OverflowError, RecursionError, UnicodeError, Warning) as error:
        text = error.args[0] if error.args else ""
        reason = text.decode() if isinstance(text, bytes) else str(text)
        return RuleSyntaxError(f"The regular expression {regex[:80]!r} is not valid: {reason}.")


def _is_plain(tree: Any) -> bool:
    if tree.state.flags & sre_parser.SRE_FLAG_IGNORECASE:
        return False
    return all(operation in (sre.LITERAL, sre.AT) for operation, _ in tree)


def compile_pattern(regex: str) -> Pattern:
    """Compile a regular expression of Python's syntax to a pattern of bounded time.

    Raises:
        RuleSyntaxError: It is no regular expression, or one that has no bounded equivalent.
    """
    result = _compiled(regex)
    if isinstance(result, RuleSyntaxError):
        raise RuleSyntaxError(result.message)
    return result
