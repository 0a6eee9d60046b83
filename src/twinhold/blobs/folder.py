"""Blobs in a folder, one file each.

A file is written beside its place, synced, and renamed to its place; so whatever is under a place
is whole, also after a power cut. The disk is only ever touched in threads.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from twinhold.blobs.contract import Chunks, gathered, path_of
from twinhold.blobs.errors import BlobMissingError, BlobsError

P = ParamSpec("P")
T = TypeVar("T")

_CHUNK = 256 * 1024


class FolderBlobs:
    """A folder of blobs; see `Blobs` for what its methods promise."""

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        """Make the folder where it is missing, unless it is only read.

        Raises:
            BlobsError: it cannot be made.
        """
        self._folder = folder
        if not make:
            return
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(folder.parent)
        except OSError as error:
            raise BlobsError(f"{folder} cannot be used: {error}") from error

    async def put(self, place: str, chunks: AsyncIterable[bytes]) -> None:
        """See `Blobs.put`."""
        path = self._path(place)
        file = await _in_thread(_create, _part(path))
        try:
            async for chunk in gathered(chunks, _CHUNK):
                await _in_thread(file.write, chunk)
            await _in_thread(_settle, file, path)
        except BaseException:
            with contextlib.suppress(OSError):  # what cannot be written out is not needed
                file.close()
            with contextlib.suppress(OSError):
                _part(path).unlink(missing_ok=True)
            raise

    async def get(self, place: str) -> Chunks:
        """See `Blobs.get`."""
        return _read(await _in_thread(self._path(place).open, "rb"))

    async def size(self, place: str) -> int:
        """See `Blobs.size`."""
        return (await _in_thread(self._path(place).stat)).st_size

    async def delete(self, place: str) -> None:
        """See `Blobs.delete`."""
        path = self._path(place)
        for file in (_part(path), path):
            await _in_thread(file.unlink, missing_ok=True)

    def _path(self, place: str) -> Path:
        return self._folder / path_of(place)


def _part(path: Path) -> Path:
    """Where a file is until it is whole."""
    return path.with_suffix(".part")


def _create(path: Path) -> BinaryIO:
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _sync(path.parent.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _settle(file: BinaryIO, path: Path) -> None:
    """Make a file durable, then give it its name, then make the name durable."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    _part(path).rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _read(file: BinaryIO) -> Chunks:
    with file:
        while chunk := await _in_thread(file.read, _CHUNK):
            yield chunk


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except FileNotFoundError as error:
        raise BlobMissingError(f"{error.filename} does not exist.") from error
    except OSError as error:
        raise BlobsError(f"The folder of blobs does not answer: {error}") from error
