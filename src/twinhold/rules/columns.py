"""What a row of a table knows of the variables of a rule.

The caller says for each variable that differs from row to row where it is stored. All other
variables are the same for the whole statement, such as `account` or `USER`, and come in a scope.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Column", "Columns", "Engine", "Hidden", "Json", "Text"]

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")

Engine: TypeAlias = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Text:
    """A column that holds the variable's text, or null.

    Raises:
        ValueError: The name is no plain SQL name, possibly with a table's in front.
    """

    name: str

    def __post_init__(self) -> None:
        _check(self.name)


@dataclass(frozen=True, slots=True)
class Json:
    """A text column that holds a JSON object as the client sent it, or null.

    Attributes:
        inner: Where each member is an object itself, the key under which its value stands.

    Raises:
        ValueError: The name is no plain SQL name, possibly with a table's in front.
    """

    name: str
    inner: str | None = None

    def __post_init__(self) -> None:
        _check(self.name)


@dataclass(frozen=True, slots=True)
class Hidden:
    """The variable differs from row to row, but SQL cannot see it."""


Column: TypeAlias = Text | Json | Hidden
Columns: TypeAlias = Mapping[str, Column]


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no plain SQL name.")
