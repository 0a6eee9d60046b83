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

    def row_of(self, uuid: str, id_: str) -> bytes:
        """The row of a twin that is there under another UUID and id."""
        if uuid == self.named and id_ == self.id:
            return self.row
        return _encode([uuid, id_, *msgspec.json.decode(self.row)[2:]])


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
        sought = {item.named for _, item in left} | {item.given for _, item in left}
        found = await modelled_twins.hold_all(transaction, call, sought)
        for position, item in left:
            try:
                work.take(item, found.get(item.named) or found.get(item.given))
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
    """What is to be inserted and updated: rows by UUID, and the ids of new twins."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._new: dict[str, bytes] = {}
        self._ids: dict[str, str] = {}
        self._changed: dict[str, bytes] = {}

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
            self._changed[twin.uuid] = item.row_of(twin.uuid, twin.id or twin.uuid)
            return
        uuid = item.named if item.named in self._new else item.given
        if uuid in self._new:
            access.require_permission(actor, "update_twin")
            self._new[uuid] = item.row_of(uuid, self._ids[uuid])
        else:
            access.require_permission(actor, "create_twin")
            self._new[item.named], self._ids[item.named] = item.row, item.id

    async def store(self, transaction: Transaction) -> set[str]:
        """Insert and update; answer the UUIDs of new twins with which somebody was quicker."""
        now, owner = self._call.now, self._call.actor.account
        if self._changed:
            parameters = {"rows": _array(self._changed.values()), "now": now}
            await transaction.run(stored.UPDATE_SOME, parameters)
        if not self._new:
            return set()
        # In the order of the key, so that neighbours are written together.
        ordered = [row for _, row in sorted(self._new.items())]
        rows = {"rows": _array(ordered), "owner": owner, "now": now}
        made = {row[0] for row in await transaction.all(stored.INSERT_SOME, rows)}
        if kept := self._call.actor.indexes.kept:
            for uuid in made:
                await attribute_indexes.put(transaction, owner, uuid, kept, None)
        return self._new.keys() - made


def _array(rows: Iterable[bytes]) -> str:
    return f"[{b','.join(rows).decode()}]"
