"""Backups of a registry on SQLite, made while it is written to.

A backup is a folder that is laid out like a data directory: the database as it was at one moment,
every file that it refers to, the operator's credentials, and `backup.json`, which says what is in
it. It is written under another name and gets its own when all of it is durable.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from twinhold import __version__, credentials
from twinhold.blobs import (
    BlobDamagedError,
    BlobMissingError,
    Blobs,
    FolderBlobs,
    open_blobs,
    verified,
)
from twinhold.blobs.open import FOLDER
from twinhold.registry import kept_files
from twinhold.settings import Settings
from twinhold.store import migrations, open_reading
from twinhold.store.blobs import BlobRow
from twinhold.store.copying import copy
from twinhold.store.open import DATABASE_FILE

MANIFEST = "backup.json"
FORM = 1
_ATTEMPTS = 10

Tell = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


class BackupError(Exception):
    """A backup or restore that cannot be; the text is for the operator."""


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup.

    Attributes:
        form: of the backup; raised when an earlier Twinhold could not restore it.
        twinhold: the version that made it.
        moment: of which it is, by ISO 8601.
        database: SHA-256 of the database.
        files: how many there are.
        lost: digests of files that the registry did not have any more, or damaged.
    """

    form: int
    twinhold: str
    moment: str
    database: str
    files: int
    lost: list[str]


def create(settings: Settings, destination: Path, tell: Tell) -> Manifest:
    """Back up the registry in the data directory to a new folder.

    Raises:
        BackupError: the folder exists, or cannot be written.
        StoreError, BlobsError: the registry cannot be read.
    """
    if destination.exists():
        raise BackupError(f"{destination} exists: name a folder that is to be made.")
    parent = destination.absolute().parent
    part = parent / f".{destination.name}.{os.getpid()}.part"
    try:
        part.mkdir(mode=0o700)
        made = asyncio.run(_fill(settings, part, tell))
        sync(part)
        part.rename(destination)
        sync(parent)
    except OSError as error:
        raise BackupError(f"{destination} cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return made


async def _fill(settings: Settings, part: Path, tell: Tell) -> Manifest:
    database = part / DATABASE_FILE
    source = await open_blobs(settings.data, settings.blobs, make=False)
    target = FolderBlobs(part / FOLDER)
    kept: dict[str, str] = {}
    lost: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        moment = _copy_database(settings.data / DATABASE_FILE, database, tell)
        newly = await _copy_files(database, source, target, kept, tell)
        if newly.keys() <= lost.keys():
            break
        # Files may have gone since that moment because nobody needs them any more: look again.
        lost = newly
    else:
        raise BackupError("Files vanish as fast as they are copied: try again later.")
    _keep_credentials(settings.data, part)
    return _write_manifest(part, moment, len(kept), sorted(newly.values()))


def _copy_database(source: Path, target: Path, tell: Tell) -> str:
    """Copy the database; answer of which moment the copy is."""
    target.unlink(missing_ok=True)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    copy(source, target, lambda done, of: tell("Copying the database", done, of))
    return moment


async def _copy_files(
    database: Path, source: Blobs, target: Blobs, kept: dict[str, str], tell: Tell
) -> dict[str, str]:
    """Copy what is not copied yet, let go what is not needed any more; answer what is lost.

    Args:
        database: says which files there are.
        source: where they are.
        target: where they are copied to.
        kept: digests of those that are copied, by place; kept up to date.
        tell: told after each file.
    """
    lost: dict[str, str] = {}
    needed: set[str] = set()
    async with open_reading(database.parent, None) as view:
        await migrations.require_known(view)
        count = await kept_files.count(view)
        async for row in kept_files.every(view):
            needed.add(row.place)
            if row.place in kept:
                continue
            try:
                await copy_file(row, source, target)
            except (BlobMissingError, BlobDamagedError, ValueError):
                lost[row.place] = row.digest
                continue
            kept[row.place] = row.digest
            tell("Copying files", len(kept), count)
    for place in kept.keys() - needed:
        await target.delete(place)
        del kept[place]
    return lost


async def copy_file(row: BlobRow, source: Blobs, target: Blobs) -> None:
    """Copy a blob to its place elsewhere.

    Raises:
        BlobMissingError, BlobDamagedError: it is not there, or not what it was; nothing is copied.
        ValueError: its place cannot be.
    """
    await target.put(row.place, verified(await source.get(row.place), row.digest))


def _keep_credentials(data: Path, part: Path) -> None:
    known = credentials.read(data)
    if known is not None:
        credentials.write(part, known)


def _write_manifest(part: Path, moment: str, files: int, lost: list[str]) -> Manifest:
    digest = digest_of(part / DATABASE_FILE)
    made = Manifest(FORM, __version__, moment, digest, files, lost)
    descriptor = os.open(part / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return made


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sync(folder: Path) -> None:
    """Make durable which names a folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_database(settings: Settings, instead: str) -> None:
    """Say what is to be done on PostgreSQL, which has tools of its own.

    Raises:
        BackupError: the registry is in PostgreSQL.
    """
    if settings.database:
        files = settings.blobs or str(settings.data / FOLDER)
        raise BackupError(
            f"This is for registries on SQLite. In PostgreSQL, {instead}, and its files in {files} "
            "by what keeps that folder or bucket (docs/operate/backup.md)."
        )


def missing(manifest: Manifest) -> str | None:
    """What a person must know of a backup that is not whole."""
    if not manifest.lost:
        return None
    return (
        f"{len(manifest.lost)} of the registry's files are missing or damaged there and not in the "
        "backup: twinhold doctor --read-files names them, and --blobs says where files are that "
        "are not kept in the data directory."
    )
