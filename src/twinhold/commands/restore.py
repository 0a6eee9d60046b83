"""Restoring a backup into a data directory that has nothing yet.

Everything is copied into a folder beside its place and checked on the way; only when all of it is
durable is it moved to its place, the database last. A restore that is interrupted leaves no
registry, and the next one begins anew. The backup itself is only read.
"""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

import msgspec

from twinhold import credentials
from twinhold.blobs import Blobs, BlobsError, FolderBlobs, open_blobs
from twinhold.blobs.open import FOLDER
from twinhold.commands.backup import (
    FORM,
    MANIFEST,
    BackupError,
    Manifest,
    Tell,
    copy_file,
    digest_of,
    sync,
)
from twinhold.registry import kept_files
from twinhold.settings import Settings
from twinhold.store import migrations, open_reading
from twinhold.store.open import DATABASE_FILE, LOCK_FILE, DirectoryLock

_STAGING = "restoring"
_NO_DATA = {LOCK_FILE, _STAGING, "lost+found"}
_PLACES = (FOLDER, credentials.FILE, DATABASE_FILE)


def restore(source: Path, settings: Settings, tell: Tell) -> Manifest:
    """Restore a backup into a new or empty data directory.

    Raises:
        BackupError: the backup is not whole, or the directory not empty.
        StoreError, BlobsError: the directory is in use, or cannot be written.
    """
    manifest = _read(source)
    _require_empty(settings.data)
    lock = DirectoryLock(settings.data)
    staging = settings.data / _STAGING
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        asyncio.run(_fill(source, manifest, settings, tell))
        _move(staging, settings.data)
    except OSError as error:
        raise BackupError(f"{settings.data} cannot be written: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        lock.release()
    return manifest


def _read(source: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupError(f"{source} is no backup: {error}") from error
    if manifest.form > FORM:
        raise BackupError(
            f"{source} was made by Twinhold {manifest.twinhold}: restore it with that, or a later."
        )
    return manifest


def _require_empty(data: Path) -> None:
    try:
        there = {entry.name for entry in data.iterdir()} - _NO_DATA
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupError(f"{data} cannot be used: {error}") from error
    if there:
        raise BackupError(
            f"{data} is not empty, and nothing there is overwritten: "
            "restore into a new directory with --data."
        )


async def _fill(source: Path, manifest: Manifest, settings: Settings, tell: Tell) -> None:
    staging = settings.data / _STAGING
    _copy_database(source, staging, manifest, tell)
    files = (
        await open_blobs(settings.data, settings.blobs)
        if settings.blobs
        else FolderBlobs(staging / FOLDER)
    )
    await _copy_files(source, staging, manifest, files, tell)
    known = credentials.read(source)
    if known is not None:
        credentials.write(staging, known)


def _copy_database(source: Path, staging: Path, manifest: Manifest, tell: Tell) -> None:
    tell("Copying the database", 0, 1)
    target = staging / DATABASE_FILE
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copied:
        try:
            original = (source / DATABASE_FILE).open("rb")
        except OSError as error:
            raise BackupError(f"{source} is not whole: {error}") from error
        with original:
            shutil.copyfileobj(original, copied)
        copied.flush()
        os.fsync(copied.fileno())
    if digest_of(target) != manifest.database:
        raise BackupError(f"{source / DATABASE_FILE} is damaged: it is not what was backed up.")


async def _copy_files(
    source: Path, staging: Path, manifest: Manifest, target: Blobs, tell: Tell
) -> None:
    original = FolderBlobs(source / FOLDER, make=False)
    lost, done = set(manifest.lost), 0
    async with open_reading(staging, None) as view:
        await migrations.require_known(view)
        async for row in kept_files.every(view):
            if row.digest in lost:
                continue
            try:
                await copy_file(row, original, target)
            except BlobsError as error:
                raise BackupError(f"The file {row.digest} cannot be restored: {error}") from error
            done += 1
            tell("Copying files", done, manifest.files)


def _move(staging: Path, data: Path) -> None:
    """Put what is restored in its place, the database last."""
    sync(staging)
    for name in _PLACES:
        with contextlib.suppress(FileNotFoundError):  # there may be no files, or no credentials
            (staging / name).rename(data / name)
    sync(data)
