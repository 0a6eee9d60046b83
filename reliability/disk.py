"""A disk whose power can be cut: a VFS of SQLite that keeps apart what has not been synced.

SQLite reads and writes real files, so that it sees what a running machine sees. Beside them the
disk remembers what was written since the last sync. A cut keeps of that whatever a real disk may
keep: any of the written sectors, in any order, none or all of them; and of the creations and
deletions of a file that no sync of its folder followed, any number of the first ones.
"""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw

SECTOR = 512
_FOLDER_IS_SYNCED_WITH = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL
"""Kinds of files whose first sync includes their folder, as the VFS of Unix does it."""

_numbers = itertools.count()


@dataclass
class Content:
    """What a file holds.

    Attributes:
        synced: what every cut leaves.
        unsynced: each write since, with its place; a place alone cuts the file off there.
    """

    synced: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Make everything safe."""
        for place, data in self.unsynced:
            _put(self.synced, place, data)
        self.unsynced.clear()

    def survivor(self, random: Random) -> bytes:
        """What a cut leaves: of each unsynced sector one of its states."""
        left = bytearray(self.synced)
        kept = random.choice((0.0, 0.5, 0.95, 1.0))
        for place, data in self.unsynced:
            for start, piece in _sectors(place, data):
                if random.random() < kept:
                    _put(left, start, piece)
        return bytes(left)


class Disk(apsw.VFS):
    """A folder on a disk that can lose its power.

    Attributes:
        name: under which SQLite knows it.
        cut: whether the power is gone; every operation fails then.
        refusal: what changes of files are answered with, if with anything.
    """

    def __init__(self, folder: Path, operations: int | None = None) -> None:
        """Take a folder, whose files count as synced, for so many operations until the cut."""
        self.name = f"disk-{next(_numbers)}"
        self.cut = False
        self.refusal: type[apsw.Error] | None = None
        self._operations = operations
        self._patience = 0
        self._lock = threading.Lock()
        self._files = {path.name: Content(bytearray(path.read_bytes())) for path in _of(folder)}
        self._safe = dict(self._files)
        self._unsafe: list[tuple[str, Content | None]] = []
        super().__init__(self.name, "")

    def operate(self) -> None:
        """Count an operation.

        Raises:
            apsw.IOError: the power is gone, perhaps just now.
            apsw.Error: the disk refuses.
        """
        with self._lock:
            if self._operations is not None:
                self._operations -= 1
                self.cut = self.cut or self._operations < 0
        if self.cut:
            raise apsw.IOError("The power is gone.")
        if self.refusal is not None and self._patience > 0:
            self._patience -= 1
        elif self.refusal is not None:
            raise self.refusal("The disk refuses.")

    def refuse_after(self, operations: int, refusal: type[apsw.Error]) -> None:
        """Answer changes with an error once so many more are done, until `refusal` is None."""
        self._patience, self.refusal = operations, refusal

    @property
    def is_torn(self) -> bool:
        """Whether there is anything that a cut may lose."""
        return bool(self._unsafe) or any(file.unsynced for file in self._files.values())

    def sync_folder(self) -> None:
        """Make every creation and deletion safe."""
        self._safe = dict(self._files)
        self._unsafe.clear()

    def survivors(self, random: Random) -> dict[str, bytes]:
        """The files that a cut leaves; each call may find another outcome."""
        left = dict(self._safe)
        for name in dict.fromkeys(name for name, _ in self._unsafe):
            states = [content for changed, content in self._unsafe if changed == name]
            content = random.choice([left.get(name), *states])
            if content is None:
                left.pop(name, None)
            else:
                left[name] = content
        return {name: content.survivor(random) for name, content in left.items()}

    def xOpen(  # noqa: N802 - apsw's name, like those below
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file; those that SQLite itself throws away are of no interest."""
        if name is None:
            return apsw.VFSFile("", name, flags)
        path = Path(name if isinstance(name, str) else name.filename())
        if flags[0] & apsw.SQLITE_OPEN_CREATE and path.name not in self._files:
            self.operate()
            self._change(path.name, Content())
        content = self._files.get(path.name, Content())
        return DiskFile(self, content, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        """Delete a file, if that can be done: nobody waits for the answer."""
        try:
            self.operate()
        except apsw.Error:
            return
        super().xDelete(filename, syncdir)
        self._change(Path(filename).name, None)
        if syncdir:
            self.sync_folder()

    def _change(self, name: str, content: Content | None) -> None:
        self._unsafe.append((name, content))
        if content is None:
            self._files.pop(name, None)
        else:
            self._files[name] = content


class DiskFile(apsw.VFSFile):
    """An open file on a `Disk`."""

    def __init__(
        self, disk: Disk, content: Content, name: str | apsw.URIFilename, flags: list[int]
    ) -> None:
        self._disk = disk
        self._content = content
        self._syncs_folder = bool(flags[0] & _FOLDER_IS_SYNCED_WITH)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write, not yet safely."""
        self._disk.operate()
        super().xWrite(data, offset)
        self._content.unsynced.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut the file off, not yet safely."""
        self._disk.operate()
        super().xTruncate(newsize)
        self._content.unsynced.append((newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        """Make the file safe; the real one need not be."""
        self._disk.operate()
        self._content.sync()
        if self._syncs_folder:
            self._disk.sync_folder()
            self._syncs_folder = False


def _of(folder: Path) -> Sequence[Path]:
    """The files of a folder that are more than memory shared between processes."""
    return [path for path in folder.iterdir() if not path.name.endswith("-shm")]


def _put(content: bytearray, place: int, data: bytes | None) -> None:
    """Write at a place, filling the way there with zeros; or cut off."""
    if data is None:
        del content[place:]
        return
    content.extend(bytes(max(0, place - len(content))))
    content[place : place + len(data)] = data


def _sectors(place: int, data: bytes | None) -> Sequence[tuple[int, bytes | None]]:
    """A write as the disk does it."""
    if data is None:
        return [(place, None)]
    starts = [place, *range((place // SECTOR + 1) * SECTOR, place + len(data), SECTOR)]
    ends = [*starts[1:], place + len(data)]
    return [
        (start, data[start - place : end - place]) for start, end in zip(starts, ends, strict=True)
    ]
