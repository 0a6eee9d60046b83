"""`twinhold backup` and `restore`: the drill under load, and everything that must be refused."""

import os
import pty
import shutil
import stat
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
import requests
from tests.furnished import attach, furnish, seen
from tests.harness import TWINHOLD, Account, Server, body, create, serving, twinhold, uuid_of
from tests.process import load
from tests.process.load import Load
from tests.process.running import complaint, started

from twinhold.commands import backup, restore
from twinhold.settings import Settings
from twinhold.store.open import DirectoryLock


def run(command: str, *arguments: object) -> str:
    """What a successful command printed."""
    outcome = twinhold(command, *map(str, arguments))
    assert outcome.returncode == 0, outcome
    return outcome.stdout


def refused(command: str, *arguments: object) -> str:
    """The complaint of a command."""
    return complaint(twinhold(command, *map(str, arguments)))


def assert_sound(data: Path, *options: str) -> None:
    assert run("doctor", "--read-files", "--data", data, *options) == "Nothing is wrong.\n"


def content(folder: Path) -> dict[str, bytes | None]:
    """All files and folders below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@contextmanager
def changing_files(account: Account) -> Iterator[list[str]]:
    """Attach and delete files without pause; answers the names that stay."""
    done, kept = threading.Event(), list[str]()
    twin = uuid_of(create(account.client()))

    def change() -> None:
        number = 0
        while not done.is_set():
            number += 1
            attach(account, twin, f"a{number}", b"%d" % number * 5000)
            if number % 2:
                body(account.client().delete_twin_doc(twin, f"a{number}"))
            else:
                kept.append(f"/twins/{twin}/docs/a{number}")

    changing = threading.Thread(target=change)
    changing.start()
    try:
        yield kept
    finally:
        done.set()
        changing.join()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a little in it, `data`, and its `backup`; never changed."""
    folder = tmp_path_factory.mktemp("original")
    with serving(folder / "data") as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        for name in ("one", "two", "three"):
            attach(account, twin, name, name.encode() * 1000)
    run("backup", folder / "backup", "--data", folder / "data")
    return folder


@pytest.fixture
def stopped(original: Path, tmp_path: Path) -> Path:
    """A data directory on which no server runs."""
    return shutil.copytree(original / "data", tmp_path / "data")


@pytest.fixture
def backed_up(original: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    return shutil.copytree(original / "backup", tmp_path / "backup")


class Drill:
    """A registry that is backed up while clients write to it."""

    def __init__(self, server: Server, copy: Path) -> None:
        account = server.account()
        self.account = account
        self.paths = furnish(account, server.account())
        self.before = seen(account, self.paths)
        with Load(server.account(), clients=2).running() as self.settled:
            self.settled.wait_for(100)
        with (
            changing_files(account) as files,
            Load(server.account(), clients=4).running() as self.busy,
        ):
            self.busy.wait_for(100)
            self.files = list(files)
            self.promised = {
                record.promised["creation_certificate"]["uuid"]
                for record in list(self.busy.records)
                if record.promised
            }
            began = self.busy.acknowledged
            run("backup", copy, "--data", server.data)
            self.meanwhile = self.busy.acknowledged - began
            self.busy.wait_for(50)

    def check(self, url: str) -> None:
        """Everything acknowledged before the backup began is there, for the old credentials."""
        account = replace(self.account, url=url)
        assert seen(account, self.paths) == self.before
        assert load.violations(replace(self.settled.account, url=url), self.settled.records) == []
        twins = load.scan(replace(self.busy.account, url=url))
        assert {twin["creation_certificate"]["uuid"] for twin in twins} >= self.promised
        for path in self.files:
            answer = account.request("GET", path, params={"download": "true"}).json()
            number = int(path.rpartition("a")[2])
            assert requests.get(answer["download"]["url"]).content == b"%d" % number * 5000


def test_the_drill(tmp_path: Path) -> None:
    """Back up under load, lose the registry, restore: nothing acknowledged before is missing."""
    copy, restored = tmp_path / "backup", tmp_path / "restored"
    with started(tmp_path / "data") as server:
        drill = Drill(server, copy)
        assert_sound(server.data)
    assert_sound(tmp_path / "data")  # although it was killed
    assert drill.busy.refused == []
    assert drill.meanwhile > 0
    assert_sound(copy)
    before = content(copy)
    run("restore", copy, "--data", restored)
    assert content(copy) == before
    assert_sound(restored)
    with serving(restored) as server:
        drill.check(server.url)
        assert server.operator.request("GET", "/whoami").status_code == 200
        assert server.account().request("POST", "/twins", json={}).status_code == 201


def test_files_in_a_bucket_come_along(tmp_path: Path, new_bucket: Callable[[], str]) -> None:
    data, restored = tmp_path / "data", tmp_path / "restored"
    old, new = ["--blobs", new_bucket()], ["--blobs", new_bucket()]
    with serving(data, *old) as server:
        account = server.account()
        paths = furnish(account, server.account())
        before = seen(account, paths)
        run("backup", tmp_path / "backup", "--data", data, *old)
    assert_sound(data, *old)
    assert_sound(tmp_path / "backup")
    run("restore", tmp_path / "backup", "--data", restored, *new)
    assert_sound(restored, *new)
    with serving(restored, *new) as server:
        assert seen(replace(account, url=server.url), paths) == before


def test_only_the_owner_can_read_a_backup_or_what_is_restored(
    original: Path, tmp_path: Path
) -> None:
    run("restore", original / "backup", "--data", tmp_path / "restored")
    for folder in (original / "backup", tmp_path / "restored"):
        for path in [folder, *folder.rglob("*")]:
            if path.name != "lock":
                wanted = 0o700 if path.is_dir() else 0o600
                assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_nothing_is_left_beside_what_was_made(original: Path) -> None:
    assert {path.name for path in original.iterdir()} == {"backup", "data", "data.log"}
    names = {"backup.json", "blobs", "credentials.json", "twinhold.db"}
    assert {path.name for path in (original / "backup").iterdir()} == names


def forget(data: Path, file: Path, *, row: bool) -> None:
    """Let a file vanish, as the collector does or as an accident does."""
    file.unlink()
    if row:
        connection = apsw.Connection(str(data / "twinhold.db"))
        with connection:
            for table in ("docs", "uploads"):
                connection.execute(
                    f"DELETE FROM {table} WHERE digest = "
                    "(SELECT digest FROM blobs WHERE place = ?)",
                    (file.name,),
                )
            connection.execute("DELETE FROM blobs WHERE place = ?", (file.name,))
        connection.close()


def test_a_file_that_is_deleted_during_a_backup_is_not_missed(
    stopped: Path, tmp_path: Path
) -> None:
    """What is not needed any more when its turn comes is left out, with all that referred to it."""
    left = {path.name: path for path in (stopped / "blobs").rglob("*") if path.is_file()}

    def tell(what: str, done: int, _: int) -> None:
        if what == "Copying files" and done == 1 and len(left) == 3:
            copied = next(tmp_path.glob(".backup.*/blobs/??/*")).name
            del left[copied]
            forget(stopped, left.popitem()[1], row=True)

    made = backup.create(Settings(data=stopped), tmp_path / "backup", tell)
    assert (made.files, made.lost) == (2, [])
    assert_sound(tmp_path / "backup")


def test_what_the_registry_has_lost_is_told_and_the_rest_kept(
    stopped: Path, tmp_path: Path
) -> None:
    files = sorted(path for path in (stopped / "blobs").rglob("*") if path.is_file())
    forget(stopped, files[0], row=False)
    files[1].write_bytes(b"damaged")
    copy, restored = tmp_path / "backup", tmp_path / "restored"
    for command in (("backup", copy, "--data", stopped), ("restore", copy, "--data", restored)):
        outcome = twinhold(*map(str, command))
        assert outcome.returncode == 1
        assert "2 of the registry's files are missing" in outcome.stderr
    assert twinhold("doctor", "--data", str(restored)).stdout.count("is missing") == 2


def interrupt(what: str, done: int, _: int) -> None:
    """Ctrl-C when the first file is copied."""
    if what == "Copying files":
        assert done == 1
        raise KeyboardInterrupt


def test_what_is_interrupted_leaves_nothing(original: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        backup.create(Settings(data=original / "data"), tmp_path / "backup", interrupt)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        restore.restore(original / "backup", Settings(data=tmp_path / "data"), interrupt)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["lock"]


def test_a_terminal_sees_how_far_it_is(original: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (25, 80))
    command = [*TWINHOLD, "backup", str(tmp_path / "backup"), "--data", str(original / "data")]
    subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    shown = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert "Copying files: 100%" in shown
    assert "3/3" in shown


class TestRefused:
    def test_backup(self, stopped: Path, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        assert "exists" in refused("backup", tmp_path / "there", "--data", stopped)
        nowhere = tmp_path / "no" / "where"
        assert "cannot be written" in refused("backup", nowhere, "--data", stopped)
        assert "no registry" in refused("backup", tmp_path / "b", "--data", tmp_path / "none")
        assert {path.name for path in tmp_path.iterdir()} == {"there", "data"}

    def test_postgresql(self, tmp_path: Path) -> None:
        flags = ("--database", "postgresql://u:hidden@h/d", "--blobs", "s3://bucket/files")
        for command, names in (("backup", "pg_dump"), ("restore", "pg_restore")):
            told = refused(command, tmp_path / "b", *flags)
            assert names in told
            assert "s3://bucket/files" in told
            assert "hidden" not in told

    def test_restore_over_data(self, backed_up: Path, stopped: Path) -> None:
        before = content(stopped)
        assert "is not empty" in refused("restore", backed_up, "--data", stopped)
        assert content(stopped) == before
        with serving(stopped):
            assert "is not empty" in refused("restore", backed_up, "--data", stopped)

    def test_restore_into_a_directory_that_is_taken(self, backed_up: Path, tmp_path: Path) -> None:
        """A registry on PostgreSQL keeps nothing there but the lock of whoever opened it."""
        lock = DirectoryLock(tmp_path / "taken")
        assert "in use" in refused("restore", backed_up, "--data", tmp_path / "taken")
        lock.release()
        run("restore", backed_up, "--data", tmp_path / "taken")

    def test_what_is_no_backup(self, stopped: Path, tmp_path: Path) -> None:
        for source in (stopped, tmp_path / "none"):
            assert "is no backup" in refused("restore", source, "--data", tmp_path / "new")
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("what", ["database", "file", "missing file", "newer"])
    def test_a_damaged_backup(self, backed_up: Path, tmp_path: Path, what: str) -> None:
        """Nothing of it is restored."""
        database = backed_up / "twinhold.db"
        file = next(path for path in (backed_up / "blobs").rglob("*") if path.is_file())
        manifest = backed_up / "backup.json"
        if what == "database":
            database.write_bytes(database.read_bytes()[:-1] + b"x")
        elif what == "file":
            file.write_bytes(b"x" + file.read_bytes()[1:])
        elif what == "missing file":
            file.unlink()
        else:
            manifest.write_text(manifest.read_text().replace('"form": 1', '"form": 2'))
        refused("restore", backed_up, "--data", tmp_path / "new")
        left = {path.name for path in (tmp_path / "new").glob("*")}
        assert left <= {"lock"}


def test_a_restore_that_was_interrupted_is_begun_anew(backed_up: Path, tmp_path: Path) -> None:
    leftover = tmp_path / "new" / "restoring" / "blobs"
    leftover.mkdir(parents=True)
    (leftover.parent / "twinhold.db").write_bytes(b"half")
    run("restore", backed_up, "--data", tmp_path / "new")
    assert_sound(tmp_path / "new")
    assert not leftover.parent.exists()
