"""Reading bodies whose member names count in any case, as the vendor's service reads them.

Only the API's own names are folded; what a twin holds keeps the case of its model. All that is
wrong with a body is named, not only the first of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from twinhold.api.kit.decode import convert
from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError, Problem, ValuesInvalidError, quoted

T = TypeVar("T")


def read(body: bytes, type_: type[T], *, last_counts: bool = False) -> T:
    """The value in a body; null members count as absent, unknown ones are ignored.

    Args:
        body: of the request.
        type_: of the value.
        last_counts: whether a name may occur twice in different case, as in the vendor's example.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the body cannot be read.
        ValuesInvalidError: it is not of the type, or names a member twice in different case.
    """
    problems: list[Problem] = []
    folding = _Folding(last_counts, problems)
    folded = folding.fold(documents.parse_object(body), type_, "")
    if problems:
        raise ValuesInvalidError(problems)
    return convert(folded, type_)


def lowered(members: dict[str, Any], pointer: str = "") -> dict[str, Any]:
    """The members of an object, with their names in lower case.

    Raises:
        InvalidValueError: two names differ in their case only.
    """
    found: dict[str, Any] = {}
    for name, member in members.items():
        if name.lower() in found:
            problem = _twice(name, pointer)
            raise InvalidValueError(problem.message, problem.pointer)
        found[name.lower()] = member
    return found


def each(*parts: Callable[[], Any]) -> list[Any]:
    """What every one of some parts of a body is read as.

    Raises:
        ValuesInvalidError: some cannot be read; names them all.
    """
    found, problems = [], list[Problem]()
    for part in parts:
        try:
            found.append(part())
        except (InvalidValueError, ValuesInvalidError) as error:
            problems += error.problems
    if problems:
        raise ValuesInvalidError(problems)
    return found


class _Folding(NamedTuple):
    """Spells the names of members as a type does, and takes note of all that is wrong."""

    last_counts: bool
    problems: list[Problem]

    def fold(self, value: Any, type_: Any, pointer: str) -> Any:
        """A decoded value with the names of the type."""
        kinds = _structs(type_)
        if isinstance(value, dict) and kinds:
            return self._members(value, kinds[0], pointer)
        if isinstance(value, list) and kinds and kinds[0] is not type_:
            items = enumerate(value)
            return [self.fold(item, kinds[0], f"{pointer}/{number}") for number, item in items]
        try:
            convert(value, type_, pointer)
        except InvalidValueError as error:
            self.problems.extend(error.problems)
        return value

    def _members(
        self, value: dict[str, Any], type_: type[msgspec.Struct], pointer: str
    ) -> dict[str, Any]:
        fields = {field.encode_name.lower(): field for field in msgspec.structs.fields(type_)}
        folded: dict[str, Any] = {}
        for name, member in value.items():
            field = fields.get(name.lower())
            if field is None or member is None:
                continue
            if field.encode_name in folded and not self.last_counts:
                self.problems.append(_twice(name, pointer))
            place = f"{pointer}/{field.encode_name}"
            folded[field.encode_name] = self.fold(member, field.type, place)
        for field in fields.values():
            if field.required and field.encode_name not in folded:
                message = f"The member {field.encode_name} is missing."
                self.problems.append(Problem(f"{pointer}/{field.encode_name}", message))
        return folded


def _twice(name: str, pointer: str) -> Problem:
    place = f"{pointer}/{documents.escape(name)}"
    return Problem(place, f"The member {quoted(name)} occurs twice in different case.")


def _structs(type_: Any) -> list[type[msgspec.Struct]]:
    """The struct that a type is, or has as an item or alternative; none for other types."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    return [found for part in getattr(type_, "__args__", ()) for found in _structs(part)]
