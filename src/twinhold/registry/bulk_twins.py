"""Many twins put in one transaction.

The decisions are those of `modelled_twins.put`, a twin at a time; two statements store them all.
What of the work needs no transaction is done before it, so that nobody waits for the writer.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from twinhold.registry import access, attribute_indexes, modelled_twins
from twinhold.registry.errors import RegistryError
from twinhold.registry.modelled_twins import Face
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import modelled_twins as stored
from twinhold.store.twins import Facts

_ATTEMPTS = 3
_encode = msgspec.json.Encoder().encode
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode

Refused = dict[int, RegistryError]
"""Why some items are not put, by their position."""


class Item(NamedTuple):
    """A twin to put.

    Attributes:
        named: its UUID if its id is a name.
        given: its UUID if its id is one; else the same.
        row: what statements take: JSON of the UUID `named` and the face.
    """

    id: str
    named: str
    given: str
    row: bytes

    def under(self, uuid: str, id_: str) -> "Item":
        """The same for a twin that is there under another UUID and id."""
        if uuid == self.named and id_ == self.id:
            return self
        return Item(id_, uuid, uuid, _encode([uuid, id_, *_parts(self.row)[2:]]))


def item(call: Call, face: Face) -> Item:
    """A twin to put, with all that can be known of it beforehand."""
    named, given = modelled_twins.uuids_of(call, face.id)
    return Item(face.id, named, given, _encode((named, *face)))


async def put_all(transaction: Transaction, call: Call, items: Sequence[Item]) -> Refused:
    """Create or replace twins; of those with the same id the last one counts.

    Answers which are refused and why; the others are put.
    """
    refused: Refused = {}
    left = list(enumerate(items))
    for _ in range(_ATTEMPTS):
        work = _Work(call)
        sought = {item.named for _, item in left}
        sought.update([item.given for _, item in left if item.given is not item.named])
        found = await modelled_twins.hold_all(transaction, call, sought)
        for position, item in left:
            twin = (found.get(item.named) or found.get(item.given)) if found else None
            try:
                work.take(item, twin)
            except RegistryError as error:
                refused[position] = error
        late = await work.store(transaction)
        if not late:
            return refused
        left = [
            (position, item)
            for position, item in left
            if position not in refused and (item.named in late or item.given in late)
        ]
    raise RuntimeError("Twins can neither be found nor inserted.")


async def refused(
    transaction: Transaction, call: Call, ids: Sequence[str], *, as_sources: bool
) -> Refused:
    """Why twins of some ids could not be put, as they are now; whatever they would hold.

    Args:
        transaction: the transaction.
        call: who calls.
        ids: of the twins.
        as_sources: ask instead whether relationships may leave those that there are.
    """
    uuids = [modelled_twins.uuids_of(call, id_) for id_ in ids]
    sought = {uuid for pair in uuids for uuid in pair}
    twins = await modelled_twins.find_all(transaction, call, sought)
    why: Refused = {}
    for position, (named, given) in enumerate(uuids):
        twin = twins.get(named) or twins.get(given)
        try:
            if not as_sources:
                permission = "create_twin" if twin is None else "update_twin"
                access.require_permission(call.actor, permission)
            if twin is not None:
                modelled_twins.require_change(call, twin)
        except RegistryError as error:
            why[position] = error
    return why


class _Work:
    """What is to be inserted and updated, by UUID."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._new: dict[str, Item] = {}
        self._changed: dict[str, Item] = {}

    def take(self, item: Item, twin: Facts | None) -> None:
        """Decide about one twin.

        Raises:
            PermissionDeniedError: the caller may not create, or not update.
            TwinForbiddenError, NotOwnerError, TwinTerminatedError: it may not be changed.
        """
        actor = self._call.actor
        if twin is not None:
            access.require_permission(actor, "update_twin")
            modelled_twins.require_change(self._call, twin)
            self._changed[twin.uuid] = item.under(twin.uuid, twin.id or twin.uuid)
        elif before := self._new.get(item.named) or self._new.get(item.given):
            access.require_permission(actor, "update_twin")
            self._new[before.named] = item.under(before.named, before.id)
        else:
            access.require_permission(actor, "create_twin")
            self._new[item.named] = item

    async def store(self, transaction: Transaction) -> set[str]:
        """Insert and update; answer the UUIDs of new twins with which somebody was quicker."""
        now, owner = self._call.now, self._call.actor.account
        if self._changed:
            parameters = {"rows": _rows(self._changed.values()), "now": now}
            await transaction.run(stored.UPDATE_SOME, parameters)
        if not self._new:
            return set()
        # In the order of the key, so that neighbours are written together.
        uuids = sorted(self._new)
        rows = {"rows": _rows(map(self._new.__getitem__, uuids)), "owner": owner, "now": now}
        await transaction.run(stored.INSERT_SOME, rows)
        wanted = {"uuids": _encode(uuids).decode(), "now": now}
        late = {row[0] for row in await transaction.all(stored.SELECT_OF_OTHER_TIMES, wanted)}
        if kept := self._call.actor.indexes.kept:
            for uuid in self._new.keys() - late:
                await attribute_indexes.put(transaction, owner, uuid, kept, None)
        return late


def _rows(items: Iterable[Item]) -> str:
    return _encode([msgspec.Raw(item.row) for item in items]).decode()
