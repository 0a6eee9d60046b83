"""One contract for folders and buckets: what goes in comes out, whole or not at all."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from twinhold.blobs import (
    BlobDamagedError,
    BlobMissingError,
    Blobs,
    BlobsError,
    Chunks,
    Tally,
    new_place,
    open_blobs,
    verified,
)
from twinhold.blobs.contract import gathered

Run = Callable[[Callable[[Blobs], Awaitable[None]]], None]

MIB = 1024 * 1024


class BrokenError(Exception):
    """What a client that goes away leaves."""


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path, new_bucket: Callable[[], str]) -> str:
    return str(tmp_path / "files") if request.param == "folder" else new_bucket()


@pytest.fixture
def run(address: str, tmp_path: Path) -> Run:
    """Runs a test on an open blob store."""

    def run(test: Callable[[Blobs], Awaitable[None]]) -> None:
        async def opened() -> None:
            await test(await open_blobs(tmp_path, address))

        asyncio.run(opened())

    return run


def left(address: str) -> list[str]:
    """All that a blob store holds, unfinished uploads included."""
    if not address.startswith("s3://"):
        return [file.name for file in Path(address).rglob("*") if file.is_file()]
    bucket = f"{os.environ['AWS_ENDPOINT_URL']}/{address.split('/')[2]}"
    texts = [
        requests.get(f"{bucket}?{what}", timeout=60).text for what in ("list-type=2", "uploads")
    ]
    return [part.partition("<")[0] for text in texts for part in text.split("<Key>")[1:]]


async def sent(parts: Iterable[bytes], *, breaks: bool = False) -> Chunks:
    for part in parts:
        yield part
    if breaks:
        raise BrokenError


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def read_into(got: list[bytes], chunks: AsyncIterator[bytes]) -> None:
    async for chunk in chunks:
        got += [chunk]


@pytest.mark.parametrize(
    "sizes",
    [[], [0], [1], [262_143], [262_144], [262_145], [65_536] * 9, [3 * MIB] * 7, [1, 0, 2]],
    ids=str,
)
def test_what_goes_in_comes_out(run: Run, sizes: list[int]) -> None:
    async def test(blobs: Blobs) -> None:
        parts = [os.urandom(size) for size in sizes]
        place, tally = new_place(), Tally(sent(parts))
        await blobs.put(place, tally)
        whole = b"".join(parts)
        assert (tally.size, tally.digest) == (len(whole), hashlib.sha256(whole).hexdigest())
        assert await read(await blobs.get(place)) == whole
        assert await read(verified(await blobs.get(place), tally.digest)) == whole

    run(test)


def test_what_is_not_there_is_missing(run: Run) -> None:
    async def test(blobs: Blobs) -> None:
        place = new_place()
        with pytest.raises(BlobMissingError):
            await blobs.get(place)
        with pytest.raises(BlobMissingError):
            await blobs.size(place)
        await blobs.put(place, sent([b"here"]))
        assert await blobs.size(place) == 4
        await blobs.delete(place)
        await blobs.delete(place)
        with pytest.raises(BlobMissingError):
            await blobs.get(place)

    run(test)


@pytest.mark.parametrize("size", [1, 20 * MIB])
def test_what_breaks_on_its_way_leaves_nothing(run: Run, address: str, size: int) -> None:
    async def test(blobs: Blobs) -> None:
        place = new_place()
        with pytest.raises(BrokenError):
            await blobs.put(place, sent([bytes(size)], breaks=True))
        with pytest.raises(BlobMissingError):
            await blobs.get(place)

    run(test)
    assert left(address) == []


def test_nothing_is_read_before_it_is_whole(run: Run) -> None:
    async def test(blobs: Blobs) -> None:
        place, half, go_on = new_place(), asyncio.Event(), asyncio.Event()

        async def slow() -> Chunks:
            yield bytes(MIB)
            half.set()
            await go_on.wait()
            yield b"end"

        putting = asyncio.ensure_future(blobs.put(place, slow()))
        await half.wait()
        with pytest.raises(BlobMissingError):
            await blobs.get(place)
        go_on.set()
        await putting
        assert len(await read(await blobs.get(place))) == MIB + 3

    run(test)


def test_a_reader_may_stop_early_and_others_go_on(run: Run) -> None:
    async def test(blobs: Blobs) -> None:
        place = new_place()
        await blobs.put(place, sent([bytes(MIB)] * 4))
        one, other = await blobs.get(place), await blobs.get(place)
        await anext(one)
        await one.aclose()
        assert len(await read(other)) == 4 * MIB

    run(test)


def test_many_at_once_do_not_mix(run: Run) -> None:
    async def test(blobs: Blobs) -> None:
        files = {new_place(): bytes([number]) * 300_000 for number in range(12)}
        await asyncio.gather(*(blobs.put(place, sent([file])) for place, file in files.items()))
        found = await asyncio.gather(*map(blobs.get, files))
        assert await asyncio.gather(*map(read, found)) == list(files.values())

    run(test)


@pytest.mark.parametrize(
    "place", ["", ".", "..", "../" + "a" * 29, "/" + "a" * 31, "A" * 32, "a" * 31 + "\0", "a" * 33]
)
def test_no_place_leads_elsewhere(run: Run, place: str) -> None:
    async def test(blobs: Blobs) -> None:
        for use in (blobs.get, blobs.delete, lambda place: blobs.put(place, sent([b"x"]))):
            with pytest.raises(ValueError, match="no place"):
                await use(place)

    run(test)


@given(parts=st.lists(st.binary(max_size=50)), at=st.integers(0, 1000), bit=st.integers(0, 7))
def test_damage_is_noticed_before_the_last_chunk(parts: list[bytes], at: int, bit: int) -> None:
    whole = bytearray(b"".join(parts))
    digest = hashlib.sha256(whole).hexdigest()

    async def test() -> None:
        assert await read(verified(sent(parts), digest)) == whole
        if not whole:
            return
        damaged = bytearray(whole)
        damaged[at % len(whole)] ^= 1 << bit
        got: list[bytes] = []
        with pytest.raises(BlobDamagedError):
            await read_into(got, verified(sent([bytes(damaged[:9]), bytes(damaged[9:])]), digest))
        assert len(b"".join(got)) < len(whole)

    asyncio.run(test())


@given(parts=st.lists(st.binary(max_size=20)), least=st.integers(1, 30))
def test_gathering_changes_no_byte(parts: list[bytes], least: int) -> None:
    async def test() -> list[bytes]:
        return [chunk async for chunk in gathered(sent(parts), least)]

    gathered_ = asyncio.run(test())
    assert b"".join(gathered_) == b"".join(parts)
    assert all(len(chunk) >= least for chunk in gathered_[:-1])


def test_a_folder_is_private_and_keeps_no_scraps(tmp_path: Path) -> None:
    async def test() -> None:
        blobs = await open_blobs(tmp_path, None)
        place = new_place()
        await blobs.put(place, sent([b"x"]))
        folder = tmp_path / "blobs"
        (file,) = [file for file in folder.rglob("*") if file.is_file()]
        assert {path.stat().st_mode & 0o077 for path in (folder, file.parent, file)} == {0}
        file.rename(file.with_suffix(".part"))  # what a killed process leaves
        await blobs.delete(place)
        assert left(str(folder)) == []

    asyncio.run(test())


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/proc/nowhere", "cannot be used"),
        ("ftp://host/files", "not ftp://"),
        ("s3://no-such-bucket-anywhere", "NoSuchBucket"),
    ],
)
def test_an_address_that_cannot_be_is_said(
    tmp_path: Path, new_bucket: Callable[[], str], address: str, says: str
) -> None:
    with pytest.raises(BlobsError, match=says) as told:
        asyncio.run(open_blobs(tmp_path, address))
    assert "\n" not in str(told.value)


def test_a_bucket_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"ENDPOINT_URL": "http://127.0.0.1:9", "ACCESS_KEY_ID": "a"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with pytest.raises(BlobsError, match="does not answer"):
        asyncio.run(open_blobs(tmp_path, "s3://bucket"))
