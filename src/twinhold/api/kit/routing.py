"""Routing: the operations tables compiled into a tree over the segments of the raw path.

The raw path is split before it is decoded, so that `RFID%23x` and `a%2Fb.txt` are one segment each.
A look-up walks one step a segment, however many operations there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from twinhold.api.kit.operations import Dialect, Operation
from twinhold.registry.errors import (
    InvalidValueError,
    MethodNotAllowedError,
    NotUtf8Error,
    OperationUnknownError,
)

_MOST_SEGMENTS = 16


@dataclass(slots=True)
class Route:
    """Where a request goes."""

    operation: Operation
    dialect: Dialect
    names: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """One segment of the paths: what may follow it, and what ends here."""

    static: dict[bytes, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the operation of a method and a raw path."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        """Compile the tables.

        Raises:
            ValueError: two operations claim the same method and path.
        """
        self._root = _Node()
        dialects = tuple(dialects)
        prefixes = (dialect.prefix for dialect in dialects)
        self._doubled = tuple(f"{prefix}/".encode() for prefix in prefixes if prefix != "/")
        for dialect in dialects:
            for operation in dialect.operations:
                self._add(dialect, operation)

    def find(self, method: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """The route of a request and the parameters of its path.

        Raises:
            OperationUnknownError: no operation has this path.
            MethodNotAllowedError: it has other methods.
            NotUtf8Error: a parameter is not UTF-8.
            InvalidValueError: a parameter holds a NUL.
        """
        values: list[bytes] = []
        node = _stroll(self._root, raw_path, values)
        if node is None and raw_path.startswith(self._doubled):
            # A base address that ends with a slash makes two of them (spec/willow.md 1).
            node = _stroll(self._root, raw_path.replace(b"//", b"/", 1), values)
        if node is None:
            raise OperationUnknownError("No operation has this path.")
        route = node.routes.get(method)
        if route is None:
            allowed = tuple(sorted(node.routes))
            raise MethodNotAllowedError(f"The path takes {', '.join(allowed)}.", allowed)
        return route, dict(zip(route.names, map(_decoded, values), strict=True))

    def _add(self, dialect: Dialect, operation: Operation) -> None:
        node = self._root
        names = []
        for segment in operation.path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment.encode(), _Node())
        if operation.method in node.routes:
            raise ValueError(f"{operation.method} {operation.path} is claimed twice.")
        node.routes[operation.method] = Route(operation, dialect, tuple(names))


def _stroll(root: _Node, raw_path: bytes, values: list[bytes]) -> _Node | None:
    """Like `_walk` from the root, and faster where no segment can be taken in two ways."""
    segments = raw_path.split(b"/", _MOST_SEGMENTS)
    del segments[0]
    values.clear()
    node = root
    for segment in segments:
        following = node.static.get(segment)
        if following is None:
            following = node.parameter
            if following is None or not segment:
                return None
            values.append(segment)
        elif node.parameter is not None:
            values.clear()
            return _walk(root, segments, 0, values)
        node = following
    return node if node.routes else None


def _walk(node: _Node, segments: list[bytes], at: int, values: list[bytes]) -> _Node | None:
    """The node of a path; what is spelled out is tried before a parameter."""
    if at == len(segments):
        return node if node.routes else None
    segment = segments[at]
    static = node.static.get(segment)
    if static is not None:
        found = _walk(static, segments, at + 1, values)
        if found is not None:
            return found
    if node.parameter is None or not segment:
        return None
    values.append(segment)
    found = _walk(node.parameter, segments, at + 1, values)
    if found is None:
        values.pop()
    return found


def _decoded(segment: bytes) -> str:
    if b"%" in segment:
        segment = unquote_to_bytes(segment)
        if b"\0" in segment:
            raise InvalidValueError("A segment of the path holds a NUL, which no name does.")
    try:
        return segment.decode()
    except UnicodeDecodeError:
        raise NotUtf8Error("A segment of the path is not percent-encoded UTF-8.") from None
