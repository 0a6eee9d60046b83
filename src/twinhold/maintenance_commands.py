"""The commands `twinhold backup`, `restore` and `doctor`: they work on the store itself."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Never

from twinhold import backup, restore, settings
from twinhold.backup import Manifest, Tell
from twinhold.blobs import open_blobs
from twinhold.progress_bar import progress
from twinhold.registry import kept_files
from twinhold.settings import Settings
from twinhold.store import migrations, open_reading
from twinhold.store.blobs import BlobRow

if TYPE_CHECKING:
    from tqdm import tqdm

_FAILED = 1


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
    return _FAILED if found else 0


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
    files = "1 file" if manifest.files == 1 else f"{manifest.files} files"
    sys.stdout.write(f"{done}: the registry of {manifest.moment}, with {files}.\n")
    lost = backup.missing(manifest)
    if lost is None:
        return 0
    sys.stderr.write(f"twinhold: {lost}\n")
    return _FAILED
