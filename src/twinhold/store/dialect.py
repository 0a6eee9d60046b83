"""What the two engines spell differently, and nothing more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's spelling.

    Attributes:
        name: `sqlite` or `postgresql`.
        placeholder: what stands before a parameter's number.
        words: what replaces a word in braces in a statement.
        words_for_many: what replaces some of them where it is asked for many keys at once.
        seconds: the conversions and arguments of `format()` that write a column of microseconds as
            seconds with three decimals.
        instant: the expression of a column of microseconds as a date and time by ISO 8601 with
            seven decimals, without its zone.
        quoted: the expression of a column of text as a JSON string, or as null.
    """

    name: str
    placeholder: str
    words: Mapping[str, str]
    words_for_many: Mapping[str, str]
    seconds: Callable[[str], tuple[str, str]]
    instant: Callable[[str], str]
    quoted: Callable[[str], str]


SQLITE = Dialect(
    name="sqlite",
    placeholder="?",
    words={
        "uuid": "TEXT",
        "bigint": "INTEGER",
        "text": "TEXT",
        "bytes": "BLOB",
        "boolean": "INTEGER",
        "binary_text": "TEXT",
        "json": "TEXT",
        "json_items": "jsonb_each",  # an array in an array is not written and parsed once more
        "json_texts": "json_each",
        "first_of_each": "CROSS JOIN twins AS t ON t.uuid IN (SELECT uuid",
        "end_first": ")",
        # By the primary key at once: by uuid = place it would go through the unique index first.
        "at_place": "uuid BETWEEN place AND place",
        "as_text": "",
        "as_binary": "",
        # A recursion whose rows are wanted only up to a number; PostgreSQL makes no more by itself.
        "stop_at": "LIMIT",
        "end_stop_at": "",
        "joined": "group_concat(document)",
        "uuid_at": "CASE WHEN count(*) =",
        "end_uuid_at": "THEN max(uuid) END",
        "behind": "owner =",
        "behind_uuid": "AND uuid >",
        "within": "/*",
        "in_order": "*/ ORDER BY uuid",
        "hidden": "",
        "end_hidden": "",
        "few": "",
        "end_few": "",
        "unhex": "unhex",
        "from_hex": "",
        "strict": "STRICT",
        "rowless": "WITHOUT ROWID, STRICT",
        # Twins of one owner lie side by side: a page of 100 costs 67 µs instead of 88 (and a get
        # 7.1 instead of 5.6).
        "twins_key": "PRIMARY KEY (owner, uuid), UNIQUE (uuid)",
        "twins_options": "WITHOUT ROWID, STRICT",
        "twins_of_owner_index": "SELECT 1",
        "for_update": "",
        "for_share": "",
        "values": "VALUES (",
        "end_values": ")",
        "asked": "",
        "each_of": "",
        "end_each": "",
        "tables": "SELECT name FROM sqlite_schema WHERE type = 'table'",
        "this_transaction": "0",
        "all_before_ended": "1",  # a write waits for the one before it
        "beside_others": "FALSE",
        "migration_lock": "SELECT 1",  # the writer is alone
        "generation": "0",  # kept in memory
        "generation_table": "SELECT 1",
        "first_generation": "SELECT 1",
    },
    words_for_many={},
    seconds=lambda column: ("%d.%03d", f"{column} / 1000000, {column} / 1000 % 1000"),
    instant=lambda column: (
        f"(strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
        f" || format('.%06d0', {column} % 1000000))"
    ),
    quoted=lambda column: f"json_quote({column})",
)

POSTGRESQL = Dialect(
    name="postgresql",
    placeholder="$",
    words={
        "uuid": "uuid",
        "bigint": "bigint",
        "text": "text",
        "bytes": "bytea",
        "boolean": "boolean",
        "binary_text": 'text COLLATE "C"',
        "json": "json",
        "json_items": "json_array_elements",
        "json_texts": "json_array_elements_text",
        "first_of_each": "CROSS JOIN LATERAL (SELECT *",
        "end_first": ") AS t",
        # By the id: twins whose ids are near each other were often made together, so that their
        # entries of the index lie side by side, and their rows too; their UUIDs are spread evenly.
        "at_place": "id = label",
        "as_text": 'COLLATE "default"',  # a binary_text, compared with a text by its index
        "as_binary": 'COLLATE "C"',  # a text, to stand for a binary_text
        "stop_at": "/*",
        "end_stop_at": "*/",
        "joined": "string_agg(document, ',')",
        "uuid_at": "(array_agg(uuid))[",
        "end_uuid_at": "]",
        # A plan that is kept must not go by the UUIDs of all owners, among which those of one with
        # few twins are far between: only the index of owners has this order.
        "behind": "(owner, uuid) > (",
        "behind_uuid": ",",
        "within": ")",
        "in_order": "ORDER BY owner, uuid",
        # PostgreSQL keeps a plan that looks no dearer than those for the values at hand. So it is
        # not shown them, and the limit, which it takes for a tenth of the rows when it is unknown,
        # is one of a thousand rows.
        "hidden": "(SELECT CAST(",
        "end_hidden": "AS uuid))",
        "few": "SELECT * FROM (",
        "end_few": "LIMIT 1001) AS few",
        "unhex": "decode",
        "from_hex": ", 'hex'",
        "strict": "",
        "rowless": "",
        "twins_key": "PRIMARY KEY (uuid)",
        "twins_options": "",
        "twins_of_owner_index": "CREATE INDEX twins_of_owner ON twins (owner, uuid)",
        "for_update": "FOR UPDATE",
        "for_share": "FOR SHARE",
        "values": "VALUES (",
        "end_values": ")",
        "asked": "",
        # What is joined is looked up for each row on the left, whatever the planner thinks of it.
        "each_of": "LATERAL (SELECT * FROM",
        "end_each": "OFFSET 0) AS each_row",
        "tables": "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
        "this_transaction": "pg_current_xact_id()::text::bigint",
        "all_before_ended": "pg_snapshot_xmin(pg_current_snapshot())::text::bigint > since",
        "beside_others": "TRUE",
        "generation": "(SELECT generation FROM access_generation)",
        "generation_table": "CREATE TABLE access_generation (generation bigint NOT NULL)",
        "first_generation": "INSERT INTO access_generation (generation) VALUES (0)",
        "migration_lock": "SELECT pg_advisory_xact_lock(7310579)",
    },
    words_for_many={
        # Those that wait for nobody cannot wait for each other: no deadlock, whatever their order.
        "for_update": "FOR UPDATE SKIP LOCKED",
    },
    seconds=lambda column: (
        "%s.%s",
        f"{column} / 1000000, lpad(({column} / 1000 % 1000)::text, 3, '0')",
    ),
    instant=lambda column: (
        # PostgreSQL multiplies by doubles, which hold the microseconds only until the year 2255.
        f"(to_char(timestamp '1970-01-01' + {column} / 1000000 * interval '1 second'"
        f" + {column} % 1000000 * interval '1 microsecond', "
        """'YYYY-MM-DD"T"HH24:MI:SS.US') || '0')"""
    ),
    quoted=lambda column: f"coalesce(to_json({column})::text, 'null')",
)
