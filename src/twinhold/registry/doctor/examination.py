"""An examination: chapter after chapter, each with what must hold, told by what breaks it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial

from twinhold.registry.doctor import files, ledgers, models, twins
from twinhold.registry.doctor.files import Files
from twinhold.registry.ledgers.history import MOST_RECORDS
from twinhold.store import StoreError, Transaction
from twinhold.store import doctor as stored
from twinhold.store.doctor import Rule

Faults = AsyncIterator[str]
Check = Callable[[Transaction], Faults]
Tell = Callable[[str, int, int], None]
"""Told what is looked at next, which chapter it is, and of how many."""

MOST_NAMED = 20
"""Faults of a kind that are told one by one."""


async def integrity(transaction: Transaction) -> Faults:
    """What SQLite finds in its file; PostgreSQL has tools of its own."""
    if transaction.engine == "sqlite":
        for (line,) in await transaction.all(stored.INTEGRITY, {}):
            if line != "ok":
                yield f"SQLite: {line.strip()}"


async def _broken(rule: Rule, transaction: Transaction) -> Faults:
    limits = {"count": MOST_NAMED + 1, "most_records": MOST_RECORDS}
    for row in await transaction.all(rule.broken, limits):
        yield rule.sentence.format(*row)


def _rules(*rules: Rule) -> tuple[Check, ...]:
    return tuple(partial(_broken, rule) for rule in rules)


CHAPTERS: dict[str, tuple[Check, ...]] = {
    "the database": (integrity,),
    "accounts and users": _rules(*stored.ACCESS),
    "twins": (*_rules(*stored.TWINS), twins.check),
    "indexes": _rules(*stored.INDEXES),
    "models": (*_rules(*stored.MODELS), models.check),
    "relationships": _rules(*stored.RELATIONSHIPS),
    "what hangs on twins": _rules(*stored.HANGING),
    "ledgers": (*_rules(*stored.LEDGERS), ledgers.check),
    "files": _rules(*stored.FILES),
}


async def examine(transaction: Transaction, kept: Files, tell: Tell) -> AsyncGenerator[str, None]:
    """Everything that is wrong, as sentences.

    Args:
        transaction: a view of the registry that does not change.
        kept: its files.
        tell: told of each chapter.
    """
    chapters = CHAPTERS | {"files in the blob store": (partial(files.check, kept),)}
    for number, (title, checks) in enumerate(chapters.items()):
        tell(f"Looking at {title}", number, len(chapters))
        for check in checks:
            async for fault in _first(_readable(check(transaction))):
                yield fault


async def _readable(faults: Faults) -> Faults:
    """Faults, and where the database itself is so damaged that they cannot be looked for, that."""
    try:
        async for fault in faults:
            yield fault
    except (StoreError, UnicodeDecodeError) as error:
        yield f"The rows cannot be read: {error}"


async def _first(faults: Faults) -> Faults:
    """So many faults that a reader takes them in."""
    number = 0
    async for fault in faults:
        number += 1
        if number > MOST_NAMED:
            yield "There are more of this kind."
            return
        yield fault
