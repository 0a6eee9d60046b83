"""Many twins put in one transaction.

The decisions are those of `modelled_twins.put`, a twin at a time; two statements store them all.
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

Refused = dict[int, RegistryError]
"""Why some items are not put, by their position."""


async def put_all(transaction: Transaction, call: Call, faces: Sequence[Face]) -> Refused:
    """Create or replace twins; of those with the same id the last one counts.

    Answers which are refused and why; the others are put.
    """
    refused: Refused = {}
    left = [
        _Item(position, face, *modelled_twins.uuids_of(call, face.id))
        for position, face in enumerate(faces)
    ]
    for _ in range(_ATTEMPTS):
        work = _Work(call)
        sought = {item.named for item in left} | {item.given for item in left}
        found = await modelled_twins.hold_all(transaction, call, sought)
        for item in left:
            try:
                work.take(item, found.get(item.named) or found.get(item.given))
            except RegistryError as error:
                refused[item.position] = error
        late = await work.store(transaction)
        if not late:
            return refused
        left = [
            item
            for item in left
            if item.position not in refused and (item.named in late or item.given in late)
        ]
    raise RuntimeError("Twins can neither be found nor inserted.")


class _Item(NamedTuple):
    """A twin to put.

    Attributes:
        named: its UUID if its id is a name.
        given: its UUID if its id is one; else the same.
    """

    position: int
    face: Face
    named: str
    given: str


class _Work:
    """What is to be inserted and updated, by UUID."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._new: dict[str, Face] = {}
        self._changed: dict[str, Face] = {}

    def take(self, item: _Item, twin: Facts | None) -> None:
        """Decide about one twin.

        Raises:
            PermissionDeniedError: the caller may not create, or not update.
            TwinForbiddenError, NotOwnerError, TwinTerminatedError: it may not be changed.
        """
        actor, face = self._call.actor, item.face
        if twin is not None:
            access.require_permission(actor, "update_twin")
            modelled_twins.require_change(self._call, twin)
            self._changed[twin.uuid] = face._replace(id=twin.id or twin.uuid)
            return
        uuid = item.named if item.named in self._new else item.given
        if uuid in self._new:
            access.require_permission(actor, "update_twin")
            self._new[uuid] = face._replace(id=self._new[uuid].id)
        else:
            access.require_permission(actor, "create_twin")
            self._new[item.named] = face

    async def store(self, transaction: Transaction) -> set[str]:
        """Insert and update; answer the UUIDs of new twins with which somebody was quicker."""
        now, owner = self._call.now, self._call.actor.account
        if self._changed:
            await transaction.run(
                stored.UPDATE_SOME, {"rows": _rows(self._changed.items()), "now": now}
            )
        if not self._new:
            return set()
        # In the order of the key, so that neighbours are written together.
        rows = {"rows": _rows(sorted(self._new.items())), "owner": owner, "now": now}
        made = {row[0] for row in await transaction.all(stored.INSERT_SOME, rows)}
        if kept := self._call.actor.indexes.kept:
            for uuid in made:
                await attribute_indexes.put(transaction, owner, uuid, kept, None)
        return self._new.keys() - made


def _rows(faces: Iterable[tuple[str, Face]]) -> str:
    return msgspec.json.encode([(uuid, *face) for uuid, face in faces]).decode()
