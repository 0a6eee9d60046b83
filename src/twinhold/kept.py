"""What was made of texts that come again and again, as long as it is not too much.

`functools.lru_cache` counts what it keeps. Here it is weighed: what is made of a long rule takes
hundreds of times the memory of a short one, and callers choose the rules.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_LEAST = 16


class Kept(Generic[P, T]):
    """A function that remembers the results asked for last; see `kept`.

    Threads may share it. All arguments are given by position.
    """

    def __init__(self, make: Callable[P, T], weight: Callable[..., int], most: int) -> None:
        self._make: Callable[..., T] = make
        self._weight = weight
        self._most = most
        self._kept: OrderedDict[tuple[Any, ...], T] = OrderedDict()
        self._weighed = 0
        self._lock = threading.Lock()

    def __call__(self, *arguments: P.args, **_: P.kwargs) -> T:
        """The result for some arguments; an error is raised anew each time."""
        try:
            found = self._kept[arguments]
            self._kept.move_to_end(arguments)
        except KeyError:
            pass  # or forgotten by another thread meanwhile
        else:
            return found
        made = self._make(*arguments)
        self._keep(arguments, made)
        return made

    def _keep(self, arguments: tuple[Any, ...], made: T) -> None:
        weight = self._weigh(arguments)
        if weight > self._most:
            return
        with self._lock:
            if arguments not in self._kept:
                self._weighed += weight
            self._kept[arguments] = made
            while self._weighed > self._most:
                forgotten, _ = self._kept.popitem(last=False)
                self._weighed -= self._weigh(forgotten)

    def _weigh(self, arguments: tuple[Any, ...]) -> int:
        return _LEAST + self._weight(*arguments)


def kept(most: int, weight: Callable[..., int]) -> Callable[[Callable[P, T]], Kept[P, T]]:
    """Let a function remember its results, those asked for last.

    Args:
        most: what all results may weigh together.
        weight: of a result, from the arguments it is made of, in characters of text.
    """
    return lambda make: Kept(make, weight, most)
