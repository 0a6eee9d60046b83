"""One SQL text for both engines.

A statement is plain SQL with named parameters (`:owner`). What the engines spell differently stands
as a word in braces (`{for_update}`) that the engine's `Dialect` knows; `{document}` is the hole for
a `Shape`. A statement whose last column is `{generation}` brings along how often access has
changed, so that a request is held to it without a statement of its own; `{condition}` and `{sure}`
take what a rule was compiled to. Nothing else is ever put into a statement's text: values travel as
parameters.

A statement that knows the types of its parameters can be asked for many at once (`for_many`): that
is how requests travel together to PostgreSQL. The first of them is the key: the rows have it as
their first column, by which they are told apart.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from twinhold.kept import kept
from twinhold.store.dialect import Dialect
from twinhold.store.shape import Shape

_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<!:):([a-z_][a-z0-9_]*)")
_WORD = re.compile(r"\{([a-z_]+)\}")


_MOST_KEPT = 250_000
"""Characters of statements with a condition that are kept ready for use."""


class Statement:
    """A statement as its author wrote it; each engine asks for its own spelling once."""

    __slots__ = (
        "_for_many",
        "_shaped",
        "_spelled",
        "_values",
        "bind",
        "carries_generation",
        "key",
        "shape",
        "text",
        "types",
    )

    def __init__(
        self, text: str, shape: Shape | None = None, types: Mapping[str, str] | None = None
    ) -> None:
        """Take a text.

        Args:
            text: the statement.
            shape: what `{document}` is.
            types: the word for the type of each parameter, the key first, where the statement can
                be asked for many keys at once.
        """
        self.text = text
        self.shape = shape
        self.types = types
        self.carries_generation = "{generation}" in text
        self._shaped: dict[Shape, Statement] = {}
        self._spelled: dict[str, str] = {}
        self._for_many: dict[str, str] = {}
        self.key = next(iter(types or ()), "")
        self.bind: Callable[[Mapping[str, Any]], tuple[Any, ...]] = _binder(_names(text))
        self._values = _binder(list(types or ()))

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return not self.text.lstrip().startswith("SELECT")

    def shaped(self, shape: Shape) -> "Statement":
        """This statement with its `{document}` rendered in the given shape."""
        found = self._shaped.get(shape)
        if found is None:
            found = self._shaped[shape] = Statement(self.text, shape, self.types)
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
        names = enumerate(_names(self.text), 1)
        values = {name: f"{dialect.placeholder}{number}" for number, name in names}
        return self._filled(dialect, values, dialect.words)

    def for_many(self, dialect: Dialect) -> str:
        """The text that asks for many keys at once; its parameters are arrays.

        A row that another transaction holds is left out, as if there were none.
        """
        text = self._for_many.get(dialect.name)
        if text is None:
            text = self._for_many[dialect.name] = self._spell_for_many(dialect)
        return text

    def bind_for_many(self, asked: Sequence[Mapping[str, Any]]) -> tuple[tuple[Any, ...], ...]:
        """The arrays of the text for many keys, from the parameters of each."""
        return tuple(zip(*map(self._values, asked), strict=True))

    def _spell_for_many(self, dialect: Dialect) -> str:
        if self.types is None:
            raise TypeError("The statement can be asked for one set of parameters only.")
        arrays = [
            _array(f"{dialect.placeholder}{number}", dialect.words[word])
            for number, word in enumerate(self.types.values(), 1)
        ]
        if len(arrays) == 1:
            values = dict.fromkeys(self.types, f"ANY({arrays[0]})")
        else:
            values = {name: f"asked.of_{name}" for name in self.types}
        columns = ", ".join(f"of_{name}" for name in self.types)
        asked = f"FROM unnest({', '.join(arrays)}) AS asked ({columns})"
        several = {"asked": asked, "values": "SELECT", "end_values": asked}
        return self._filled(dialect, values, {**dialect.words, **dialect.words_for_many, **several})

    def _filled(self, dialect: Dialect, values: Mapping[str, str], words: Mapping[str, str]) -> str:
        """The text with what stands for its parameters and words."""

        def value(match: re.Match[str]) -> str:
            return values[match[1]] if match[1] else match[0]

        def word(match: re.Match[str]) -> str:
            if match[1] == "document" and self.shape is not None:
                return self.shape.expression(dialect)
            return words[match[1]]

        return _WORD.sub(word, _PARAMETER.sub(value, self.text))


@kept(_MOST_KEPT, lambda statement, *conditions: sum(map(len, (statement.text, *conditions))))
def _conditioned(statement: Statement, condition: str, sure: str) -> Statement:
    text = statement.text.replace("{condition}", condition).replace("{sure}", sure)
    return Statement(text, statement.shape)


def _array(place: str, kind: str) -> str:
    """A parameter as an array; UUIDs go as texts, which the driver writes in half the time."""
    return f"{place}::text[]::uuid[]" if kind == "uuid" else f"{place}::{kind}[]"


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
