"""The wire of Twinhold's own operations."""

from typing import Literal

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a line, counted from one, and where in it: a JSON pointer."""

    line: int
    pointer: str
    message: str


class Imported(msgspec.Struct, frozen=True):
    """What became of the lines of an import."""

    stored: int
    problems: list[Problem]


class Health(msgspec.Struct, frozen=True):
    """Said only when the store answers."""

    status: Literal["ok"] = "ok"
