"""Blobs in a bucket that speaks S3.

Who may use it and where it is come from the environment, by the names that all S3 tools know
(docs/how-to/keep-files-in-s3.md). An object is there whole or not at all, and durable, when S3 says
so. An upload travels in parts of `_PART`, of which a few are on their way at a time.
"""

import contextlib
from collections.abc import AsyncIterable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from twinhold.blobs.contract import Chunks, gathered, path_of
from twinhold.blobs.errors import BlobMissingError, BlobsError

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig, RetryConfig

_PART = 5 * 1024 * 1024  # the least that S3 takes: some of each upload stand in memory
_PARTS_AT_ONCE = 2
_CHUNK = 256 * 1024
_CLIENT: "ClientConfig" = {
    "allow_http": True,  # where the operator says http they mean it
    "connect_timeout": "5s",
    "read_timeout": "30s",
    "timeout": "1day",  # of a whole file; one that stands still ends earlier
}
_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class S3Blobs:
    """A bucket of blobs; see `Blobs` for what its methods promise."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, place: str, chunks: AsyncIterable[bytes]) -> None:
        """See `Blobs.put`."""
        whole = gathered(chunks, _CHUNK)
        with _known_errors(place):
            await obstore.put_async(
                self._store,
                path_of(place),
                whole,
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def get(self, place: str) -> Chunks:
        """See `Blobs.get`."""
        with _known_errors(place):
            found = await obstore.get_async(self._store, path_of(place))
        return _read(found, place)

    async def size(self, place: str) -> int:
        """See `Blobs.size`."""
        with _known_errors(place):
            found = await obstore.head_async(self._store, path_of(place))
        return found["size"]

    async def delete(self, place: str) -> None:
        """See `Blobs.delete`."""
        with _known_errors(place), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, path_of(place))


async def open_bucket(url: str) -> S3Blobs:
    """Open the bucket at `s3://bucket/prefix`, and look whether it can be read.

    Raises:
        BlobsError: it cannot.
    """
    with _known_errors(url):
        store = S3Store.from_url(url, client_options=_CLIENT, retry_config=_RETRY)
        async for _ in obstore.list(store, chunk_size=1):
            break
    return S3Blobs(store)


async def _read(found: "GetResult", place: str) -> Chunks:
    with _known_errors(place):
        async for chunk in found.stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)


@contextlib.contextmanager
def _known_errors(what: str) -> Generator[None, None, None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BlobMissingError(f"The bucket has no {what}.") from error
    except (BaseError, OSError) as error:
        reason = " ".join(str(error).partition("Debug source")[0].split())
        raise BlobsError(f"The bucket does not answer for {what}: {reason}") from error
