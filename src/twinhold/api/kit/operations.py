"""The operations table: one declarative entry per operation of a dialect.

The table is the single source of routes, permission names, the OpenAPI document and the reference
page. Adding an operation is one entry and one handler.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from twinhold.api.kit.request import Request
from twinhold.registry.errors import RegistryError
from twinhold.registry.validation import Deviations

JSON = "application/json"

LARGEST_BODY = 64 * 1024
"""Bytes of a request's body (spec/trusted-twin.md section 1, limits)."""


class Stream(msgspec.Struct, frozen=True):
    """A body that is sent as its chunks come; nothing of it is held."""

    chunks: AsyncGenerator[bytes, None]
    length: int


class Reply(msgspec.Struct, frozen=True):
    """An answer that is not simply the operation's status with a JSON body.

    Attributes:
        deviations: what was kept although it does not follow its model.
    """

    status: int
    body: bytes | Stream
    media_type: str = JSON
    headers: Mapping[str, str] = {}
    deviations: Deviations | None = None


Handler: TypeAlias = Callable[[Request], Awaitable[bytes | Reply]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string, or a header, as the reference shows it."""

    name: str
    type: Any
    default: Any
    summary: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        name: the operation's name, which is also the permission that it needs.
        needs: the permissions that it needs instead, one of which lets the request in; where there
            are several, the use case asks for the right one.
        path: segments in braces are parameters; each is one segment of the raw path.
        status: of the answer when it succeeds.
        path_types: see the dialect's; where this operation's differ.
        headers: that it heeds, beside those that every operation does.
        request: what the body holds; without it no body is read.
        request_media: the media type of the body.
        accepts: the media types that a request may say its body has; None: any.
        other_media: another one that the body may have.
        streams: whether the handler takes the body as it arrives, from `Request.stream`.
        largest_body: bytes of the body; a larger one is refused before it is read.
        response: what the answer's body holds; None for a page that is no JSON of ours.
        response_media: the media type of such a page.
        error: what the body of an error holds, where that is not the dialect's.
        gives: names of parameters of paths that the answer holds a value for, and where: a JSON
            pointer.
        public: whether it needs neither credential nor permission.
    """

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    status: int = 200
    path_types: Mapping[str, Any] = field(default_factory=dict, hash=False)
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    request: Any = None
    request_media: str = JSON
    accepts: re.Pattern[bytes] | None = None
    other_media: str = ""
    streams: bool = False
    largest_body: int = LARGEST_BODY
    response: Any = None
    response_media: str = JSON
    error: Any = None
    gives: Mapping[str, str] = field(default_factory=dict, hash=False)
    public: bool = False
    needs: tuple[str, ...] = ()

    @property
    def permissions(self) -> tuple[str, ...]:
        """What a role must allow for it: one of these."""
        return self.needs or (self.name,)

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The names of the parameters in its path."""
        segments = self.path.split("/")
        return tuple(segment[1:-1] for segment in segments if segment.startswith("{"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire dialect.

    Attributes:
        prefix: the path under which an unknown path is answered in this dialect's form.
        limited_groups: beginnings of paths for which a rate limit counts, each for itself.
        later: actions that a statement may name although no operation has them yet.
        error: what the body of an error holds.
        path_types: what the parameters of paths look like; a text where they are not named here.
        null_is_absent: whether a null in a body counts as a member that is not sent.
        render_error: an error of the catalogue as this dialect words it; takes the error's trace.
    """

    name: str
    title: str
    prefix: str
    operations: tuple[Operation, ...]
    error: Any
    render_error: Callable[[RegistryError, str], Reply]
    limited_groups: tuple[str, ...] = ()
    later: frozenset[str] = frozenset()
    path_types: Mapping[str, Any] = field(default_factory=dict, hash=False)
    null_is_absent: bool = False

    @property
    def actions(self) -> frozenset[str]:
        """Every action of this dialect that a statement may name."""
        return self.later.union(*(one.permissions for one in self.operations if not one.public))
