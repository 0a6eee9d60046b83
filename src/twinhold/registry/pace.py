"""How far a read may go before it has to make room for others.

Most reads are over at once and run where they are asked for; a few go through very many records, or
through rules that are slow to evaluate. Such a read is begun as a brief one, gives up when it turns
out long, and is made again as a search, which holds nobody up.
"""

from twinhold.store import Transaction

BRIEF = 512
ONE_RULE = 32
_BREATH = 256


class LongReadError(Exception):
    """A read that was begun as a brief one is long; never reaches a client."""


class Pace:
    """What one read has spent so far; a record that is only passed on costs 1.

    Attributes:
        is_brief: whether it has to give up rather than to go on for long.
    """

    __slots__ = ("_spent", "is_brief")

    def __init__(self, *, is_brief: bool) -> None:
        self.is_brief = is_brief
        self._spent = 0

    async def spend(self, transaction: Transaction, cost: int) -> None:
        """Go on to one more record.

        Raises:
            LongReadError: the read was to be brief.
        """
        breaths = self._spent // _BREATH
        self._spent += cost
        if self.is_brief and self._spent > BRIEF:
            raise LongReadError
        if self._spent // _BREATH > breaths:
            await transaction.breathe()
