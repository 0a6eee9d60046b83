"""How far what is put must follow its model, and what is told where it does not.

Whatever a model says, a value must be one that the registry can keep and give out again.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec

from twinhold.registry import documents
from twinhold.registry.errors import Problem, quoted

if TYPE_CHECKING:
    from twinhold.dtdl import Violation

Validation: TypeAlias = Literal["strict", "warn", "off"]
"""What does not follow its model is refused, or kept and told of, or not looked for."""

METADATA = "$metadata"
_OWN = "$"
_MOST_TOLD = 10
_LONGEST_TOLD = 128


class Deviation(msgspec.Struct, frozen=True):
    """A place where something does not follow its model; never what is there.

    Attributes:
        code: of the violation, as the model language has it.
        pointer: into the request's body; a very long one is cut.
    """

    code: str
    pointer: str


class Deviations(msgspec.Struct, frozen=True):
    """What was kept although it does not follow its model.

    Attributes:
        count: of all the places.
        first: some of them.
    """

    count: int
    first: tuple[Deviation, ...]


class Judgement(NamedTuple):
    """What is refused of a value, and what of it is kept all the same."""

    problems: Sequence[Problem]
    deviations: Deviations | None


_FINE = Judgement((), None)


def judge(
    validation: Validation,
    value: dict[str, Any],
    violations_of: Callable[[object], Sequence["Violation"]],
    pointer: str,
) -> Judgement:
    """What is to be said of a value: of the contents of a twin, or the properties of an edge.

    Args:
        validation: how far it must follow its model.
        value: at the pointer in the request's body.
        violations_of: checks a value against the model.
        pointer: where the value is.
    """
    if validation == "strict":
        found = violations_of(value)
        if not found:
            return _FINE
        return Judgement([Problem(f"{pointer}{one.pointer}", one.message) for one in found], None)
    problems = [Problem(*fault) for fault in _faults(value, pointer)]
    if problems or validation == "off":
        return Judgement(problems, None)
    return Judgement((), _deviations(violations_of(value), pointer))


def _deviations(found: Sequence["Violation"], pointer: str) -> Deviations | None:
    if not found:
        return None
    first = (
        Deviation(one.code, f"{pointer}{one.pointer}"[:_LONGEST_TOLD]) for one in found[:_MOST_TOLD]
    )
    return Deviations(len(found), tuple(first))


def _faults(value: dict[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    """Why the registry cannot keep a value, which no model would allow either."""
    for name in value:
        if name.startswith(_OWN) and name != METADATA:
            message = f"The name {quoted(name)} begins with {_OWN}, as only the registry's own do."
            yield f"{pointer}/{documents.escape(name)}", message
    if not documents.is_shallow({pointer: value}):
        yield pointer, f"It nests too deep: a body has at most {documents.DEEPEST} levels."
    if not all(map(_is_kept, _numbers(value))):
        yield pointer, "A number is larger than any that the registry can keep."


def _numbers(value: Any) -> Iterator[Any]:
    """The numbers in a value, at all levels."""
    values = [value]
    for item in values:  # which grows on the way
        if isinstance(item, dict):
            values.extend(item.values())
        elif isinstance(item, list):
            values.extend(item)
        elif item is not None and not isinstance(item, str):
            yield item


def _is_kept(number: float) -> bool:
    """Whether a double can stand for a number."""
    return -sys.float_info.max <= number <= sys.float_info.max
