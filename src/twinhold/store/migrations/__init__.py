"""The schema, as numbered steps that only go forward.

A step is a file `NNNN_what.sql` in this package: statements in our spelling (see `Statement`), each
ended by a semicolon at the end of its line. A store remembers its last step in `schema_version`; a
store with a later step than this Twinhold knows is refused.
"""

from importlib import resources

from twinhold.store.engine import Transaction
from twinhold.store.errors import SchemaTooNewError, SchemaTooOldError
from twinhold.store.keys import ALONE
from twinhold.store.statement import Statement

_KNOWN = Statement("SELECT name FROM ({tables}) AS known WHERE name = 'schema_version'")
_REMEMBER = Statement("CREATE TABLE schema_version (step {bigint} NOT NULL)")
_LAST = Statement("SELECT max(step) FROM schema_version")
_DONE = Statement("INSERT INTO schema_version (step) VALUES (:step)")


async def migrate(transaction: Transaction) -> int:
    """Bring the schema to its last step; answer how many steps were taken.

    Raises:
        SchemaTooNewError: a later Twinhold wrote this store.
    """
    steps = _steps()
    await transaction.run(ALONE, {})
    if await transaction.one(_KNOWN, {}) is None:  # a role that serves may not be one that creates
        await transaction.run(_REMEMBER, {})
    done = await require_known(transaction)
    for step, text in enumerate(steps[done:], done + 1):
        for statement in _statements(text):
            await transaction.run(statement, {})
        await transaction.run(_DONE, {"step": step})
    return len(steps) - done


async def require_current(transaction: Transaction) -> None:
    """Refuse a store whose schema is not the one that this Twinhold works on.

    Raises:
        SchemaTooNewError: a later Twinhold wrote this store.
        SchemaTooOldError: no server of this Twinhold has opened it yet.
    """
    known = len(_steps())
    done = await require_known(transaction)
    if done < known:
        raise SchemaTooOldError(
            f"The store has schema {done}, this Twinhold knows schema {known}: start the server "
            "once, which brings it up to date."
        )


async def require_known(transaction: Transaction) -> int:
    """The schema of a store: how many steps were taken.

    Raises:
        SchemaTooNewError: a later Twinhold wrote this store.
    """
    row = await transaction.one(_LAST, {})
    done: int = (row and row[0]) or 0
    known = len(_steps())
    if done > known:
        raise SchemaTooNewError(
            f"The store has schema {done}, this Twinhold knows schemas up to {known}: "
            "install the Twinhold that wrote it, or a later one."
        )
    return done


def _steps() -> list[str]:
    files = sorted(
        (file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return [file.read_text(encoding="utf-8") for file in files]


def _statements(text: str) -> list[Statement]:
    return [Statement(part) for part in text.split(";\n") if part.strip()]
