"""Text to the library's syntax tree, bounded, with the place of each node in the text.

The library's own grammar reads the rule, so that nothing can be read differently. Its tree is
built in two steps; between them this module counts nodes and depth, notes where each node stands
in the text (attribute `span` of a node) and exchanges nodes for bounded ones. The parser of the
library is shared and not reentrant: a lock guards it.
"""

import copy
import decimal
import functools
import re
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import rule_engine
import rule_engine.errors
import rule_engine.parser

from twinhold.rules.bounded import REPLACED, new_context
from twinhold.rules.errors import RuleError, RuleSyntaxError
from twinhold.rules.limits import (
    DECIMALS,
    MAX_BRACKETS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    MAX_TOKENS,
    begin,
)

__all__ = ["read"]

# A backslash before another character stands for itself; Python warns of such escapes.
_ESCAPES = frozenset("\\'\"abfnrtvxuUN01234567\n")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class _Tokens:
    """The library's lexer, which counts tokens and open brackets, and knows where a token ends."""

    def __init__(self, lexer: Any, text: str) -> None:
        self._lexer = lexer.clone()
        self._lexer.input(text)
        self._lexer.lineno = 1
        self.lineno = 1
        self.lexpos = 0
        self.ends: dict[int, int] = {}
        self._open = 0

    def input(self, text: str) -> None:
        """Take the text again, as the parser does first; it is known already."""

    def token(self) -> Any:
        """Return the next token, or None at the end.

        Raises:
            RuleSyntaxError: There are too many, or too many brackets inside each other.
        """
        token = self._lexer.token()
        if token is None:
            return None
        self.ends[token.lexpos] = self._lexer.lexpos
        if len(self.ends) > MAX_TOKENS:
            raise RuleSyntaxError(f"The rule has more than {MAX_TOKENS} words.", token.lexpos)
        self._count_brackets(token)
        if token.type == "STRING" and token.value[0] != "r":
            token.value = re.sub(r"\\(.)", _escape, token.value)
        return token

    def _count_brackets(self, token: Any) -> None:
        last = str(token.value)[-1:]
        if token.type in ("LPAREN", "LBRACKET", "LBRACE") and last in _OPENING:
            self._open += 1
        elif token.type in ("RPAREN", "RBRACKET", "RBRACE") and last in _CLOSING:
            self._open -= 1
        if self._open > MAX_BRACKETS:
            message = f"More than {MAX_BRACKETS} brackets are open."
            raise RuleSyntaxError(message, token.lexpos)


def _escape(found: re.Match[str]) -> str:
    text = found.group()
    return text if found.group(1) in _ESCAPES else "\\" + text


class _Deferred:
    """A node the library has read but not built, with its place in the text."""

    def __init__(self, node: Any, depth: int, span: tuple[int, int]) -> None:
        self.node = node
        self.depth = depth
        self.span = span

    def build(self) -> Any:
        """Build the node and everything below it; constant parts are evaluated."""
        node = self.node
        built = getattr(REPLACED.get(node.cls, node.cls), node.method)(*node.args, **node.kwargs)
        if not hasattr(built, "span"):
            built.span = self.span
        return built


class _Grammar:
    """The library's parser tables with productions that note depth and place."""

    def __init__(self) -> None:
        original = rule_engine.Rule.parser
        self._lexer = original._lexer  # noqa: SLF001 - the library's parts, pinned in requirements
        self._grammar = copy.copy(original)
        self._grammar.context = new_context()
        self._parser = copy.copy(original._parser)  # noqa: SLF001
        self._parser.productions = [self._noting(each) for each in self._parser.productions]
        self._lock = threading.Lock()
        self._nodes = 0
        self._tokens = _Tokens(self._lexer, "")

    def parse(self, text: str) -> Any:
        """Return the tree of a rule, not yet built."""
        with self._lock:
            self._nodes = 0
            self._tokens = _Tokens(self._lexer, text)
            return self._parser.parse(text, lexer=self._tokens, tracking=True)

    def _noting(self, production: Any) -> Any:
        if not production.func:
            return production
        noting = copy.copy(production)
        noting.callable = functools.partial(self._note, getattr(self._grammar, production.func))
        return noting

    def _note(self, reduce: Callable[[Any], None], symbols: Any) -> None:
        reduce(symbols)
        value = symbols[0]
        if isinstance(value, rule_engine.parser._DeferredAstNode):  # noqa: SLF001
            self._nodes += 1
            depth = 1 + max((_depth(part) for part in value.args), default=0)
            symbol = symbols.slice[0]
            span = (symbol.lexpos, self._tokens.ends[symbol.endlexpos])
            if depth > MAX_DEPTH or self._nodes > MAX_NODES:
                raise RuleSyntaxError("The rule is nested too deeply or too long.", span[0])
            symbols[0] = _Deferred(value, depth, span)


def _depth(part: Any) -> int:
    if isinstance(part, _Deferred):
        return part.depth
    if isinstance(part, rule_engine.parser._DeferredAstNode):  # noqa: SLF001
        return 1 + max((_depth(each) for each in part.args), default=0)
    if isinstance(part, (tuple, list)) or part.__class__.__name__ == "deque":
        return max((_depth(each) for each in part), default=0)
    return 0


_grammar = _Grammar()


def read(text: str) -> Any:
    """Return the library's syntax tree of a rule: its top expression, built and reduced.

    Raises:
        RuleSyntaxError: It is no rule, its constant parts do not fit, or it is outside the bounds.
    """
    if len(text) > MAX_LENGTH:
        raise RuleSyntaxError(f"A rule is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    begin()
    try:
        deferred = _grammar.parse(text)
        with decimal.localcontext(DECIMALS):
            return deferred.build().expression
    except RuleSyntaxError:
        raise
    except RuleError as error:
        raise RuleSyntaxError(str(error)) from None
    except RecursionError:
        raise RuleSyntaxError("The rule is nested too deeply.") from None
    except rule_engine.errors.RuleSyntaxError as error:
        _refuse(error, text)
    except Exception as error:  # noqa: BLE001 - constant parts are evaluated: anything may come
        raise RuleSyntaxError(f"The rule is not valid: {_reason(error)}.") from None


def _refuse(error: Any, text: str) -> NoReturn:
    token = error.token
    if token is None:
        position = len(text) if "EOF" in error.message or error.message == "syntax error" else None
        ending = " at the end" if position is not None else ""
        raise RuleSyntaxError(f"The rule is not valid: {error.message}{ending}", position) from None
    near = text[token.lexpos : token.lexpos + 20]
    raise RuleSyntaxError(f"The rule is not valid near {near!r}", token.lexpos) from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", "") or error) or error.__class__.__name__
