"""`twinhold doctor`: says nothing of a sound registry, and names each fault that is planted."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw
import asyncpg
import pytest
from tests.furnished import FILES, furnish
from tests.harness import UNKNOWN, in_registry, serving, twinhold
from tests.process.running import complaint

from twinhold.blobs import open_blobs
from twinhold.registry import Registry, doctor, kept_files
from twinhold.store import Transaction, open_reading
from twinhold.store.blobs import BlobRow
from twinhold.store.postgres.transaction import OnConnection, PostgresTransaction
from twinhold.store.sqlite import Generation, SqliteTransaction
from twinhold.store.statement import Statement

Options = Callable[[], list[str]]


@dataclass(frozen=True)
class Place:
    """A registry that was stopped, and the options that name it."""

    data: Path
    options: list[str]

    @property
    def database(self) -> str | None:
        """Its PostgreSQL database."""
        return self.options[-1] if self.options else None

    @property
    def files(self) -> list[Path]:
        """The files that it keeps."""
        return sorted(file for file in (self.data / "blobs").rglob("*") if file.is_file())

    def examine(self, *arguments: str) -> tuple[int, str]:
        """Run the command; answer its exit code and what it printed."""
        outcome = twinhold("doctor", "--data", str(self.data), *self.options, *arguments)
        assert outcome.stderr == "", outcome
        return outcome.returncode, outcome.stdout


@pytest.fixture(scope="module")
def place(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A registry that has something of everything."""
    made = Place(tmp_path_factory.mktemp("doctor") / "data", options())
    with serving(made.data, *made.options) as server:
        account = server.account()
        furnish(account, server.account())

    async def index(registry: Registry) -> None:
        registry.indexer.request(account.account, "price")
        await registry.indexer.idle()
        await registry.indexer.close()

    in_registry(made.data, made.database, index)
    return made


@asynccontextmanager
async def undone(place: Place) -> AsyncGenerator[Transaction, None]:
    """A transaction that is rolled back at the end."""
    if place.database is None:
        connection = apsw.Connection(str(place.data / "twinhold.db"))
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield SqliteTransaction(connection, Generation())
        finally:
            connection.execute("ROLLBACK")
            connection.close()
    else:
        client = await asyncpg.connect(place.database)
        transaction = client.transaction()
        await transaction.start()
        await client.set_type_codec(
            "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
        )
        try:
            yield PostgresTransaction(OnConnection(client))
        finally:
            await transaction.rollback()
            await client.close()


async def examined(place: Place, transaction: Transaction) -> list[str]:
    """What the doctor finds in a transaction; what it sees there is what there is by now, too."""

    async def is_kept(file: BlobRow) -> bool:
        return await kept_files.knows(transaction, file)

    files = doctor.Files(await open_blobs(place.data, None), is_kept, read=False)
    return [fault async for fault in doctor.examine(transaction, files, lambda *_: None)]


def found_after(place: Place, *damages: str) -> list[str]:
    """What the doctor finds after some statements, which are then undone."""

    async def run() -> list[str]:
        async with undone(place) as transaction:
            for damage in damages:
                await transaction.run(Statement(damage), {})
            return await examined(place, transaction)

    return asyncio.run(run())


FAULTS = {
    "DELETE FROM roles": [],  # a user without a role only may do nothing
    "DELETE FROM accounts WHERE NOT operator": [
        "The table roles has rows of the account",
        "The table users has rows of the account",
        "belongs to the account",
        "The table ledgers has rows of the account",
        "The table models has rows of the account",
    ],
    "DELETE FROM accounts WHERE operator": ["none of them is the operator's"],
    f"UPDATE roles SET account = '{UNKNOWN}'": [
        "which is another account's",
        f"The table roles has rows of the account {UNKNOWN}",
    ],
    "DELETE FROM users": ["The table secrets has a row of the user"],
    f"UPDATE twins SET creator = '{UNKNOWN}'": ["was made by the account"],
    "UPDATE twins SET id = 'R-2' WHERE id = 'R-1'": [
        'has the id "R-2", whose UUID is another',
        "as R-1, whose id is R-2",
    ],
    "UPDATE twins SET id = 'R-1' WHERE id = 'S-1'": ["several twins with the id R-1"],
    "UPDATE twins SET contents = NULL WHERE id = 'R-1'": ["contents only in part"],
    "UPDATE twins SET contents = '{' WHERE id = 'R-1'": ["The contents of the twin"],
    "UPDATE twins SET description = '[]' WHERE id = 'R-1'": ["The description of the twin"],
    "UPDATE twins SET description = '{}' WHERE description LIKE '%price%'": [
        "The index price has another value of the twin"
    ],
    "DELETE FROM twin_attributes WHERE value IS NOT NULL": [
        "The index price does not have the twin"
    ],
    "DELETE FROM attribute_indexes": ["The index price of the account"],
    "DELETE FROM twins WHERE id = 'R-1'": ["leaves the twin", "twin_attributes has rows of the"],
    "DELETE FROM twins WHERE id <> 'R-1'": [
        "which does not exist",
        "The table docs has rows of the twin",
        "The table identities has rows of the twin",
        "The table ledgers has rows of the twin",
        "The table stickers has rows of the twin",
        "The table sticker_recipients has rows of the twin",
        "The table time_series has rows of the twin",
    ],
    f"UPDATE transfers SET owner = '{UNKNOWN}'": ["is offered by the account"],
    "DELETE FROM stickers": ["has a recipient but does not exist"],
    "DELETE FROM model_contents": ["has the content"],
    "DELETE FROM models WHERE dtmi = 'dtmi:test:Space;1'": [
        "is of no model",
        "depends on dtmi:test:Space;1, which the account does not have",
    ],
    "DELETE FROM models WHERE dtmi = 'dtmi:test:Room;1'": [
        "The table model_edges has rows of the model dtmi:test:Room;1",
        "The table model_ancestors has rows of the model dtmi:test:Room;1",
    ],
    "DELETE FROM model_edges": ["depends on other models than the table model_edges says"],
    "DELETE FROM model_ancestors": ["extends other models than the table model_ancestors says"],
    "UPDATE model_contents SET document = '{}'": ["content that is not what was uploaded"],
    "UPDATE relationships SET target_id = 'x'": ["names its target as x"],
    "DELETE FROM ledger_references": ["whose source is not the one in ledger_references"],
    "UPDATE ledgers SET entries = '{\"a\":'": ["cannot be read"],
    "UPDATE ledgers SET includes = NOT includes": ["wrongly marked"],
    "UPDATE ledgers SET entries = replace(entries, '\"history\":\"INF\",', '')": [
        "keeps no history and has records"
    ],
    "DELETE FROM ledgers": ["The table ledger_history has rows of a ledger"],
    """INSERT INTO ledger_history (twin, account, entry, number, changed, value)
    WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
    SELECT twin, account, 'state', i, 0, '1' FROM n, (
        SELECT DISTINCT twin, account FROM ledger_history) AS l""": ["1093 records"],
    "UPDATE blobs SET refs = refs + 1": ["and 2 docs and uploads have it", "is counted 3 times"],
    "DELETE FROM blobs": ["which is not kept"],
    "UPDATE docs SET size = 7": ["has 7 bytes, its file"],
    "UPDATE blobs SET size = 7": ["bytes instead of 7"],
    "UPDATE blobs SET place = 'elsewhere'": ["which is no place"],
    "UPDATE blobs SET place = 'd0000000000000000000000000000000'": ["is missing"],
    """INSERT INTO loose_blobs (place, expires, doomed)
    SELECT place, 0, size < 0 FROM blobs""": ["is to be cleared away"],
}


@pytest.mark.parametrize("damage", FAULTS)
def test_a_planted_fault_is_named(place: Place, damage: str) -> None:
    found = found_after(place, damage)
    for fault in FAULTS[damage]:
        assert any(fault in sentence for sentence in found), found
    assert bool(found) == bool(FAULTS[damage]), found


def test_a_sound_registry_has_nothing_wrong(place: Place) -> None:
    assert place.examine("--read-files") == (0, "Nothing is wrong.\n")
    with serving(place.data, *place.options):
        assert place.examine() == (0, "Nothing is wrong.\n")


def test_a_file_that_is_gone_or_damaged_is_named(place: Place) -> None:
    file = next(file for file in place.files if file.stat().st_size == len(FILES[0]))
    content = file.read_bytes()
    file.write_bytes(b"A" + content[1:])
    assert place.examine() == (0, "Nothing is wrong.\n")
    code, told = place.examine("--read-files")
    assert (code, told.count("\n")) == (1, 1)
    assert "is damaged" in told
    file.unlink()
    code, told = place.examine()
    assert (code, told.count("\n")) == (1, 1)
    assert "is missing" in told
    file.write_bytes(content)


def test_a_file_that_nobody_needs_any_more_is_not_missed(place: Place) -> None:
    """Deleted after the view was opened that is looked at."""

    async def run() -> list[str]:
        async with open_reading(place.data, place.database) as view, undone(place) as later:
            await view.all(Statement("SELECT digest FROM blobs"), {})
            await later.run(Statement("DELETE FROM blobs"), {})

            async def is_kept(file: BlobRow) -> bool:
                return await kept_files.knows(later, file)

            nowhere = await open_blobs(place.data, str(place.data / "none"), make=False)
            files = doctor.Files(nowhere, is_kept, read=False)
            return [fault async for fault in doctor.examine(view, files, lambda *_: None)]

    assert asyncio.run(run()) == []
    assert not (place.data / "none").exists()


def test_many_faults_of_a_kind_are_not_all_told(place: Place) -> None:
    many = """INSERT INTO identities (twin, account, identity, attached, changed)
    WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
    SELECT CAST('00000000-0000-4000-8000-0000000000' || i AS {uuid}), account, 'x', 0, 0
    FROM n, (SELECT min(CAST(uuid AS {text})) AS first FROM accounts) AS a
        JOIN identities AS old ON TRUE"""
    found = found_after(place, many)
    assert len(found) == doctor.MOST_NAMED + 1
    assert found[-1] == "There are more of this kind."


@pytest.mark.parametrize(
    ("pages", "says"),
    [("users_of_account", "SQLite: row "), (None, "disk image is malformed")],
)
def test_a_damaged_database_file_is_told(tmp_path: Path, pages: str | None, says: str) -> None:
    """Damage in one index is told as a fault; a file that cannot be read, as an error."""
    data = tmp_path / "data"
    with serving(data) as server:
        server.account()
    connection = apsw.Connection(str(data / "twinhold.db"))
    size = connection.pragma("page_size")
    found = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    end = next((page * size for (page,) in connection.execute(found, (pages,))), 160)
    connection.close()
    with (data / "twinhold.db").open("r+b") as file:
        file.seek(end - 60)
        file.write(b"\xff" * 8)
    outcome = twinhold("doctor", "--data", str(data))
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    assert says in outcome.stdout + outcome.stderr


def test_where_there_is_no_registry(tmp_path: Path, new_database: Callable[[], str]) -> None:
    data = tmp_path / "data"
    assert "There is no registry" in complaint(twinhold("doctor", "--data", str(data)))
    assert not data.exists()
    empty = ("--data", str(data), "--database", new_database())
    assert "holds no registry" in complaint(twinhold("doctor", *empty))
    (tmp_path / "twinhold.db").write_bytes(b"")
    assert "holds no registry" in complaint(twinhold("doctor", "--data", str(tmp_path)))
