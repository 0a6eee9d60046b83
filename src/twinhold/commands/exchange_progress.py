"""How far an import has come: kept in a small file beside the one that is imported."""

import contextlib
import os
from pathlib import Path

import msgspec

from twinhold.commands.exchange_files import Position


class Progress(msgspec.Struct):
    """How far a file has been imported, and into what.

    Attributes:
        account: where it is imported to.
        size: of the file, in bytes.
        changed: when the file changed last, in nanoseconds.
        stored: lines by section.
        skipped: lines that were reported and left out.
    """

    account: str
    size: int
    changed: int
    position: Position = Position()
    stored: dict[str, int] = {}
    skipped: int = 0


class ProgressFile:
    """The file `FILE.progress`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._path = file.with_name(f"{file.name}.progress")

    def begin(self, account: str) -> Progress:
        """The progress that was kept of the file as it is now, or none."""
        facts = self._file.stat()
        begun = Progress(account, facts.st_size, facts.st_mtime_ns)
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.json.decode(self._path.read_bytes(), type=Progress)
            if (kept.account, kept.size, kept.changed) == (account, begun.size, begun.changed):
                return kept
        return begun

    def keep(self, progress: Progress) -> None:
        """Write it down; where that cannot be, an interrupted import begins anew."""
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            unfinished.write_bytes(msgspec.json.encode(progress))
            unfinished.replace(self._path)

    def remove(self) -> None:
        """The import has come to its end."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
