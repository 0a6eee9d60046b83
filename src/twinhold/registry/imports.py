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
        items: what they hold: twins to put, or drafts of relationships.
        problems: of the lines that are left out.
    """

    section: Section
    numbers: list[int]
    items: list[Any]
    problems: list[LineProblem]


class _Read(NamedTuple):
    """What lines were read as, each with its number, and the problems of the others.

    Attributes:
        late: lines of twins whose models are not in memory, with the ids of these.
    """

    items: list[tuple[int, Any]]
    problems: list[LineProblem]
    late: list[tuple[Line, str]]


_Found = Callable[[str], "Model | TwinInvalidError | None"]
"""A model by its id, why a twin cannot follow it, or None where it is not in memory."""


def lines_of(text: bytes) -> list[Line]:
    """The lines of a text that hold something, with or without a carriage return at their ends."""
    numbered = enumerate(text.split(b"\n"), 1)
    return [Line(number, line.strip()) for number, line in numbered if line.strip()]


def numbered(lines: Iterable[bytes]) -> list[Line]:
    """Lines that all hold something, as they follow each other."""
    return list(map(Line._make, enumerate(lines, 1)))


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


async def check_ids(calls: Calls, section: Section, ids: Sequence[str]) -> Outcome:
    """What keeps twins of some ids from being put, or relationships from leaving them, as they are.

    Nothing is stored; the problems are of the ids by their number, from one.

    Raises:
        PermissionDeniedError: the caller may not put what the section holds.
    """
    await calls.read(_permit, section)
    as_sources = section == "relationships"
    refused = await calls.search(bulk_twins.refused, ids, as_sources=as_sources)
    problems = [
        problem
        for position, error in refused.items()
        for problem in problems_of(position + 1, error)
    ]
    return Outcome(0, problems)


async def prepare(calls: Calls, section: Section, lines: Sequence[Line]) -> Prepared:
    """Read and check lines, as far as that needs no other twin.

    Raises:
        PermissionDeniedError: the caller may not put what the section holds.
    """
    call = await calls.read(_permit, section)
    if section == "relationships":
        read = await asyncio.to_thread(_relationships, lines)
    else:
        read = await asyncio.to_thread(_twins, lines, call.actor.models.find, call)
        if read.late:
            models = await calls.read(_models, {dtmi for _, dtmi in read.late})
            late = [line for line, _ in read.late]
            rest = await asyncio.to_thread(_twins, late, models.get, call)
            # By their numbers: of lines with the same id the last one counts.
            read = _Read(sorted(read.items + rest.items), read.problems + rest.problems, [])
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


async def _permit(_: Transaction, call: Call, section: Section) -> Call:
    access.require_any_permission(call.actor, _NEEDS[section])
    return call


async def _models(
    transaction: Transaction, call: Call, wanted: Iterable[str]
) -> dict[str, "Model | TwinInvalidError"]:
    found: dict[str, Model | TwinInvalidError] = {}
    for dtmi in sorted(wanted):
        try:
            found[dtmi] = await contents.model_of(transaction, call, dtmi)
        except TwinInvalidError as error:
            found[dtmi] = error
    return found


def _twins(lines: Iterable[Line], find: _Found, call: Call) -> _Read:
    """Twins as they are kept; one line after the other, so that little is in memory at once."""
    read = _Read([], [], [])
    conforming = exchange_lines.ConformingTwins()
    for line in lines:
        try:
            if (known := conforming.read(_checked(line))) is not None:
                face = modelled_twins.face(*known, call.now)
            else:
                draft = exchange_lines.read_twin(line.text)
                model = find(draft.model)
                if model is None:
                    read.late.append((line, draft.model))
                    continue
                if isinstance(model, TwinInvalidError):
                    raise model
                face = modelled_twins.checked(draft, model, call.now).face
                conforming.meet(model)
            read.items.append((line.number, bulk_twins.item(call, face)))
        except RegistryError as error:
            read.problems.extend(problems_of(line.number, error))
    return read


def _relationships(lines: Iterable[Line]) -> _Read:
    read = _Read([], [], [])
    for line in lines:
        try:
            draft = exchange_lines.read_relationship(_checked(line))
            read.items.append((line.number, draft))
        except RegistryError as error:
            read.problems.extend(problems_of(line.number, error))
    return read


def _checked(line: Line) -> bytes:
    if len(line.text) > LARGEST_LINE:
        raise InvalidValueError(f"The line is longer than {LARGEST_LINE} bytes.", "")
    return line.text
