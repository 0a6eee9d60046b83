"""Indexes on attributes of descriptions, made for those accounts and attributes that are searched.

An account begins without any, so that a write costs nothing for what nobody asks. The first long
search for an attribute requests an index; it is built in the background, some hundred twins a step,
while every write of the account keeps it up from the moment of the request. Only a finished index
is used, and what it finds is checked by the rule.
"""

import asyncio

from twinhold.registry import background, documents, ids
from twinhold.registry.index_values import index_value
from twinhold.registry.principal import Indexes
from twinhold.store import Store, StoreError, Transaction
from twinhold.store import searches as stored
from twinhold.store.keys import ALONE

MOST_INDEXES = 16
_STEP = 500
_PAUSE_SECONDS = 0.002
_RETRY_SECONDS = 1.0


async def of_account(transaction: Transaction, owner: str) -> Indexes:
    """The indexes of an account."""
    rows = await transaction.all(stored.INDEXES, {"owner": owner})
    return Indexes(
        kept=frozenset(name for name, _ in rows),
        ready=frozenset(name for name, ready in rows if ready),
    )


async def put(
    transaction: Transaction, owner: str, uuid: str, names: frozenset[str], description: str | None
) -> None:
    """Keep the indexes up with what a twin is described by now."""
    if not names:
        return
    members = {} if description is None else documents.decode(description)
    for name in names:
        await transaction.run(
            stored.PUT_VALUE,
            {"uuid": uuid, "name": name, "owner": owner, "value": index_value(members.get(name))},
        )


async def delete_of_twin(transaction: Transaction, uuid: str) -> None:
    """Forget a twin."""
    await transaction.run(stored.DROP_VALUES, {"uuid": uuid})


async def move(transaction: Transaction, owner: str, uuid: str, description: str | None) -> None:
    """Keep the indexes up with a twin's new owner."""
    await delete_of_twin(transaction, uuid)
    kept = (await of_account(transaction, owner)).kept
    await put(transaction, owner, uuid, kept, description)


class Indexer:
    """Builds indexes in the background of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._building: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def resume(self) -> None:
        """Go on with what was under way when the registry was closed."""
        for owner, name in await self._store.read(_unfinished):
            self._start(owner, name)

    def request(self, owner: str, name: str) -> None:
        """Have an index, soon."""
        self._start(owner, name)

    async def idle(self) -> None:
        """Wait until everything requested is built."""
        await asyncio.gather(*self._building.values())

    async def close(self) -> None:
        """Leave the rest to the next start."""
        await background.end(self._building.values())

    def _start(self, owner: str, name: str) -> None:
        if (owner, name) in self._building:
            return
        task = asyncio.get_running_loop().create_task(self._build(owner, name))
        self._building[owner, name] = task
        task.add_done_callback(lambda _: self._building.pop((owner, name), None))

    async def _build(self, owner: str, name: str) -> None:
        """Build an index to its end; a store that is away is waited for."""
        requested = False
        while True:
            try:
                if not requested:
                    await self._store.write(_request, owner, name)
                    requested = True
                if await self._store.write(_step, owner, name):
                    return
                await asyncio.sleep(_PAUSE_SECONDS)
            except StoreError:
                await asyncio.sleep(_RETRY_SECONDS)


async def _unfinished(transaction: Transaction) -> list[tuple[str, str]]:
    return [(owner, name) for owner, name in await transaction.all(stored.UNFINISHED, {})]


async def _request(transaction: Transaction, owner: str, name: str) -> None:
    """Let every write from now on keep the index up: the principals that write learn of it."""
    await transaction.run(ALONE, {})
    wanted = {"owner": owner, "name": name, "no": False}
    row = await transaction.one(
        stored.REQUEST_INDEX, wanted | {"lowest": ids.LOWEST, "most": MOST_INDEXES}
    )
    if row is not None:
        await transaction.change_access()


async def _step(transaction: Transaction, owner: str, name: str) -> bool:
    """Build some more; whether nothing is left to do."""
    row = await transaction.one(stored.INDEX_TO_BUILD, {"owner": owner, "name": name})
    if row is None:  # the account has as many as it may have
        return True
    built, everybody_knows = row
    if not everybody_knows:
        return False
    twins = await transaction.all(stored.TO_INDEX, {"owner": owner, "after": built, "count": _STEP})
    for uuid, description in twins:
        members = {} if description is None else documents.decode(description)
        await transaction.run(
            stored.ADD_VALUE,
            {"uuid": uuid, "name": name, "owner": owner, "value": index_value(members.get(name))},
        )
    done = len(twins) < _STEP
    last = twins[-1][0] if twins else built
    await transaction.run(
        stored.INDEX_BUILT, {"owner": owner, "name": name, "built": last, "ready": done}
    )
    if done:
        await transaction.change_access()
    return done
