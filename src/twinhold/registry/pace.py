"""How far a read may go before it has to make room for others.

Most reads are over at once and run where they are asked for; a few go through very many records, or
through rules that are slow to evaluate. Such a read is begun as a brief one, gives up when it turns
out long, and is made again as a search, which holds nobody up and is refused when it takes too long
even so.
"""

import time

from twinhold.registry.errors import ReadTooLongError
from twinhold.store import Transaction

LONGEST_SECONDS = 10.0

A_RECORD = 1
A_RULE_TO_READ = 32
A_SLOW_RULE = 256
"""What going on to a record costs: where it is only passed on, and where rules judge it."""

BRIEF = 512
_BREATH = 256


class LongReadError(Exception):
    """A read that was begun as a brief one is long; never reaches a client."""


class Pace:
    """What one read has spent so far.

    Attributes:
        is_brief: whether it has to give up rather than to go on for long.
    """

    __slots__ = ("_deadline", "_spent", "is_brief")

    def __init__(self, *, is_brief: bool, seconds: float = LONGEST_SECONDS) -> None:
        self.is_brief = is_brief
        self._spent = 0
        self._deadline = time.monotonic() + seconds

    async def spend(self, transaction: Transaction, cost: int) -> None:
        """Go on to one more record.

        Raises:
            LongReadError: the read was to be brief.
            ReadTooLongError: it has taken too long.
        """
        breaths = self._spent // _BREATH
        self._spent += cost
        if self.is_brief and self._spent > BRIEF:
            raise LongReadError
        if self._spent // _BREATH > breaths:
            await transaction.breathe()
            if time.monotonic() > self._deadline:
                raise ReadTooLongError("The answer takes too long to put together.")
