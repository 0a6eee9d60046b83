"""Exchange files: NDJSON in sections, read batch by batch and written line by line.

Source: spec/azure-digital-twins.md 2, "Jobs". A file is never held whole; the models are, because
they are loaded as one set.
"""

import contextlib
import json
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec

from twinhold.registry.errors import quoted
from twinhold.registry.imports import LARGEST_LINE, LineProblem

Section = Literal["header", "models", "twins", "relationships"]

SECTIONS: dict[str, Section] = {
    "header": "header",
    "models": "models",
    "twins": "twins",
    "relationships": "relationships",
}
LARGEST_MODELS = 32 * 1024 * 1024
"""Bytes of all models, as in one request."""

HEADER = {"fileVersion": "1.0.0", "author": "twinhold", "organization": "twinhold"}

_BATCH_BYTES = 24 * 1024 * 1024
_FIRST_LINES = 2_000
"""Lines of the first batch. Each may have as many as came before it all together: a batch can be
stored while the next one is prepared, and the first ones wait for each other."""

_LONGEST_MARK = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_VERSION = "1."


class Position(msgspec.Struct, frozen=True):
    """A place in a file: behind so many bytes and lines, in a section."""

    offset: int = 0
    line: int = 0
    section: str = ""


class Batch(msgspec.Struct):
    """Lines of one section.

    Attributes:
        numbers: of the lines, from one.
        problems: of lines that are not among them.
        end: where the file goes on.
    """

    section: str
    numbers: list[int]
    lines: list[bytes]
    problems: list[LineProblem]
    end: Position

    @property
    def text(self) -> bytes:
        """The lines as one text."""
        return b"\n".join(self.lines)


def read(file: IO[bytes], start: Position, most_lines: int) -> Iterator[Batch]:
    """The batches of a file from a position on; each has something to store or to report."""
    file.seek(start.offset)
    reading = _Reading(start)
    for line in iter(lambda: file.readline(reading.longest), b""):
        whole = line.endswith(b"\n") or len(line) < reading.longest
        size = len(line) if whole else len(line) + _skip_rest(file)
        text = line.strip()
        section = reading.enter(text)
        if section is not None or reading.is_full(most_lines, len(line)):
            yield from reading.finish(section)
        reading.take(text, size, marks=section is not None, whole=whole)
    yield from reading.finish(None)


@contextlib.contextmanager
def writing(path: Path | None) -> Generator[IO[bytes], None, None]:
    """A file to write to, which is there under its name only once it is whole; or the output."""
    if path is None or str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def mark(section: str) -> bytes:
    """The line that begins a section."""
    return json.dumps({"Section": section.capitalize()}).encode() + b"\n"


class _Reading:
    """Where the reading of a file stands, and the batch that it is gathering."""

    def __init__(self, start: Position) -> None:
        self._at = start
        self._size = 0
        self._taken = 0
        self._batch = self._begin(start.section)

    @property
    def longest(self) -> int:
        """Bytes of the next line that are read at most."""
        return (LARGEST_MODELS if self._batch.section == "models" else LARGEST_LINE) + 3

    def enter(self, line: bytes) -> str | None:
        """The section that a line begins, if it begins one."""
        if len(line) > _LONGEST_MARK or b'"Section"' not in line:
            return None
        with contextlib.suppress(msgspec.MsgspecError):
            found = msgspec.json.decode(line.removeprefix(_BYTE_ORDER_MARK), type=dict[str, str])
            if found.keys() == {"Section"}:
                return found["Section"]
        return None

    def is_full(self, most_lines: int, more: int) -> bool:
        """Whether the batch has no room for a line; models are never parted."""
        batch = self._batch
        if batch.section == "models" or not batch.lines:
            return False
        room = min(most_lines, max(_FIRST_LINES, self._taken))
        return len(batch.lines) >= room or self._size + more > _BATCH_BYTES

    def take(self, line: bytes, size: int, *, marks: bool, whole: bool) -> None:
        """Take in a line of so many bytes."""
        number = self._at.line + 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        problem = None if marks or not line else self._keep(number, line, whole=whole)
        if problem is not None:
            self._batch.problems.append(LineProblem(number, "", problem))
        self._at = Position(self._at.offset + size, number, self._batch.section)

    def finish(self, section: str | None) -> Iterator[Batch]:
        """The batch gathered so far, where it has something; then begin another."""
        batch = self._batch
        self._taken += len(batch.lines)
        if batch.lines or batch.problems:
            batch.end = self._at
            yield batch
        self._batch = self._begin(batch.section if section is None else section.lower())
        if section is not None and section.lower() not in SECTIONS:
            message = f"The section {quoted(section)} is not known; its lines are skipped."
            self._batch.problems.append(LineProblem(self._at.line + 1, "/Section", message))

    def _begin(self, section: str) -> Batch:
        self._size = 0
        return Batch(section, [], [], [], self._at)

    def _keep(self, number: int, line: bytes, *, whole: bool) -> str | None:
        """Put a line into the batch, or say why not."""
        section = self._batch.section
        if section not in SECTIONS:
            return None if section else "The line stands before any section."
        if not whole:
            return f"The line is longer than {self.longest - 3} bytes."
        if section == "header":
            return _check_header(line)
        self._size += len(line)
        if section == "models" and self._size > LARGEST_MODELS:
            return f"The models are larger than {LARGEST_MODELS} bytes together."
        self._batch.numbers.append(number)
        self._batch.lines.append(line)
        return None


def _check_header(line: bytes) -> str | None:
    """What is wrong with the object of the header: nothing but a version that is not ours."""
    with contextlib.suppress(msgspec.MsgspecError):
        version = msgspec.json.decode(line, type=dict[str, object]).get("fileVersion", _VERSION)
        if not str(version).startswith(_VERSION):
            return f"The file has version {quoted(str(version))}, and only 1.x.x can be read."
        return None
    return "The header must be a JSON object."


def _skip_rest(file: IO[bytes]) -> int:
    """Read on to the end of a line that is too long; answer how many bytes that were."""
    size = 0
    while part := file.readline(LARGEST_LINE):
        size += len(part)
        if part.endswith(b"\n"):
            break
    return size
