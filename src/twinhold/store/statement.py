"""One SQL text for both engines.

A statement is plain SQL with named parameters (`:owner`). What the engines spell differently stands
as a word in braces (`{for_update}`) that the engine's `Dialect` knows; `{document}` is the hole for
a `Shape`. A statement whose last column is `{generation}` brings along how often access has
changed, so that a request is held to it without a statement of its own; `{condition}` and `{sure}`
take what a rule was compiled to. Nothing else is ever put into a statement's text: values travel as
parameters.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from twinhold.store.dialect import Dialect
from twinhold.store.shape import Shape

_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<!:):([a-z_][a-z0-9_]*)")
_WORD = re.compile(r"\{([a-z_]+)\}")


_KEPT_CONDITIONS = 512


class Statement:
    """A statement as its author wrote it; each engine asks for its own spelling once."""

    __slots__ = ("_shaped", "_spelled", "bind", "carries_generation", "shape", "text")

    def __init__(self, text: str, shape: Shape | None = None) -> None:
        self.text = text
        self.shape = shape
        self.carries_generation = "{generation}" in text
        self._shaped: dict[Shape, Statement] = {}
        self._spelled: dict[str, str] = {}
        self.bind: Callable[[Mapping[str, Any]], tuple[Any, ...]] = _binder(_names(text))

    def shaped(self, shape: Shape) -> "Statement":
        """This statement with its `{document}` rendered in the given shape."""
        found = self._shaped.get(shape)
        if found is None:
            found = self._shaped[shape] = Statement(self.text, shape)
        return found

    def where(self, condition: str, sure: str = "FALSE") -> "Statement":
        """This statement with its `{condition}`, made by a compiler from bound parameters.

        Args:
            condition: what it was compiled to.
            sure: for `{sure}`, what holds at most where the rule does.
        """
        return _conditioned(self, condition, sure)

    def spelled(self, dialect: Dialect) -> str:
        """The text in one engine's spelling, parameters numbered as `bind` orders them."""
        text = self._spelled.get(dialect.name)
        if text is None:
            text = self._spelled[dialect.name] = self._spell(dialect)
        return text

    def _spell(self, dialect: Dialect) -> str:
        numbers = {name: number for number, name in enumerate(_names(self.text), 1)}

        def number(match: re.Match[str]) -> str:
            name = match[1]
            return f"{dialect.placeholder}{numbers[name]}" if name else match[0]

        def word(match: re.Match[str]) -> str:
            if match[1] == "document" and self.shape is not None:
                return self.shape.expression(dialect)
            return dialect.words[match[1]]

        return _WORD.sub(word, _PARAMETER.sub(number, self.text))


@lru_cache(maxsize=_KEPT_CONDITIONS)
def _conditioned(statement: Statement, condition: str, sure: str) -> Statement:
    text = statement.text.replace("{condition}", condition).replace("{sure}", sure)
    return Statement(text, statement.shape)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(match[1] for match in _PARAMETER.finditer(text) if match[1]))


def _binder(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What turns a mapping into the tuple of a statement's parameters."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        name = names[0]
        return lambda parameters: (parameters[name],)
    return itemgetter(*names)
