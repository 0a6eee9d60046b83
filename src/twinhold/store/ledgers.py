"""Statements about ledgers: what accounts keep about twins.

A ledger is one row, whose entries are JSON as a client reads it. Beside it stand the history of its
values, and for each reference where its value comes from.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class LedgerRow(NamedTuple):
    """A ledger under change.

    Attributes:
        stamp: of its last change, in microseconds.
        referenced: whether any entry of the account on this twin is the source of a reference.
    """

    entries: str | None
    stamp: int
    referenced: bool


class ReferenceRow(NamedTuple):
    """An entry that takes its value from another; `maker` is the user who added it."""

    twin: str
    account: str
    entry: str
    source: str
    source_account: str
    source_entry: str
    maker: str


READ = Statement(
    f"""SELECT {FACTS}, (SELECT entries FROM ledgers WHERE twin = :uuid AND account = CASE :whose
            WHEN 'owner' THEN owner WHEN 'creator' THEN creator
            ELSE CAST(:account AS {{uuid}}) END) AS document, {{generation}}
    FROM twins WHERE uuid = :uuid"""
)
"""The `Facts` of a twin, with the entries of one ledger on it as the document.

A subquery costs SQLite 12 µs, a join 19.
"""

SELECT = Statement(
    """SELECT entries, stamp, EXISTS (SELECT 1 FROM ledger_references
            WHERE source = :twin AND source_account = :account)
    FROM ledgers WHERE twin = :twin AND account = :account"""
)
"""The `LedgerRow` of an account on a twin."""

OF_TWINS = Statement(
    """SELECT CAST(twin AS {text}), entries FROM ledgers WHERE account = :account
        AND twin IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:twins AS {json})))"""
)
"""The entries of an account on some twins."""

PUT = Statement(
    """INSERT INTO ledgers (twin, account, entries, includes, stamp)
    VALUES (:twin, :account, :entries, :includes, :stamp)
    ON CONFLICT (twin, account) DO UPDATE SET entries = excluded.entries,
        includes = excluded.includes, stamp = excluded.stamp"""
)

LOCK_TWINS = Statement(
    """SELECT uuid FROM twins
    WHERE uuid IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:twins AS {json})))
    ORDER BY uuid {for_update}"""
)
"""Hold some twins in the order of their UUIDs, so that no two transactions wait for each other."""

_OF_ENTRY = "twin = :twin AND account = :account AND entry = :entry"

RECORD = Statement(
    f"""INSERT INTO ledger_history (twin, account, entry, number, changed, value)
    VALUES (:twin, :account, :entry,
        COALESCE((SELECT max(number) FROM ledger_history WHERE {_OF_ENTRY}), 0) + 1,
        :changed, :value)
    RETURNING number"""
)
"""Add a record to the history of an entry; answers its number."""

FORGET_BEFORE = Statement(f"DELETE FROM ledger_history WHERE {_OF_ENTRY} AND number <= :number")

FORGET_EXPIRED = Statement(
    f"""DELETE FROM ledger_history WHERE {_OF_ENTRY} AND changed < :oldest AND number IN (
        SELECT number FROM ledger_history WHERE {_OF_ENTRY} ORDER BY number LIMIT :most)"""
)
"""Drop records from before a time, so many a call: more than are added."""

FORGET_ENTRY = Statement(f"DELETE FROM ledger_history WHERE {_OF_ENTRY}")

HISTORY = Statement(
    """WITH found AS (
        SELECT asked.name AS entry, changed, h.value,
            row_number() OVER (PARTITION BY asked.name ORDER BY number DESC) AS place
        FROM (SELECT value ->> 0 AS name, CAST(value ->> 1 AS {bigint}) AS oldest,
                CAST(value ->> 2 AS {bigint}) AS newest
            FROM {json_items}(CAST(:asked AS {json}))) AS asked
        JOIN ledger_history AS h
            ON h.twin = :twin AND h.account = :account AND h.entry = asked.name
        WHERE (changed >= oldest OR changed = newest) AND changed BETWEEN :ge AND :le
    ), total AS (SELECT sum(length(value)) AS size FROM found WHERE place <= :count)
    SELECT entry, changed, CASE WHEN size <= :most THEN value END, size FROM found, total
    WHERE place <= :count ORDER BY entry, place"""
)
"""The last records of some entries within a span of time, and the size of their values together.

`asked` is an array of `[entry, oldest record kept, time of the current value]`.
"""

ADD_REFERENCE = Statement(
    """INSERT INTO ledger_references
        (twin, account, entry, source, source_account, source_entry, maker, stale)
    VALUES (:twin, :account, :entry, :source, :source_account, :source_entry, :maker, :stale)"""
)

SELECT_REFERENCE = Statement(
    f"""SELECT twin, account, entry, source, source_account, source_entry, maker
    FROM ledger_references WHERE {_OF_ENTRY}"""
)

DROP_REFERENCE = Statement(f"DELETE FROM ledger_references WHERE {_OF_ENTRY}")

MARK_STALE = Statement(
    """UPDATE ledger_references SET stale = :stale
    WHERE source = :source AND source_account = :source_account AND NOT stale
        AND source_entry IN (SELECT value FROM {json_texts}(CAST(:entries AS {json})))"""
)
"""Say that the sources of references have changed."""

MARK_FRESH = Statement(f"UPDATE ledger_references SET stale = :stale WHERE {_OF_ENTRY}")

_STALE = """SELECT twin, account, entry, source, source_account, source_entry, maker
    FROM ledger_references WHERE stale"""

STALE = Statement(f"{_STALE} LIMIT :count")

STALE_OF = Statement(f"{_STALE} AND source = :source LIMIT :count")
"""Those whose sources are on one twin."""

MARK_ALL_STALE = Statement(
    "UPDATE ledger_references SET stale = :stale WHERE source = :twin AND NOT stale"
)

DELETE_OF_TWIN = (
    Statement("DELETE FROM ledgers WHERE twin = :twin"),
    Statement("DELETE FROM ledger_history WHERE twin = :twin"),
    Statement("DELETE FROM ledger_references WHERE twin = :twin"),
)
