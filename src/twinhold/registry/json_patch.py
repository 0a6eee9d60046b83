"""JSON Patch (RFC 6902): the operations add, replace, remove and test.

`move` and `copy` are refused, as the services whose dialects this serves refuse them.
"""

import copy
from typing import Any, Literal, get_args

import msgspec

from twinhold.registry.documents import kind
from twinhold.registry.errors import InvalidValueError, Problem, ValuesInvalidError, quoted

_MOST_OPERATIONS = 1000
_Op = Literal["add", "replace", "remove", "test"]
_OPS = get_args(_Op)


class PatchOperation(msgspec.Struct, frozen=True):
    """One operation of a patch; a value is needed by all but `remove`."""

    op: _Op
    path: str
    value: Any = msgspec.UNSET


def read(items: list[Any]) -> list[PatchOperation]:
    """The operations of a patch.

    Raises:
        InvalidValueError: there are too many.
        ValuesInvalidError: some are none; points at all of them.
    """
    if len(items) > _MOST_OPERATIONS:
        raise InvalidValueError(f"A patch has at most {_MOST_OPERATIONS} operations.", "")
    problems = [problem for number, item in enumerate(items) for problem in _check(item, number)]
    if problems:
        raise ValuesInvalidError(problems)
    return [msgspec.convert(item, PatchOperation) for item in items]


def apply(document: Any, operations: list[PatchOperation]) -> Any:
    """A document with a patch applied; the document itself is changed on the way, the patch is not.

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


def _check(item: Any, number: int) -> list[Problem]:
    """What is wrong with an operation."""
    if not isinstance(item, dict):
        return [Problem(f"/{number}", f"An operation must be an object, not {kind(item)}.")]
    problems, op, path = [], item.get("op"), item.get("path")
    if not isinstance(path, str):
        problems.append(Problem(f"/{number}/path", f"The path must be a text, not {kind(path)}."))
    if op not in _OPS:
        shown = quoted(op) if isinstance(op, str) else kind(op)
        message = f"The op must be one of {', '.join(_OPS)}, not {shown}."
        problems.append(Problem(f"/{number}/op", message))
    elif op != "remove" and "value" not in item:
        problems.append(Problem(f"/{number}/value", "The operation needs a value."))
    return problems


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
        parent[step] = copy.deepcopy(operation.value)


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
        parent.insert(at, copy.deepcopy(operation.value))
    else:
        parent[at] = copy.deepcopy(operation.value)


def _test(value: Any, operation: PatchOperation, pointer: str) -> None:
    if not _equal(value, operation.value):
        raise InvalidValueError(f"The test of {quoted(operation.path)} does not hold.", pointer)


def _equal(one: Any, other: Any) -> bool:
    """Whether values are equal by RFC 6902, 4.6: 1 is 1.0, but true is not 1 as in Python."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _unresolved(path: str, pointer: str) -> InvalidValueError:
    return InvalidValueError(f"The path {quoted(path)} leads nowhere in the twin.", pointer)
