"""Clients of the real use cases who know what a registry must hold after every write of theirs.

A client writes one thing after the other. So after a cut its twins are exactly as they were last
acknowledged, or as the one write would leave them that was not answered: anything else is a
promise that was broken.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, NamedTuple

import msgspec

from twinhold.registry import ids, modelled_twins, relationships, twin_deletions, twins
from twinhold.registry.calls import OwnCalls
from twinhold.registry.ledgers import writing
from twinhold.registry.ledgers.reading import Which
from twinhold.registry.ledgers.writing import Given, Terms
from twinhold.registry.model_uploads import upload
from twinhold.registry.modelled_twins import ALWAYS
from twinhold.registry.principal import NOBODY, Call, Statement
from twinhold.rules import parse
from twinhold.store import Store, Transaction
from twinhold.store.shape import NOTHING
from twinhold.store.statement import Statement as Pragma

PUMP = "dtmi:com:example:Pump;1"
MODELS = [
    {
        "@context": "dtmi:dtdl:context;3",
        "@id": PUMP,
        "@type": "Interface",
        "contents": [
            {"@type": "Property", "name": "flow", "schema": "integer"},
            {"@type": "Relationship", "name": "feeds"},
        ],
    }
]
_START, _STEP = 1_700_000_000_000_000, 1_000_000
_LONGEST_FILL = 3000
_RECENT = 20


class Ledger(NamedTuple):
    """Two entries that always count together: values, and length and newest of their histories."""

    values: tuple[int, ...]
    records: tuple[tuple[int, int], ...]


class Twin(NamedTuple):
    """All that is kept of a twin; `feeds` are the twins at the other ends of its edges."""

    updated: int
    terminated: int | None = None
    description: str | None = None
    contents: str | None = None
    feeds: frozenset[str] = frozenset()
    ledger: Ledger | None = None


State = Mapping[str, Twin]


class Write(NamedTuple):
    """A use case with its arguments, and what there is after it."""

    use_case: Callable[..., Any]
    after: State


@dataclass
class Client:
    """One who writes.

    Attributes:
        kept: the twins as last acknowledged, by UUID.
        possible: the twins as the write would leave them that was not answered.
        acknowledged: how many writes were.
        wrong: how many seconds its clock is.
    """

    random: Random
    account: str = field(default_factory=ids.new_uuid)
    kept: State = field(default_factory=dict)
    possible: State | None = None
    acknowledged: int = 0
    wrong: int = 0
    _steps: int = 0

    async def begin(self, store: Store) -> None:
        """Store the model that its twins follow."""
        call = self._call(await store.read(_generation))
        await upload(OwnCalls(store, call), json.dumps(MODELS).encode())

    async def write(self, store: Store) -> None:
        """Do one write, and remember what was promised by its answer."""
        self._steps += 1
        write = self._next()
        self.possible = write.after
        await store.write(write.use_case)
        self.kept, self.possible = write.after, None
        self.acknowledged += 1

    def settle(self, found: State) -> None:
        """Take what was found after a cut for what is there from now on."""
        self.kept, self.possible = found, None

    def _call(self, generation: int = 0) -> Call:
        actor = msgspec.structs.replace(
            NOBODY,
            account=self.account,
            has_role=True,
            statement=Statement(),
            generation=generation,
        )
        return Call(actor, _START + (self._steps + self.wrong) * _STEP)

    def _next(self) -> Write:
        """A write that is possible now, by chance."""
        alive = [uuid for uuid, twin in self.kept.items() if twin.terminated is None][-_RECENT:]
        kinds: list[Callable[[], Write]] = [self._create, self._put]
        if alive:
            one = self.random.choice(alive)
            kinds += [partial(kind, one) for kind in (self._update, self._terminate, self._count)]
            kinds += [partial(self._count, one)] * 2
        pumps = [uuid for uuid in alive if self.kept[uuid].contents is not None]
        if pumps:
            kinds += [
                partial(kind, self.random.choice(pumps)) for kind in (self._put, self._delete)
            ]
        if len(pumps) > 1:
            kinds += [partial(self._relate, *self.random.sample(pumps, 2))] * 3
        return self.random.choice(kinds)()

    def _create(self) -> Write:
        call, text = self._call(), self._description()
        uuid = ids.new_twin_uuid(call.now)
        return Write(
            partial(_late(twins.create), call, uuid, text, NOTHING),
            self._with(uuid, Twin(call.now, description=text)),
        )

    def _update(self, uuid: str) -> Write:
        call, text = self._call(), self._description()
        return Write(
            partial(_late(twins.update), call, uuid, text, NOTHING),
            self._with(uuid, self.kept[uuid]._replace(updated=call.now, description=text)),
        )

    def _terminate(self, uuid: str) -> Write:
        call = self._call()
        return Write(
            partial(_late(twins.terminate), call, uuid, NOTHING),
            self._with(uuid, self.kept[uuid]._replace(updated=call.now, terminated=call.now)),
        )

    def _put(self, uuid: str | None = None) -> Write:
        call, contents = self._call(), {"flow": self._steps}
        name = uuid or f"pump-{self._steps}"
        uuid = uuid or ids.named_twin_uuid(self.account, name)
        draft = modelled_twins.Draft(name, PUMP, contents)
        before = self.kept.get(uuid, Twin(call.now))
        text = json.dumps(contents, separators=(",", ":"))
        return Write(
            partial(_late(_put), call, draft),
            self._with(uuid, before._replace(updated=call.now, contents=text)),
        )

    def _delete(self, uuid: str) -> Write:
        left = {
            other: twin._replace(feeds=twin.feeds - {uuid})
            for other, twin in self.kept.items()
            if other != uuid
        }
        case = partial(_late(twin_deletions.delete), self._call(), uuid, ALWAYS, cascade=True)
        return Write(case, left)

    def _relate(self, source: str, target: str) -> Write:
        draft = relationships.Draft(source, target, "feeds")
        twin = self.kept[source]
        return Write(
            partial(_late(relationships.put), self._call(), draft, NOTHING),
            self._with(source, twin._replace(feeds=twin.feeds | {target})),
        )

    def _count(self, uuid: str) -> Write:
        """Count both entries of a ledger in a transaction; the first time, make them."""
        twin = self.kept[uuid]
        value = 0 if twin.ledger is None else twin.ledger.values[0] + 1
        raw = msgspec.Raw(str(value).encode())
        given = {name: Given(value=raw, history="INF") for name in ("a", "b")}
        terms = Terms({"a": parse(f"value == {value - 1}")} if value else {}, whole=True)
        change = writing.update if value else writing.add
        case = partial(_late(change), self._call(), Which(uuid, self.account), given, terms)
        ledger = Ledger((value, value), ((value + 1, value),) * 2)
        return Write(case, self._with(uuid, twin._replace(ledger=ledger)))

    def _with(self, uuid: str, twin: Twin) -> State:
        return {**self.kept, uuid: twin}

    def _description(self) -> str:
        fill = "x" * self.random.randrange(_LONGEST_FILL)
        return json.dumps({"version": self._steps, "fill": fill})


async def move_log_after(transaction: Transaction, pages: int) -> None:
    """Move the log of SQLite into the file after so many pages; after 0 never."""
    await transaction.run(Pragma(f"PRAGMA wal_autocheckpoint = {pages}"), {})


async def _generation(transaction: Transaction) -> int:
    return await transaction.generation()


async def _put(transaction: Transaction, call: Call, draft: modelled_twins.Draft) -> None:
    """Check and put a twin."""
    face, _ = await modelled_twins.check(transaction, call, draft)
    await modelled_twins.put(transaction, call, face, NOTHING)


def _late(use_case: Callable[..., Any]) -> Callable[..., Any]:
    """A use case that takes its transaction after the arguments that were bound before it."""

    async def run(*args: Any, **kwargs: Any) -> Any:
        *bound, transaction = args
        return await use_case(transaction, *bound, **kwargs)

    return run
