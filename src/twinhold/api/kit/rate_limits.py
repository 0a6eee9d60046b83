"""Rate limits: how many requests a client may send to a group of paths in a window of time.

Windows are fixed, as the vendor's (spec/willow.md 1.3): every count begins at nothing when the next
one begins. Counts are of this process alone, and never more than `_MOST_COUNTED` are kept.
"""

import math
import time
from collections.abc import Callable, Iterable

from twinhold.api.kit.operations import Dialect, Operation
from twinhold.registry.errors import RateLimitedError
from twinhold.registry.principal import Principal

_MOST_COUNTED = 100_000


class RateLimiter:
    """Counts the requests of each client to each group."""

    def __init__(
        self,
        requests: int,
        seconds: int,
        dialects: Iterable[Dialect],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Find out which operations are limited.

        Args:
            requests: that each client may send to a group in a window.
            seconds: how long a window is.
            dialects: their `limited_groups` are limited.
            clock: seconds that only grow.
        """
        self._requests = requests
        self._seconds = seconds
        self._clock = clock
        self._window = 0
        self._counts: dict[tuple[str, str, str], int] = {}
        self._groups = {
            operation.path: group
            for dialect in dialects
            for operation in dialect.operations
            for group in dialect.limited_groups
            if f"{operation.path}/".startswith(f"{group}/")
        }

    def count(self, operation: Operation, actor: Principal) -> None:
        """Count a request of a client.

        Raises:
            RateLimitedError: the client has sent as many as they may in this window.
        """
        group = self._groups.get(operation.path)
        if group is None:
            return
        now = self._clock()
        self._turn(int(now // self._seconds))
        client = (group, actor.account, actor.user)
        count = self._counts.get(client, 0)
        if count >= self._requests:
            raise self._refusal(group, now)
        self._counts[client] = count + 1

    def _turn(self, window: int) -> None:
        """Begin anew with a new window, or when more clients came than are worth the memory."""
        if window != self._window or len(self._counts) >= _MOST_COUNTED:
            self._window = window
            self._counts.clear()

    def _refusal(self, group: str, now: float) -> RateLimitedError:
        wait = max(1, math.ceil((self._window + 1) * self._seconds - now))
        return RateLimitedError(
            f"Too many requests to {group}/*: each client may send {self._requests} in "
            f"{self._seconds} seconds.",
            wait,
        )
