"""A request on its way, and as a handler sees it: authenticated, allowed and read."""

import re
from collections.abc import AsyncIterable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar
from urllib.parse import parse_qs

from twinhold.http import Exchange
from twinhold.registry import Registry
from twinhold.registry.calls import UseCaseOfCall
from twinhold.registry.errors import InvalidValueError, NotUtf8Error, quoted
from twinhold.registry.pace import LongReadError, Pace
from twinhold.registry.principal import NOBODY, Call

P = ParamSpec("P")
T = TypeVar("T")

PacedUseCase: TypeAlias = UseCaseOfCall[Concatenate[Pace, P], T]

_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_LONGEST_INTEGER = 18
_HOST = re.compile(r"[0-9A-Za-z._:\[\]-]{1,255}")


@dataclass(slots=True)
class Query:
    """The parameters of a query string; a repeated name keeps all its values."""

    values: dict[str, list[str]]

    @classmethod
    def parse(cls, raw: bytes) -> "Query":
        """Decode a query string.

        Raises:
            NotUtf8Error: a percent-encoded text is not UTF-8.
            InvalidValueError: there are more than 100 parameters, or a NUL.
        """
        if not raw:
            return _NO_QUERY
        try:
            text = raw.decode("ascii")
            values = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=100)
        except UnicodeDecodeError:
            raise NotUtf8Error("The query string is not percent-encoded UTF-8.") from None
        except ValueError:
            raise InvalidValueError("The query string has more than 100 parameters.") from None
        if "%00" in text:
            raise InvalidValueError("The query string holds a NUL, which no parameter does.")
        return cls(values)

    def text(self, name: str) -> str | None:
        """The last value of a parameter, or None where it is not sent."""
        values = self.values.get(name)
        return values[-1] if values else None

    def texts(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return self.values.get(name, [])

    def boolean(self, name: str, *, default: bool) -> bool:
        """A truth: true, false, 1 or 0 in any case.

        Raises:
            InvalidValueError: it is anything else.
        """
        text = self.text(name)
        if text is None:
            return default
        truth = _TRUTHS.get(text.lower())
        if truth is None:
            raise InvalidValueError(
                f"The parameter {name} must be true or false, not {quoted(text)}."
            )
        return truth

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """An integer in decimal digits.

        Raises:
            InvalidValueError: it is none, or out of range.
        """
        text = self.text(name)
        if text is None:
            return default
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST_INTEGER:
            number = int(text)
            if lowest <= number <= highest:
                return number
        raise InvalidValueError(
            f"The parameter {name} must be an integer from {lowest} to {highest}, "
            f"not {quoted(text)}."
        )


_NO_QUERY = Query({})


class Request:
    """One request, as much of it as is known: a handler gets it authenticated, allowed and read.

    Attributes:
        registry: what the use cases work on.
        exchange: the request as it arrived.
        call: who calls and when; nobody calls a public operation.
        path: the parameters of the path, decoded.
        raw_query: the query string, not decoded.
        body: the body as it was sent; empty where the operation reads none.
        stream: the body as it arrives, once, where the operation streams.
        kept: by a handler, for when access changes and it has to start over.
    """

    __slots__ = (
        "_query",
        "body",
        "call",
        "exchange",
        "kept",
        "path",
        "raw_query",
        "registry",
        "stream",
    )

    def __init__(self, registry: Registry, exchange: Exchange, now: int) -> None:
        self.registry = registry
        self.exchange = exchange
        self.call = Call(NOBODY, now)
        self.path: dict[str, str] = {}
        self.raw_query = self.body = b""
        self.stream: AsyncIterable[bytes] | None = None
        self.kept: Any = None
        self._query: Query | None = None

    def read(
        self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a use case that changes nothing, as the caller."""
        call = self.call
        return self.registry.store.read_at(call.actor.generation, use_case, call, *args, **kwargs)

    def search(
        self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a use case that changes nothing and may take long, as the caller."""
        call = self.call
        return self.registry.store.search_at(call.actor.generation, use_case, call, *args, **kwargs)

    async def read_any(self, use_case: PacedUseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that changes nothing and is mostly brief, as the caller."""
        try:
            return await self.read(use_case, Pace(is_brief=True), *args, **kwargs)
        except LongReadError:
            return await self.search(use_case, Pace(is_brief=False), *args, **kwargs)

    def write(
        self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run a use case in a transaction of its own, as the caller."""
        call = self.call
        return self.registry.store.write_at(call.actor.generation, use_case, call, *args, **kwargs)

    def write_twin(
        self, twin: str, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Like `write`, for a use case that changes nothing but what belongs to one twin."""
        call, store = self.call, self.registry.store
        return store.write_twin_at(call.actor.generation, twin, use_case, call, *args, **kwargs)

    def header(self, name: bytes) -> str | None:
        """The first header of a name (lower case), or None where it is not sent."""
        value = self.exchange.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def origin(self) -> str:
        """Where the client reaches the server, for URLs that it is told.

        It is only ever told to the client who said so.

        Raises:
            InvalidValueError: no header says it.
        """
        host = self.header(b"host") or ""
        if not _HOST.fullmatch(host):
            raise InvalidValueError(f"The header Host must name a host, not {quoted(host)}.")
        scheme = self.header(b"x-forwarded-proto")
        return f"{'https' if scheme == 'https' else 'http'}://{host}"

    @property
    def query(self) -> Query:
        """The parameters of the query string."""
        if self._query is None:
            self._query = Query.parse(self.raw_query)
        return self._query
