"""What holds in a sound registry, as statements that find the rows where it does not.

Beside them are the pages in which everything is read that is checked row by row.
Each `Rule` answers the keys of what breaks it; its sentence takes them in that order.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement


class Rule(NamedTuple):
    """What must hold, told by the sentence about what breaks it."""

    sentence: str
    broken: Statement


class TwinRow(NamedTuple):
    """What of a twin is checked."""

    owner: str
    uuid: str
    description: str | None
    id: str | None
    model: str | None
    contents: str | None


class LedgerRow(NamedTuple):
    """What of a ledger is checked."""

    twin: str
    account: str
    entries: str
    includes: bool


class ModelRow(NamedTuple):
    """A model of an account with its content."""

    account: str
    dtmi: str
    content: str
    document: str
    compiled: bytes


def _rule(sentence: str, text: str) -> Rule:
    return Rule(sentence, Statement(f"{text} LIMIT :count"))


def _hangs(table: str, column: str = "twin") -> Rule:
    return _rule(
        f"The table {table} has rows of the twin {{}}, which does not exist.",
        f"""SELECT DISTINCT {column} FROM {table} AS t
        WHERE NOT EXISTS (SELECT 1 FROM twins WHERE twins.uuid = t.{column})""",
    )


def _belongs(table: str, column: str = "account") -> Rule:
    return _rule(
        f"The table {table} has rows of the account {{}}, which does not exist.",
        f"""SELECT DISTINCT {column} FROM {table} AS t
        WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.uuid = t.{column})""",
    )


def _of_user(table: str) -> Rule:
    return _rule(
        f"The table {table} has a row of the user {{}}, who does not exist.",
        f"""SELECT holder FROM {table} AS t
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.uuid = t.holder)""",
    )


ACCESS = (
    _rule(
        "There are accounts, and none of them is the operator's.",
        """SELECT 1 WHERE EXISTS (SELECT 1 FROM accounts)
            AND NOT EXISTS (SELECT 1 FROM accounts WHERE operator)""",
    ),
    _belongs("roles"),
    _belongs("users"),
    _rule(
        "The user {} of the account {} has the role {}, which is another account's.",
        """SELECT u.uuid, u.account, u.role FROM users AS u JOIN roles AS r ON r.uuid = u.role
        WHERE r.account <> u.account""",
    ),
    _of_user("secrets"),
    _of_user("pins"),
    _belongs("pins"),
)

TWINS = (
    _rule(
        "The twin {} belongs to the account {}, which does not exist.",
        """SELECT uuid, owner FROM twins AS t
        WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.uuid = t.owner)""",
    ),
    _rule(
        "The twin {} was made by the account {}, which does not exist.",
        """SELECT uuid, creator FROM twins AS t
        WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.uuid = t.creator)""",
    ),
    _rule(
        "The account {} has several twins with the id {}.",
        "SELECT owner, id FROM twins WHERE id IS NOT NULL GROUP BY owner, id HAVING count(*) > 1",
    ),
    _rule(
        "The twin {} has an id, a model and contents only in part.",
        """SELECT uuid FROM twins WHERE (id IS NULL) <> (model IS NULL)
            OR (id IS NULL) <> (contents IS NULL)""",
    ),
)

RELATIONSHIPS = (
    _rule(
        "The relationship {1} leaves the twin {0}, which does not exist.",
        """SELECT source, relationship FROM relationships AS r
        WHERE NOT EXISTS (SELECT 1 FROM twins WHERE twins.uuid = r.source)""",
    ),
    _rule(
        "The relationship {1} of the twin {0} leads to the twin {2}, which does not exist.",
        """SELECT source, relationship, target FROM relationships AS r
        WHERE NOT EXISTS (SELECT 1 FROM twins WHERE twins.uuid = r.target)""",
    ),
    _rule(
        "The relationship {1} names its source {0} as {2}, whose id is {3}.",
        """SELECT source, relationship, source_id, t.id FROM relationships AS r
        JOIN twins AS t ON t.uuid = r.source
        WHERE source_id <> COALESCE(t.id, '')""",
    ),
    _rule(
        "The relationship {1} of the twin {0} names its target as {2}, whose id is {3}.",
        """SELECT source, relationship, target_id, t.id FROM relationships AS r
        JOIN twins AS t ON t.uuid = r.target
        WHERE target_id <> COALESCE(t.id, '')""",
    ),
    _rule(
        "The relationship {1} of the twin {0} leads to a twin of another account.",
        """SELECT source, relationship FROM relationships AS r
        JOIN twins AS s ON s.uuid = r.source JOIN twins AS t ON t.uuid = r.target
        WHERE s.owner <> t.owner""",
    ),
)

HANGING = (
    *(
        _hangs(table)
        for table in (
            "transfers",
            "time_series",
            "identities",
            "ledgers",
            "ledger_history",
            "ledger_references",
            "docs",
            "stickers",
            "sticker_recipients",
        )
    ),
    *(_belongs(table) for table in ("identities", "ledgers", "docs", "stickers", "uploads")),
    _rule(
        "The twin {} is offered by the account {}, which does not own it.",
        """SELECT o.twin, o.owner FROM transfers AS o JOIN twins AS t ON t.uuid = o.twin
        WHERE t.owner <> o.owner""",
    ),
    _rule(
        "The sticker {2} of the account {1} on the twin {0} has a recipient but does not exist.",
        """SELECT DISTINCT twin, account, color FROM sticker_recipients AS r
        WHERE NOT EXISTS (SELECT 1 FROM stickers AS s
            WHERE s.twin = r.twin AND s.account = r.account AND s.color = r.color)""",
    ),
)

MODELS = (
    _belongs("models"),
    _rule(
        "The model {1} of the account {0} has the content {2}, which does not exist.",
        """SELECT account, dtmi, content FROM models AS m
        WHERE NOT EXISTS (SELECT 1 FROM model_contents AS c WHERE c.digest = m.content)""",
    ),
    _rule(
        "The content {} is of no model.",
        """SELECT digest FROM model_contents AS c
        WHERE NOT EXISTS (SELECT 1 FROM models AS m WHERE m.content = c.digest)""",
    ),
    _rule(
        "The model {1} of the account {0} depends on {2}, which the account does not have.",
        """SELECT account, dtmi, depends_on FROM model_edges AS e WHERE NOT EXISTS (
            SELECT 1 FROM models AS m WHERE m.account = e.account AND m.dtmi = e.depends_on)""",
    ),
    _rule(
        "The table model_edges has rows of the model {1}, which the account {0} does not have.",
        """SELECT DISTINCT account, dtmi FROM model_edges AS e WHERE NOT EXISTS (
            SELECT 1 FROM models AS m WHERE m.account = e.account AND m.dtmi = e.dtmi)""",
    ),
    _rule(
        "The table model_ancestors has rows of the model {1}, which the account {0} does not have.",
        """SELECT DISTINCT account, dtmi FROM model_ancestors AS a WHERE NOT EXISTS (
            SELECT 1 FROM models AS m WHERE m.account = a.account AND m.dtmi = a.dtmi)""",
    ),
)

INDEXES = (
    _hangs("twin_attributes", "uuid"),
    _rule(
        "The index {1} has the twin {0} under the account {2}, which does not own it.",
        """SELECT a.uuid, a.name, a.owner FROM twin_attributes AS a JOIN twins AS t
            ON t.uuid = a.uuid
        WHERE a.owner <> t.owner""",
    ),
    _rule(
        "The index {1} of the account {0} has values and does not exist.",
        """SELECT DISTINCT owner, name FROM twin_attributes AS a WHERE NOT EXISTS (
            SELECT 1 FROM attribute_indexes AS i WHERE i.owner = a.owner AND i.name = a.name)""",
    ),
)

FILES = (
    _rule(
        "The file {} is counted {} times, and {} docs and uploads have it.",
        """SELECT * FROM (SELECT digest, refs,
            (SELECT count(*) FROM docs AS d WHERE d.digest = b.digest AND d.status = 'ok')
            + (SELECT count(*) FROM uploads AS u WHERE u.digest = b.digest) AS needed
            FROM blobs AS b) AS counted WHERE refs <> needed""",
    ),
    _rule(
        "The doc {2} of the account {1} on the twin {0} has the file {3}, which is not kept.",
        """SELECT twin, account, name, digest FROM docs AS d WHERE status = 'ok'
            AND NOT EXISTS (SELECT 1 FROM blobs AS b WHERE b.digest = d.digest)""",
    ),
    _rule(
        "The doc {2} of the account {1} on the twin {0} has {3} bytes, its file {4}.",
        """SELECT twin, account, name, d.size, b.size FROM docs AS d JOIN blobs AS b
            ON b.digest = d.digest
        WHERE d.status = 'ok' AND d.size <> b.size""",
    ),
    _rule(
        "The upload {} has the file {}, which is not kept.",
        """SELECT uuid, digest FROM uploads AS u WHERE digest IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM blobs AS b WHERE b.digest = u.digest)""",
    ),
    _rule(
        "The file {} lies at the place {}, which is to be cleared away.",
        "SELECT digest, b.place FROM blobs AS b JOIN loose_blobs AS l ON l.place = b.place",
    ),
)

LEDGERS = (
    _rule(
        "The entry {2} of the account {1} on the twin {0} has {3} records, more than are kept.",
        """SELECT twin, account, entry, count(*) FROM ledger_history
        GROUP BY twin, account, entry HAVING count(*) > :most_records""",
    ),
    *(
        _rule(
            f"The table {table} has rows of a ledger of the account {{1}} on the twin {{0}}, "
            "which does not exist.",
            f"""SELECT DISTINCT twin, account FROM {table} AS t WHERE NOT EXISTS (
                SELECT 1 FROM ledgers AS l WHERE l.twin = t.twin AND l.account = t.account)""",
        )
        for table in ("ledger_history", "ledger_references")
    ),
)

INTEGRITY = Statement("PRAGMA integrity_check")
"""On SQLite: `ok`, or what is wrong with the file."""

PAGE_OF_TWINS = Statement(
    """SELECT owner, uuid, description, id, model, contents FROM twins
    WHERE (owner, uuid) > (:owner, :uuid) ORDER BY owner, uuid LIMIT :count"""
)
"""The `TwinRow` of the twins after one."""

ALL_INDEXES = Statement("SELECT owner, name, ready FROM attribute_indexes")

INDEXED = Statement(
    """SELECT uuid, name, value FROM twin_attributes
    WHERE uuid IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:twins AS {json})))"""
)
"""What the indexes have of some twins."""

PAGE_OF_LEDGERS = Statement(
    """SELECT twin, account, entries, includes FROM ledgers
    WHERE (twin, account) > (:twin, :account) ORDER BY twin, account LIMIT :count"""
)
"""The `LedgerRow` of the ledgers after one."""

REFERENCES = Statement(
    """SELECT twin, account, entry, source, source_account, source_entry FROM ledger_references
    WHERE twin IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:twins AS {json})))"""
)
"""The entries on some twins that have their values from others, and from which."""

HISTORIES = Statement(
    """SELECT DISTINCT twin, account, entry FROM ledger_history
    WHERE twin IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:twins AS {json})))"""
)
"""The entries on some twins that have a history."""

PAGE_OF_MODELS = Statement(
    """SELECT account, dtmi, content, document, compiled FROM models
    JOIN model_contents ON digest = content
    WHERE (account, dtmi) > (:account, :dtmi) ORDER BY account, dtmi LIMIT :count"""
)
"""The `ModelRow` of the models after one."""

EDGES = Statement("SELECT account, dtmi, depends_on, kind FROM model_edges")

ANCESTORS = Statement("SELECT account, dtmi, ancestor FROM model_ancestors")
