"""What was made of texts that come again and again, as long as it is not too much.

`functools.lru_cache` counts what it keeps. Here it is weighed: what is made of a long rule takes
hundreds of times the memory of a short one, and callers choose the rules.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_NOTHING: Any = object()
_LEAST = 16


class Kept(Generic[P, T]):
    """A function that remembers its results, those asked for last.

    They are in two halves. When the recent one is full it becomes the older one, and what was in
    that and has not been asked for meanwhile is forgotten. All arguments are given by position.
    """

    def __init__(self, make: Callable[P, T], weight: Callable[..., int], most: int) -> None:
        """Keep at most twice as much as a half may weigh; see `kept`."""
        self._make: Callable[..., T] = make
        self._weight = weight
        self._most = most
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._recent: dict[tuple[Any, ...], T] = {}
        self._older: dict[tuple[Any, ...], T] = {}
        self._weighed = 0

    def __call__(self, *arguments: P.args, **_: P.kwargs) -> T:
        """The result for some arguments; an error is raised anew each time."""
        found: T = self._recent.get(arguments, _NOTHING)
        return self._fetch(arguments) if found is _NOTHING else found

    def _fetch(self, arguments: Any) -> T:
        """A result that is not among the recent ones, which it joins."""
        found: T = self._older.get(arguments, _NOTHING)
        if found is _NOTHING:
            found = self._make(*arguments)
        weight = _LEAST + self._weight(*arguments)
        if weight <= self._most:
            self._keep(arguments, found, weight)
        return found

    def _keep(self, arguments: Any, result: T, weight: int) -> None:
        with self._lock:
            if self._weighed + weight > self._most:
                self._older, self._recent, self._weighed = self._recent, {}, 0
            self._recent[arguments] = result
            self._weighed += weight


def kept(most: int, weight: Callable[..., int]) -> Callable[[Callable[P, T]], Kept[P, T]]:
    """Let a function remember its results.

    Args:
        most: what the recent results may weigh; the older ones may weigh as much again.
        weight: of a result, from the arguments it is made of, in characters of text.
    """
    return lambda make: Kept(make, weight, most)
