"""The way of a request: route, authenticate, permission, read the body, handle, answer, observe.

No step is taken twice, and none is skipped for any operation of any dialect: what is not `public`
in the operations table has passed the credential and the permission before its handler runs.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from twinhold.api.kit import streams
from twinhold.api.kit.observation import Observation, Observer
from twinhold.api.kit.operations import Dialect, Operation, Reply, Stream
from twinhold.api.kit.rate_limits import RateLimiter
from twinhold.api.kit.request import Request
from twinhold.api.kit.routing import Route, Router
from twinhold.blobs import BlobsError
from twinhold.http import ClientGoneError, Exchange
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
from twinhold.registry.principal import Call, Principal
from twinhold.store import AccessChangedError, StoreUnavailableError

Complain = Callable[[str, BaseException], None]

_MOST_CHANGES = 1000


class _Routed(Request):
    """A request, and where it goes; None before that is known, or where nothing has its path."""

    __slots__ = ("route",)

    def __init__(self, registry: Registry, exchange: Exchange, now: int) -> None:
        super().__init__(registry, exchange, now)
        self.route: Route | None = None


class App:
    """Answers the requests of all dialects over one registry."""

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

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        started = time.perf_counter_ns()
        request = _Routed(self._registry, exchange, time.time_ns() // 1000)
        trace = error_code = ""
        try:
            answer = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - a request is answered whatever happens
            trace = ids.new_uuid()
            answer, error_code = self._refusal(request, error, trace)
        try:
            await _send(exchange, answer)
        except Exception as error:  # noqa: BLE001 - too late to answer it: the body ends short
            trace = ids.new_uuid()
            error_code = self._catalogued(error, trace).code
        milliseconds = (time.perf_counter_ns() - started) // 1000 / 1000
        self._observe(request, answer, milliseconds, trace, error_code)

    async def _answer(self, request: _Routed) -> Reply:
        exchange = request.exchange
        path, request.raw_query = exchange.place()
        route, request.path = self._router.find(exchange.method, path)
        request.route = route
        operation = route.operation
        if not operation.public:
            await self._admit(request, operation)
            if self._limiter is not None:
                self._limiter.count(operation, request.call.actor)
        if operation.accepts is not None:
            _require_media(exchange, operation.accepts)
        if operation.request is not None:
            request.body = await _read_body(exchange, operation.largest_body)
        if operation.streams:
            _require_small(exchange, operation.largest_body)
            request.stream = streams.arriving(exchange, operation.largest_body)
        try:
            result = await operation.handler(request)
        except AccessChangedError:
            result = await self._start_over(request, operation)
        return result if isinstance(result, Reply) else Reply(operation.status, result)

    async def _start_over(self, request: Request, operation: Operation) -> bytes | Reply:
        """Access changed under way: ask anew who calls and what they may."""
        for _ in range(_MOST_CHANGES):
            await self._registry.authenticator.renew()
            if not operation.public:
                await self._admit(request, operation)
            try:
                return await operation.handler(request)
            except AccessChangedError:
                continue
        return await operation.handler(request)

    async def _admit(self, request: Request, operation: Operation) -> None:
        """Authenticate the caller and check the permission for the operation."""
        headers = request.exchange.headers
        header = headers.get(b"authorization")
        if header is None:
            raise UnauthenticatedError("The request carries no credential.")
        credential = _secret(header)
        try:
            actor = await self._permitted(request, operation, credential)
        except (UnauthenticatedError, PermissionDeniedError):
            # What is remembered may have changed since; nobody is turned away for what was.
            if not self._registry.authenticator.forget(credential):
                raise
            actor = await self._permitted(request, operation, credential)
        given = headers.get(b"x-trustedtwin")
        if given is None and actor.token is None:
            return
        dictionary = {} if given is None else _dictionary(given)
        own = actor.token.dictionary if actor.token else {}
        request.call = Call(actor, request.call.now, dictionary | own)

    async def _permitted(
        self, request: Request, operation: Operation, credential: str
    ) -> Principal:
        now = request.call.now
        actor = await self._registry.authenticator.principal(credential, now)
        request.call = Call(actor, now)
        access.require_any_permission(actor, operation.permissions)
        return actor

    def _dialect(self, request: _Routed) -> Dialect:
        """Whose form an error takes: the operation's dialect, or the one that owns the path."""
        if request.route is not None:
            return request.route.dialect
        path = unquote_to_bytes(request.exchange.place()[0]).decode(errors="replace")
        claiming = (one for one in self._by_prefix if f"{path}/".startswith(one.prefix))
        return next(claiming, self._by_prefix[-1])  # OPTIONS * has no path that any could claim

    def _refusal(self, request: _Routed, error: Exception, trace: str) -> tuple[Reply, str]:
        """The answer that an error is, and its code.

        The error is named here and not by the caller, whose frame it leads back to: it would keep
        itself, and the whole request with it, until the garbage collector comes.
        """
        known = self._catalogued(error, trace)
        return self._dialect(request).render_error(known, trace), known.code

    def _catalogued(self, error: Exception, trace: str) -> RegistryError:
        """An error as the catalogue has it; the operator is told of those that are ours."""
        if isinstance(error, RegistryError):
            return error
        self._complain(trace, error)
        if isinstance(error, StoreUnavailableError | BlobsError):
            return StoreAwayError("The store does not answer.")
        return InternalError("The registry failed to answer.")

    def _observe(
        self, request: _Routed, answer: Reply, milliseconds: float, trace: str, error: str
    ) -> None:
        route, actor = request.route, request.call.actor
        observation = Observation(
            ts=time.time_ns() // 1_000_000 / 1000,
            method=request.exchange.method,
            path=route.operation.path if route else "",
            operation=route.operation.name if route else "",
            status=answer.status,
            ms=milliseconds,
            account=actor.account,
            user=actor.user,
            trace=trace,
            error=error,
            deviations=answer.deviations,
        )
        for observer in self._observers:
            observer(observation)


def _require_media(exchange: Exchange, accepted: re.Pattern[bytes]) -> None:
    """Refuse a body that is said to be of another kind; one of which nothing is said is read."""
    announced = exchange.headers.get(b"content-type")
    if announced and not accepted.match(announced):
        raise MediaTypeError(f"The body is {quoted(announced.decode('latin-1'))}, not JSON.")


def _require_small(exchange: Exchange, largest: int) -> None:
    """Refuse a body that is announced to be over the limit."""
    announced = exchange.headers.get(b"content-length")
    if announced is not None and int(announced) > largest:
        raise _too_large(largest)


async def _read_body(exchange: Exchange, largest: int) -> bytes:
    """The body, refused as soon as it is known to be over the limit, before it is held."""
    _require_small(exchange, largest)
    parts: list[bytes] = []
    size = 0
    try:
        while part := await exchange.read():
            size += len(part)
            if size > largest:
                raise _too_large(largest)
            parts.append(part)
            if exchange.is_whole:
                break
    except ClientGoneError:
        raise NotJsonError("The client went away before the body was complete.") from None
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


async def _send(exchange: Exchange, answer: Reply) -> None:
    """Send an answer; one that ends before its length leaves the exchange unanswered."""
    status, body, headers = answer.status, answer.body, answer.headers
    fields = [(name.encode(), value.encode()) for name, value in headers.items()] if headers else ()
    if isinstance(body, Stream):
        exchange.begin(status, answer.media_type, body.length, fields)
        await streams.send(exchange, body.chunks)
        exchange.end()
    else:
        exchange.answer(status, answer.media_type, body, fields)
