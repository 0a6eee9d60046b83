"""What waits together is served together."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from typing import Any, Generic, TypeVar

from twinhold.store.errors import StoreUnavailableError

T = TypeVar("T")


class Lanes(ABC, Generic[T]):
    """Serves what is added, several at a time, in a bounded number of tasks.

    Nobody waits on purpose: what is added while all lanes are busy goes with the next that is free,
    so that the more there is to do, the more goes together.
    """

    def __init__(self, lanes: int) -> None:
        self._free = lanes
        self._waiting: list[T] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def split(self, waiting: list[T]) -> tuple[list[T], list[T]]:
        """Those of the waiting that go together next, if any can, and those that wait on."""

    @abstractmethod
    async def serve(self, going: list[T]) -> None:
        """Serve some; must not raise."""

    def add(self, item: T) -> None:
        """Have it served soon, with all others that are added in this turn of the loop."""
        self._waiting.append(item)
        self.wake()

    def wake(self) -> None:
        """Serve what can go by now."""
        if self._free:
            self._free -= 1
            self.begin(self._serve())

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on beside the lanes."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self) -> None:
        try:
            while self._waiting:
                going, self._waiting = self.split(self._waiting)
                if not going:
                    return
                await self.serve(going)
        finally:
            self._free += 1


def answer(waiting: "asyncio.Future[Any]", result: Any) -> None:
    """Give who waits a result, unless they have left."""
    if not waiting.done():
        waiting.set_result(result)


def refuse(waiting: "asyncio.Future[Any]", error: Exception) -> None:
    """Give who waits an error, unless they have left."""
    if not waiting.done():
        waiting.set_exception(error)


def refuse_all(waiting: "Iterable[asyncio.Future[Any]]", error: StoreUnavailableError) -> None:
    """Give all who wait the error of an engine that does not answer.

    Each has an error of their own: one that is raised in many places remembers all of them.
    """
    for future in waiting:
        own = StoreUnavailableError(*error.args)
        own.__cause__ = error.__cause__
        refuse(future, own)
