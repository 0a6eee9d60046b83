"""JSON Patch (RFC 6902): the operations add, replace, remove and test.

`move` and `copy` are refused, as the services whose dialects this serves refuse them.
"""

from typing import Any, Literal

import msgspec

from twinhold.registry.errors import InvalidValueError, quoted

_MOST_OPERATIONS = 1000


class PatchOperation(msgspec.Struct, frozen=True):
    """One operation of a patch; a value is needed by all but `remove`."""

    op: Literal["add", "replace", "remove", "test"]
    path: str
    value: Any = msgspec.UNSET


def read(items: list[Any]) -> list[PatchOperation]:
    """The operations of a patch.

    Raises:
        InvalidValueError: one is none; points at it.
    """
    if len(items) > _MOST_OPERATIONS:
        raise InvalidValueError(f"A patch has at most {_MOST_OPERATIONS} operations.", "")
    return [_operation(item, f"/{number}") for number, item in enumerate(items)]


def apply(document: Any, operations: list[PatchOperation]) -> Any:
    """A document with a patch applied; the document itself is changed on the way.

    Raises:
        InvalidValueError: an operation cannot be applied; points at it.
    """
    holder = {"": document}
    for number, operation in enumerate(operations):
        parent, step = _place(holder, operation.path, f"/{number}/path")
        if isinstance(parent, list):
            _apply_to_array(parent, step, operation, f"/{number}")
        elif isinstance(parent, dict):
            _apply_to_object(parent, step, operation, f"/{number}")
        else:
            raise _unresolved(operation.path, f"/{number}/path")
    return holder[""]


def steps_of(path: str, pointer: str) -> list[str]:
    """The steps of a JSON pointer (RFC 6901).

    Raises:
        InvalidValueError: it is none.
    """
    if path and not path.startswith("/"):
        raise InvalidValueError(f"The path {quoted(path)} must be empty or begin with /.", pointer)
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _operation(item: Any, pointer: str) -> PatchOperation:
    try:
        operation = msgspec.convert(item, PatchOperation)
    except msgspec.ValidationError as error:
        what = str(error).replace("`", "")
        raise InvalidValueError(f"An operation of the patch is wrong: {what}.", pointer) from None
    if operation.op != "remove" and operation.value is msgspec.UNSET:
        raise InvalidValueError(f"The operation {operation.op} needs a value.", pointer)
    return operation


def _place(holder: Any, path: str, pointer: str) -> tuple[Any, str]:
    """The container that a path leads into, and the step inside of it."""
    *above, last = ["", *steps_of(path, pointer)]
    found = holder
    for step in above:
        try:
            found = found[_index(step, len(found) - 1)] if isinstance(found, list) else found[step]
        except (KeyError, TypeError, ValueError):
            raise _unresolved(path, pointer) from None
    return found, last


def _index(step: str, highest: int) -> int:
    """A step as a position in an array.

    Raises:
        ValueError: it is none.
    """
    if not (step.isascii() and step.isdigit()) or (len(step) > 1 and step[0] == "0"):
        raise ValueError(step)
    if len(step) > 9 or int(step) > highest:
        raise ValueError(step)
    return int(step)


def _apply_to_object(
    parent: dict[str, Any], step: str, operation: PatchOperation, pointer: str
) -> None:
    if operation.op != "add" and step not in parent:
        raise _unresolved(operation.path, f"{pointer}/path")
    if operation.op == "test":
        _test(parent[step], operation, pointer)
    elif operation.op == "remove":
        del parent[step]
    else:
        parent[step] = operation.value


def _apply_to_array(parent: list[Any], step: str, operation: PatchOperation, pointer: str) -> None:
    adds = operation.op == "add"
    try:
        at = len(parent) if adds and step == "-" else _index(step, len(parent) - (not adds))
    except ValueError:
        raise _unresolved(operation.path, f"{pointer}/path") from None
    if operation.op == "test":
        _test(parent[at], operation, pointer)
    elif operation.op == "remove":
        del parent[at]
    elif adds:
        parent.insert(at, operation.value)
    else:
        parent[at] = operation.value


def _test(value: Any, operation: PatchOperation, pointer: str) -> None:
    if _comparable(value) != _comparable(operation.value):
        raise InvalidValueError(f"The test of {quoted(operation.path)} does not hold.", pointer)


def _comparable(value: Any) -> bytes:
    """A value such that equal ones are equal by RFC 6902, where true is not 1 as in Python."""
    return msgspec.json.encode(value, order="sorted")


def _unresolved(path: str, pointer: str) -> InvalidValueError:
    return InvalidValueError(f"The path {quoted(path)} leads nowhere in the twin.", pointer)
