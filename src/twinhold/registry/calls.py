"""Use cases run as a caller: by a request, or by a command that opened the registry itself."""

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from twinhold.registry.principal import Call
from twinhold.store import Store, Transaction

P = ParamSpec("P")
T = TypeVar("T")

UseCaseOfCall = Callable[Concatenate[Transaction, Call, P], Coroutine[Any, Any, T]]


class Calls(Protocol):
    """What work of several transactions needs: each is refused once access has changed.

    Every method raises `AccessChangedError` then; the work has to start over.
    """

    async def read(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that changes nothing, as the caller."""
        ...

    async def search(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that changes nothing and may take long, as the caller."""
        ...

    async def write(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case in a transaction of its own, as the caller."""
        ...


class OwnCalls:
    """The calls of a command; see `Calls`."""

    def __init__(self, store: Store, call: Call) -> None:
        self._store = store
        self._call = call

    async def read(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Calls.read`."""
        generation = self._call.actor.generation
        return await self._store.read_at(generation, use_case, self._call, *args, **kwargs)

    async def search(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Calls.search`."""
        generation = self._call.actor.generation
        return await self._store.search_at(generation, use_case, self._call, *args, **kwargs)

    async def write(self, use_case: UseCaseOfCall[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Calls.write`."""
        generation = self._call.actor.generation
        return await self._store.write_at(generation, use_case, self._call, *args, **kwargs)
