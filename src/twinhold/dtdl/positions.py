"""Where in a JSON text a JSON pointer leads: line and column, as editors count them."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from twinhold.dtdl.violations import escape

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Positions:
    """The places of all values of one JSON text.

    The text must be valid JSON; of members with the same key the last one counts, as when decoding.
    """

    def __init__(self, text: str) -> None:
        self._offsets = _offsets(text)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def find(self, pointer: str) -> tuple[int, int]:
        """Line and column, from 1, of the value at `pointer` or of the nearest one around it."""
        while pointer and pointer not in self._offsets:
            pointer = pointer.rpartition("/")[0]
        offset = self._offsets.get(pointer, 0)
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def _offsets(text: str) -> dict[str, int]:
    """The offset of each value, by pointer; without recursion, as a text may nest very deep."""
    offsets: dict[str, int] = {}
    around: list[tuple[str, int]] = []  # pointer and next index (-1 for objects) of open containers
    pointer, key = "", ""
    for match in _PART.finditer(text):
        part = match.group()
        if part == ":":
            pointer = f"{around[-1][0]}/{escape(json.loads(key))}"
        elif part == ",":
            pointer, key = _next(around), ""
        elif part in "}]":
            around.pop()
        elif around and around[-1][1] < 0 and not key:
            key = part
        else:
            offsets[pointer] = match.start()
            if part in "{[":
                around.append((pointer, -1 if part == "{" else 0))
                pointer, key = (f"{pointer}/0" if part == "[" else pointer), ""
    return offsets


def _next(around: list[tuple[str, int]]) -> str:
    """The pointer of the next item of the innermost container."""
    pointer, index = around[-1]
    if index < 0:
        return pointer
    around[-1] = (pointer, index + 1)
    return f"{pointer}/{index + 1}"
