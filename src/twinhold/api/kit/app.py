"""The way of a request: route, authenticate, permission, read the body, handle, answer, observe.

No step is taken twice, and none is skipped for any operation of any dialect: what is not `public`
in the operations table has passed the credential and the permission before its handler runs.
"""

import base64
import binascii
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from twinhold.api.kit import streams
from twinhold.api.kit.observation import Observation, Observer
from twinhold.api.kit.operations import JSON, Dialect, Operation, Reply, Stream
from twinhold.api.kit.rate_limits import RateLimiter
from twinhold.api.kit.request import Request, find_header
from twinhold.api.kit.routing import Route, Router
from twinhold.blobs import BlobsError
from twinhold.registry import Registry, access, documents, ids
from twinhold.registry.errors import (
    DocumentTooLargeError,
    InternalError,
    InvalidValueError,
    MediaTypeError,
    NotJsonError,
    NotUtf8Error,
    PermissionDeniedError,
    RegistryError,
    StoreAwayError,
    UnauthenticatedError,
    quoted,
)
from twinhold.registry.principal import NOBODY, Call, Principal
from twinhold.store import AccessChangedError, StoreUnavailableError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Complain = Callable[[str, BaseException], None]

_MOST_CHANGES = 1000
_NO_CONTENT = 204
_JSON_HEADER = (b"content-type", JSON.encode())


class _Exchange:
    """One request on its way: what arrived, and what was found out about it."""

    __slots__ = ("call", "receive", "route", "scope", "started")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.started = time.perf_counter()
        self.route: Route | None = None
        self.call = Call(NOBODY, time.time_ns() // 1000)

    def header(self, name: bytes) -> bytes | None:
        """The first header of a name (lower case), or None."""
        return find_header(self.scope["headers"], name)


class App:
    """An ASGI application over a registry and its dialects."""

    def __init__(
        self,
        registry: Registry,
        dialects: Iterable[Dialect],
        observers: Iterable[Observer],
        complain: Complain,
        limiter: RateLimiter | None = None,
    ) -> None:
        """Compile the tables.

        Args:
            registry: what the operations work on.
            dialects: the last one answers for paths that no prefix claims.
            observers: told of every answer.
            complain: told of every error of ours, with the trace that the client was given.
            limiter: how many requests a client may send; None: any number.
        """
        dialects = tuple(dialects)
        self._registry = registry
        self._router = Router(dialects)
        self._by_prefix = sorted(dialects, key=lambda dialect: -len(dialect.prefix))
        self._observers = tuple(observers)
        self._complain = complain
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        exchange = _Exchange(scope, receive)
        trace = error_code = ""
        try:
            answer = await self._answer(exchange)
        except Exception as error:  # noqa: BLE001 - a request is answered whatever happens
            trace = ids.new_uuid()
            known = self._catalogued(error, trace)
            error_code = known.code
            answer = self._dialect(exchange).render_error(known, trace)
        try:
            await _send(receive, send, answer)
        except Exception as error:  # noqa: BLE001 - too late to answer it: the body ends short
            trace = ids.new_uuid()
            error_code = self._catalogued(error, trace).code
        self._observe(exchange, answer, trace, error_code)

    async def _answer(self, exchange: _Exchange) -> Reply:
        scope = exchange.scope
        route, values = self._router.find(scope["method"], scope["raw_path"])
        exchange.route = route
        operation = route.operation
        if not operation.public:
            exchange.call = await self._admit(exchange, operation)
            if self._limiter is not None:
                self._limiter.count(operation, exchange.call.actor)
        if operation.accepts is not None:
            _require_media(exchange, operation.accepts)
        body = (
            b"" if operation.request is None else await _read_body(exchange, operation.largest_body)
        )
        request = Request(
            self._registry, exchange.call, values, scope["query_string"], scope["headers"], body
        )
        if operation.streams:
            _require_small(exchange, operation.largest_body)
            request.stream = streams.arriving(exchange.receive, operation.largest_body)
        result = await self._handle(exchange, request)
        return result if isinstance(result, Reply) else Reply(operation.status, result)

    async def _handle(self, exchange: _Exchange, request: Request) -> bytes | Reply:
        """Run the handler; when access changes under way, ask anew who calls and what they may."""
        route = exchange.route
        if route is None:
            raise RuntimeError("A request is handled before it is routed.")
        for _ in range(_MOST_CHANGES):
            try:
                return await route.operation.handler(request)
            except AccessChangedError:
                await self._registry.authenticator.renew()
                exchange.call = request.call = await self._admit(exchange, route.operation)
        return await route.operation.handler(request)

    async def _admit(self, exchange: _Exchange, operation: Operation) -> Call:
        """Authenticate the caller and check the permission for the operation."""
        header = exchange.header(b"authorization")
        if header is None:
            raise UnauthenticatedError("The request carries no credential.")
        credential = _secret(header)
        try:
            actor = await self._permitted(exchange, operation, credential)
        except (UnauthenticatedError, PermissionDeniedError):
            # What is remembered may have changed since; nobody is turned away for what was.
            if not self._registry.authenticator.forget(credential):
                raise
            actor = await self._permitted(exchange, operation, credential)
        given = exchange.header(b"x-trustedtwin")
        if given is None and actor.token is None:
            return exchange.call
        dictionary = {} if given is None else _dictionary(given)
        own = actor.token.dictionary if actor.token else {}
        return Call(actor, exchange.call.now, dictionary | own)

    async def _permitted(
        self, exchange: _Exchange, operation: Operation, credential: str
    ) -> Principal:
        now = exchange.call.now
        actor = await self._registry.authenticator.principal(credential, now)
        exchange.call = Call(actor, now)
        access.require_any_permission(actor, operation.permissions)
        return actor

    def _dialect(self, exchange: _Exchange) -> Dialect:
        """Whose form an error takes: the operation's dialect, or the one that owns the path."""
        if exchange.route is not None:
            return exchange.route.dialect
        path = exchange.scope["path"]
        claiming = (one for one in self._by_prefix if f"{path}/".startswith(one.prefix))
        return next(claiming, self._by_prefix[-1])  # OPTIONS * has no path that any could claim

    def _catalogued(self, error: Exception, trace: str) -> RegistryError:
        """An error as the catalogue has it; the operator is told of those that are ours."""
        if isinstance(error, RegistryError):
            return error
        self._complain(trace, error)
        if isinstance(error, StoreUnavailableError | BlobsError):
            return StoreAwayError("The store does not answer.")
        return InternalError("The registry failed to answer.")

    def _observe(self, exchange: _Exchange, answer: Reply, trace: str, error: str) -> None:
        route, actor = exchange.route, exchange.call.actor
        observation = Observation(
            ts=round(time.time(), 3),
            method=exchange.scope["method"],
            path=route.operation.path if route else "",
            operation=route.operation.name if route else "",
            status=answer.status,
            ms=round((time.perf_counter() - exchange.started) * 1000, 3),
            account=actor.account,
            user=actor.user,
            trace=trace,
            error=error,
            deviations=answer.deviations,
        )
        for observer in self._observers:
            observer(observation)


def _require_media(exchange: _Exchange, accepted: re.Pattern[bytes]) -> None:
    """Refuse a body that is said to be of another kind; one of which nothing is said is read."""
    announced = exchange.header(b"content-type")
    if announced and not accepted.match(announced):
        raise MediaTypeError(f"The body is {quoted(announced.decode('latin-1'))}, not JSON.")


def _require_small(exchange: _Exchange, largest: int) -> None:
    """Refuse a body that is announced to be over the limit."""
    announced = exchange.header(b"content-length")
    if announced is not None and int(announced) > largest:
        raise _too_large(largest)


async def _read_body(exchange: _Exchange, largest: int) -> bytes:
    """The body, refused as soon as it is known to be over the limit, before it is held."""
    _require_small(exchange, largest)
    message = await exchange.receive()
    parts: list[bytes] = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        if size > largest:
            raise _too_large(largest)
        message = await exchange.receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if message["type"] == "http.disconnect":
        raise NotJsonError("The client went away before the body was complete.")
    if size > largest:
        raise _too_large(largest)
    return b"".join(parts)


def _too_large(largest: int) -> DocumentTooLargeError:
    return DocumentTooLargeError(f"The body is larger than {largest} bytes.")


def _secret(credential: bytes) -> str:
    """The secret of an Authorization header, with or without the word Bearer before it."""
    text = credential.decode("latin-1").strip()
    scheme, _, rest = text.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else text


def _dictionary(header: bytes) -> dict[str, Any]:
    """The object in an X-TrustedTwin header: base64 of JSON (spec section 3)."""
    try:
        return documents.parse_object(base64.b64decode(header, validate=True))
    except (binascii.Error, NotUtf8Error, NotJsonError, InvalidValueError):
        raise InvalidValueError(
            "The header X-TrustedTwin must be the base64 of a JSON object."
        ) from None


async def _send(receive: Receive, send: Send, answer: Reply) -> None:
    body = answer.body
    size = body.length if isinstance(body, Stream) else len(body)
    length = (b"content-length", b"%d" % size)
    if answer.status == _NO_CONTENT:
        headers = []
    elif answer.media_type is JSON and not answer.headers:
        headers = [_JSON_HEADER, length]
    else:
        headers = [(b"content-type", answer.media_type.encode()), length]
        headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if isinstance(body, Stream):
        await streams.send(receive, send, body)
    else:
        await send({"type": "http.response.body", "body": body})
