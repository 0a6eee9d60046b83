"""A ledger under change: what it was, what it will be, and all that is written with it."""

from collections.abc import Iterable

import msgspec

from twinhold.registry import variables
from twinhold.registry.errors import DocumentTooLargeError
from twinhold.registry.ledgers import history
from twinhold.registry.ledgers.entries import LARGEST, Address, Entry, read, source_of, write
from twinhold.store import Transaction
from twinhold.store import ledgers as stored
from twinhold.store.ledgers import LedgerRow

_MILLISECOND = 1000
_NONE = LedgerRow(None, 0, referenced=True)  # perhaps: references may wait for its entries


class Draft:
    """The ledger of an account on a twin, held until the transaction ends.

    Attributes:
        before: the entries as they are stored.
        after: the entries as they are to be; only entries that change are other objects.
        ts: the time of this change in seconds. It grows with every change of the ledger, however
            fast they follow, so that a condition on a time never takes one change for another.
    """

    def __init__(self, twin: str, account: str, row: LedgerRow, now: int) -> None:
        self.twin = twin
        self.account = account
        self.before = read(row.entries)
        self.after = dict(self.before)
        self._now = now
        self._stamp = max(now // _MILLISECOND * _MILLISECOND, row.stamp + _MILLISECOND)
        self._referenced = bool(row.referenced)
        self.ts = variables.seconds(self._stamp)

    async def save(self, transaction: Transaction, maker: str) -> bool:
        """Store what has changed, with its history; mark references to it as stale.

        Args:
            transaction: holds the twin.
            maker: the user behind new references.

        Returns:
            Whether there may be stale references now.

        Raises:
            DocumentTooLargeError: the ledger would be over its limit; nothing is stored.
        """
        changed = [
            name
            for name in self.before | self.after
            if self.before.get(name) is not self.after.get(name)
        ]
        if not changed:
            return False
        await self._put(transaction)
        for name in changed:
            await self._follow(transaction, maker, name)
        if self._referenced:
            await self._mark(transaction, changed)
        return self._referenced

    async def _put(self, transaction: Transaction) -> None:
        text = write(self.after)
        if len(text.encode()) > LARGEST:
            raise DocumentTooLargeError(f"The ledger would be larger than {LARGEST} bytes.")
        row = {
            "twin": self.twin,
            "account": self.account,
            "entries": text,
            "includes": any(entry.include for entry in self.after.values()),
            "stamp": self._stamp,
        }
        await transaction.run(stored.PUT, row)

    async def _follow(self, transaction: Transaction, maker: str, name: str) -> None:
        place = Address(self.twin, self.account, name)
        before, after = self.before.get(name), self.after.get(name)
        await history.follow(transaction, self._now, place, before, after)
        if after is None and before and before.ref:
            await transaction.run(stored.DROP_REFERENCE, place._asdict())
        if before is None and after and after.ref:
            await self._refer(transaction, maker, place, after)

    async def _refer(
        self, transaction: Transaction, maker: str, place: Address, entry: Entry
    ) -> None:
        source = source_of(entry, self.account)
        if source is None:
            return
        reference = {
            **place._asdict(),
            "source": source.twin,
            "source_account": source.account,
            "source_entry": source.entry,
            "maker": maker,
            "stale": False,
        }
        await transaction.run(stored.ADD_REFERENCE, reference)

    async def _mark(self, transaction: Transaction, names: Iterable[str]) -> None:
        of = {
            "source": self.twin,
            "source_account": self.account,
            "entries": msgspec.json.encode(list(names)).decode(),
            "stale": True,
        }
        await transaction.run(stored.MARK_STALE, of)


async def open_draft(transaction: Transaction, twin: str, account: str, now: int) -> Draft:
    """The ledger of an account on a twin that the transaction holds; perhaps an empty one."""
    of = {"twin": twin, "account": account}
    row = await transaction.one(stored.SELECT, of)
    return Draft(twin, account, LedgerRow._make(row or _NONE), now)
