"""Imports: lines of an exchange file stored as twins and relationships, many in a transaction.

A bad line is reported and the others are stored. Whatever needs no statement is done before the
transaction and in a thread, so that nobody waits for the writer while lines are parsed. How models
come in is in `model_imports`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from twinhold.registry import (
    access,
    bulk_relationships,
    bulk_twins,
    contents,
    exchange_lines,
    modelled_twins,
)
from twinhold.registry.calls import Calls
from twinhold.registry.errors import InvalidValueError, RegistryError, TwinInvalidError
from twinhold.registry.modelled_twins import Draft, Face
from twinhold.registry.principal import Call
from twinhold.store import Transaction

if TYPE_CHECKING:
    from twinhold.dtdl import Model

Section = Literal["twins", "relationships"]

LARGEST_LINE = 256 * 1024
"""Bytes of a line: room for any twin that a request can hold, however its numbers are written."""

TOGETHER = 2_000
"""Lines stored in one transaction, for which others wait."""

_MOST_PROBLEMS = 10
_READ: Mapping[Section, Callable[[bytes], Any]] = {
    "twins": exchange_lines.read_twin,
    "relationships": exchange_lines.read_relationship,
}
_PUT: Mapping[Section, Any] = {
    "twins": bulk_twins.put_all,
    "relationships": bulk_relationships.put_all,
}
_NEEDS: Mapping[Section, tuple[str, ...]] = {
    "twins": ("create_twin", "update_twin"),
    "relationships": ("put_relationship",),
}


class Line(NamedTuple):
    """A line of a file and its number, from one."""

    number: int
    text: bytes


class LineProblem(msgspec.Struct, frozen=True):
    """What is wrong with a line, and where in it: a JSON pointer, empty for the whole line."""

    line: int
    pointer: str
    message: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of some lines: those with problems are not among the stored ones."""

    stored: int
    problems: list[LineProblem]


class Prepared(msgspec.Struct, frozen=True):
    """Lines ready to be stored.

    Attributes:
        numbers: of the lines.
        items: what they hold: faces of twins, or drafts of relationships.
        problems: of the lines that are left out.
    """

    section: Section
    numbers: list[int]
    items: list[Any]
    problems: list[LineProblem]


class _Read(NamedTuple):
    """What lines were read as, each with its number, and the problems of the others."""

    items: list[tuple[int, Any]]
    problems: list[LineProblem]


def lines_of(text: bytes) -> list[Line]:
    """The lines of a text that hold something, with or without a carriage return at their ends."""
    numbered = enumerate(text.split(b"\n"), 1)
    return [Line(number, line.strip()) for number, line in numbered if line.strip()]


async def store_lines(calls: Calls, section: Section, lines: Sequence[Line]) -> Outcome:
    """Store lines; other writes pass between every `TOGETHER` of them.

    Raises:
        PermissionDeniedError: the caller may not put what the section holds.
        AccessChangedError: begin anew; what is stored already is only stored once more.
    """
    stored, problems = 0, []
    for start in range(0, len(lines), TOGETHER):
        prepared = await prepare(calls, section, lines[start : start + TOGETHER])
        outcome = await store(calls, prepared)
        stored += outcome.stored
        problems += outcome.problems
    return Outcome(stored, problems)


async def prepare(calls: Calls, section: Section, lines: Sequence[Line]) -> Prepared:
    """Read and check lines, as far as that needs no other twin.

    Raises:
        PermissionDeniedError: the caller may not put what the section holds.
    """
    await calls.read(_permit, section)
    read = await asyncio.to_thread(_read, lines, _READ[section])
    if section == "twins":
        wanted = {draft.model for _, draft in read.items}
        models, now = await calls.read(_models, wanted)
        read = await asyncio.to_thread(_faces, read, models, now)
    numbers, items = [number for number, _ in read.items], [item for _, item in read.items]
    return Prepared(section, numbers, items, read.problems)


async def store(calls: Calls, prepared: Prepared) -> Outcome:
    """Store what was prepared, in one transaction.

    Raises:
        AccessChangedError: prepare it anew.
    """
    refused: bulk_twins.Refused = {}
    if prepared.items:
        refused = await calls.write(_PUT[prepared.section], prepared.items)
    problems = list(prepared.problems)
    for position, error in refused.items():
        problems += problems_of(prepared.numbers[position], error)
    problems.sort(key=lambda problem: problem.line)
    return Outcome(len(prepared.items) - len(refused), problems)


def problems_of(number: int, error: RegistryError) -> list[LineProblem]:
    """What is wrong with a line that was refused."""
    found = error.problems[:_MOST_PROBLEMS]
    if not found:
        return [LineProblem(number, "", error.message)]
    return [LineProblem(number, *exchange_lines.in_line(problem)) for problem in found]


async def _permit(_: Transaction, call: Call, section: Section) -> None:
    access.require_any_permission(call.actor, _NEEDS[section])


def _read(lines: Iterable[Line], read: Callable[[bytes], Any]) -> _Read:
    found = _Read([], [])
    for number, text in lines:
        try:
            if len(text) > LARGEST_LINE:
                raise InvalidValueError(f"The line is longer than {LARGEST_LINE} bytes.", "")
            found.items.append((number, read(text)))
        except RegistryError as error:
            found.problems.extend(problems_of(number, error))
    return found


async def _models(
    transaction: Transaction, call: Call, wanted: Iterable[str]
) -> tuple[dict[str, "Model | TwinInvalidError"], int]:
    """The models of twins, or why a twin cannot follow them; and what time it is."""
    found: dict[str, Model | TwinInvalidError] = {}
    for dtmi in sorted(wanted):
        try:
            found[dtmi] = await contents.model_of(transaction, call, dtmi)
        except TwinInvalidError as error:
            found[dtmi] = error
    return found, call.now


def _faces(read: _Read, models: Mapping[str, "Model | TwinInvalidError"], now: int) -> _Read:
    faces, problems = [], read.problems
    for number, draft in read.items:
        try:
            faces.append((number, _face(draft, models[draft.model], now)))
        except TwinInvalidError as error:
            problems += problems_of(number, error)
    return _Read(faces, problems)


def _face(draft: Draft, model: "Model | TwinInvalidError", now: int) -> Face:
    if isinstance(model, TwinInvalidError):
        raise model
    return modelled_twins.checked(draft, model, now)
