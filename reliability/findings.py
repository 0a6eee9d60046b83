"""What a registry holds, read table by table, and which promises it broke."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
from reliability.writes import Client, Ledger, State, Twin

from twinhold.store import Store, Transaction
from twinhold.store.statement import Statement

_SOUND = Statement("PRAGMA integrity_check")
_TWINS = Statement("SELECT uuid, owner, updated, terminated, description, contents FROM twins")
_EDGES = Statement("SELECT source, target FROM relationships")
_LEDGERS = Statement("SELECT twin, entries FROM ledgers")
_RECORDS = Statement(
    """SELECT twin, count(*), max(CAST(value AS integer)) FROM ledger_history
    GROUP BY twin, entry ORDER BY twin, entry"""
)
_KINDS = ("lost", "half", "damaged")
_EXAMPLES, _LONGEST = 5, 300


@dataclass
class Tally:
    """What was done and what was found.

    Attributes:
        interruptions: how often everything was taken away.
        torn: of these, with something on the disk that was not synced.
        outcomes: how many states of the disk were looked at afterwards.
        acknowledged: writes.
        lost: acknowledged writes that were missing or older than promised.
        half: writes of which a part was there.
        damaged: files that SQLite could not open or found unsound.
        examples: some of the findings, as sentences.
    """

    interruptions: int = 0
    torn: int = 0
    outcomes: int = 0
    acknowledged: int = 0
    lost: int = 0
    half: int = 0
    damaged: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many promises were broken."""
        return self.lost + self.half + self.damaged

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} writes acknowledged, {self.lost} lost, {self.half} half done, "
            f"{self.damaged} files damaged"
        )

    def add(self, kind: str, example: str) -> None:
        """Count a finding: `lost`, `half` or `damaged`."""
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{kind}: {example[:_LONGEST]}")

    def include(self, other: "Tally") -> None:
        """Count what another tally counted."""
        for name in ("interruptions", "torn", "outcomes", "acknowledged", *_KINDS):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.examples = (self.examples + other.examples)[:_EXAMPLES]

    def judge(self, client: Client, found: State) -> None:
        """Count the promises to a client that what is found breaks."""
        if found in (client.kept, client.possible):
            return
        possible = client.kept if client.possible is None else client.possible
        for uuid in client.kept.keys() | possible.keys() | found.keys():
            promised, twin = (client.kept.get(uuid), possible.get(uuid)), found.get(uuid)
            if twin not in promised:
                self.add("lost", f"{uuid} is {twin}, and was to be one of {promised}")
                return
        self.add("half", f"{found.keys() ^ client.kept.keys()} of a write to several twins")


async def states(transaction: Transaction) -> Mapping[str, State]:
    """The twins of each account.

    Raises:
        LookupError: something hangs on a twin that is not there.
    """
    rows = await transaction.all(_TWINS, {})
    feeds = defaultdict[str, set[str]](set)
    for source, target in await transaction.all(_EDGES, {}):
        feeds[source].add(target)
    ledgers = await _ledgers(transaction)
    known = {row[0] for row in rows}
    if orphans := (feeds.keys() | ledgers.keys() | set[str]().union(*feeds.values())) - known:
        raise LookupError(f"{orphans} are no twins, and something hangs on them")
    found = defaultdict[str, dict[str, Twin]](dict)
    for uuid, owner, *columns in rows:
        found[owner][uuid] = Twin(*columns)._replace(
            feeds=frozenset(feeds[uuid]), ledger=ledgers.get(uuid)
        )
    return found


async def unsound(transaction: Transaction) -> Iterable[str]:
    """What SQLite finds wrong with its file."""
    return [str(row[0]) for row in await transaction.all(_SOUND, {}) if row != ("ok",)]


async def check(store: Store, clients: Iterable[Client], tally: Tally) -> Mapping[str, State]:
    """Count what is wrong with a registry after an interruption; answer what it holds."""
    if wrong := await store.read(unsound):
        tally.add("damaged", "; ".join(wrong))
    try:
        found = await store.read(states)
    except LookupError as error:
        tally.add("half", str(error))
        return {}
    for client in clients:
        tally.judge(client, found.get(client.account, {}))
    return found


async def _ledgers(transaction: Transaction) -> Mapping[str, Ledger]:
    records = defaultdict[str, list[tuple[int, int]]](list)
    for twin, count, newest in await transaction.all(_RECORDS, {}):
        records[twin].append((count, newest))
    values = {
        twin: tuple(entry["value"] for _, entry in sorted(msgspec.json.decode(entries).items()))
        for twin, entries in await transaction.all(_LEDGERS, {})
    }
    return {
        twin: Ledger(values.get(twin, ()), tuple(records[twin]))
        for twin in values.keys() | records.keys()
    }
