"""The commands `twinhold backup`, `restore` and `doctor`: they work on the store itself."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Never

from twinhold import settings
from twinhold.blobs import open_blobs
from twinhold.commands import backup, options, restore
from twinhold.commands.backup import Manifest, Tell
from twinhold.commands.options import FAILED, Commands, Formatter, counted
from twinhold.commands.progress_bar import progress
from twinhold.registry import kept_files
from twinhold.settings import Settings
from twinhold.store import migrations, open_reading
from twinhold.store.blobs import BlobRow

if TYPE_CHECKING:
    from tqdm import tqdm


def add_to(commands: Commands) -> None:
    """Add the commands."""
    backing_up = commands.add_parser(
        "backup",
        formatter_class=Formatter,
        help="back up the registry to a new folder",
        description="Back up a registry on SQLite, whether a server runs on it or not: the "
        "database as it is at one moment, every file that it refers to, and the operator's "
        "credentials. Nobody waits for it. The exit code is 1 when files are missing in the "
        "registry.",
    )
    backing_up.add_argument(
        "destination", type=Path, metavar="FOLDER", help="the folder, which is made"
    )
    options.add_store_options(backing_up)
    backing_up.set_defaults(run=back_up)

    restoring = commands.add_parser(
        "restore",
        formatter_class=Formatter,
        help="restore a backup into a new data directory",
        description="Restore a backup into a data directory that is new or empty. Every file is "
        "compared with its digest on the way, and nothing is there before all of it is.",
    )
    restoring.add_argument("source", type=Path, metavar="FOLDER", help="the backup")
    options.add_store_options(restoring)
    restoring.set_defaults(run=bring_back)

    doctor = commands.add_parser(
        "doctor",
        formatter_class=Formatter,
        help="say what is wrong with the registry, if anything",
        description="Examine a registry, whether a server runs on it or not, and print a sentence "
        "for each thing that is wrong. Nothing is changed. The exit code is 1 when anything is "
        "wrong. A backup is examined by --data FOLDER.",
    )
    doctor.add_argument(
        "--read-files",
        action="store_true",
        help="read every file to its end and compare its SHA-256; else only its size is compared",
    )
    options.add_store_options(doctor)
    doctor.set_defaults(run=examine)


def back_up(flags: argparse.Namespace) -> int:
    """Back up a registry; exit code 1 when files of it are missing."""
    chosen = settings.read(flags)
    backup.refuse_database(chosen, "back up the database by pg_dump")
    with progress(None, "", scaled=False) as bar:
        made = backup.create(chosen, flags.destination, _teller(bar))
    return _report(made, f"Backed up to {flags.destination}")


def bring_back(flags: argparse.Namespace) -> int:
    """Restore a backup."""
    chosen = settings.read(flags)
    backup.refuse_database(chosen, "restore the database by pg_restore")
    with progress(None, "", scaled=False) as bar:
        restored = restore.restore(flags.source, chosen, _teller(bar))
    return _report(restored, f"Restored to {chosen.data}")


def examine(flags: argparse.Namespace) -> int:
    """Examine a registry; exit code 1 when anything is wrong with it."""
    chosen = settings.read(flags)
    found = asyncio.run(_examine(chosen, read_files=flags.read_files))
    if not found:
        sys.stdout.write("Nothing is wrong.\n")
    return FAILED if found else 0


async def _examine(chosen: Settings, *, read_files: bool) -> int:
    """Print what is wrong, as it is found; answer how much there was."""
    # The registry's use cases are slow to load, and the other commands do without these.
    from twinhold.registry import doctor  # noqa: PLC0415

    async def is_kept(file: BlobRow) -> bool:
        async with open_reading(chosen.data, chosen.database) as view:
            return await kept_files.knows(view, file)

    found = 0
    blobs = await open_blobs(chosen.data, chosen.blobs, make=False)
    files = doctor.Files(blobs, is_kept, read_files)
    with progress(None, "", scaled=False) as bar:
        async with open_reading(chosen.data, chosen.database) as view:
            await migrations.require_current(view)
            async for fault in doctor.examine(view, files, _teller(bar)):
                bar.write(fault, file=sys.stdout)
                found += 1
    return found


def _teller(bar: "tqdm[Never]") -> Tell:
    def tell(what: str, done: int, of: int) -> None:
        bar.set_description(what, refresh=False)
        bar.total, bar.n = of, done
        bar.update(0)

    return tell


def _report(manifest: Manifest, done: str) -> int:
    files = counted(manifest.files, "file")
    sys.stdout.write(f"{done}: the registry of {manifest.moment}, with {files}.\n")
    lost = backup.missing(manifest)
    if lost is None:
        return 0
    sys.stderr.write(f"twinhold: {lost}\n")
    return FAILED
