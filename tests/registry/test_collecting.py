"""What becomes of files: each content is kept once, for as long as anybody needs it."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from tests.harness import in_registry

from twinhold.blobs import Chunks
from twinhold.registry import Registry, collecting, docs, ids, twins, uploads
from twinhold.registry.docs import NewDoc
from twinhold.registry.errors import (
    DocExistsError,
    DocNotFoundError,
    DocumentTooLargeError,
    UploadNotFoundError,
)
from twinhold.registry.principal import NOBODY, Call
from twinhold.registry.uploads import Ticket
from twinhold.store.shape import NOTHING
from twinhold.store.statement import Statement

HOUR = 3600 * 1_000_000
KEPT = Statement("SELECT (SELECT count(*) FROM blobs), (SELECT count(*) FROM loose_blobs)")


def now() -> int:
    return time.time_ns() // 1000


async def whole(content: bytes) -> Chunks:
    yield content


@dataclass
class Scene:
    """A registry with one twin, the folder of its files, and the one who calls."""

    registry: Registry
    folder: Path
    call: Call
    twin: str

    async def upload(self, content: bytes, at: int | None = None) -> str:
        return await self.put(await self.ticket(at), whole(content), at)

    async def ticket(self, at: int | None = None) -> Ticket:
        ticket = Ticket(ids.new_uuid(), uploads.new_token())
        call = msgspec.structs.replace(self.call, now=at or now())
        await self.registry.store.write(uploads.create, call, *ticket)
        return ticket

    async def put(self, ticket: Ticket, chunks: Chunks, at: int | None = None) -> str:
        return (await self.registry.arrivals.receive(ticket, chunks, at or now())).uuid

    async def attach(self, upload: str, name: str, announced: str | None = None) -> None:
        new = {name: NewDoc(upload, announced, "access_optimized", None)}
        call = msgspec.structs.replace(self.call, now=now())
        await self.registry.store.write(docs.attach, call, self.twin, new)

    async def invalidate(self, upload: str) -> None:
        await self.registry.store.write(uploads.invalidate, self.call, upload)

    async def delete(self, name: str) -> None:
        await self.registry.store.write(docs.delete, self.call, self.twin, name)

    async def content(self, name: str) -> bytes:
        """The content of a doc, as a download finds it."""
        store = self.registry.store
        doc = await store.read(docs.get, self.call, self.twin, name)
        blob = await store.read(docs.open_file, docs.grant(self.call, doc, now()))
        chunks = await self.registry.blobs.get(blob.place)
        return b"".join([chunk async for chunk in chunks])

    async def collect(self, later: int = 0) -> None:
        await self.registry.collector.collect(now() + later)

    async def known(self) -> tuple[int, int]:
        """How many blobs are known, and how many places are loose."""
        row = await self.registry.store.read(lambda transaction: transaction.one(KEPT, {}))
        assert row is not None
        return row[0], row[1]

    def files(self) -> int:
        return sum(file.is_file() for file in self.folder.rglob("*"))


Run = Callable[[Callable[[Scene], Awaitable[None]]], None]


@pytest.fixture
def run(tmp_path: Path, options: Callable[[], list[str]]) -> Run:
    """Runs a test on a scene of its own."""
    named = options()

    def run(test: Callable[[Scene], Awaitable[None]]) -> None:
        async def opened(registry: Registry) -> None:
            actor = msgspec.structs.replace(NOBODY, account=ids.new_uuid())
            call, twin = Call(actor, now()), ids.new_twin_uuid(now())
            await registry.store.write(twins.create, call, twin, None, NOTHING)
            await test(Scene(registry, tmp_path / "blobs", call, twin))

        in_registry(tmp_path, named[1] if named else None, opened)

    return run


def test_one_content_is_kept_once(run: Run) -> None:
    async def test(scene: Scene) -> None:
        for number in range(3):
            await scene.attach(await scene.upload(b"same"), f"doc{number}")
        await scene.attach(await scene.upload(b"other"), "other")
        await scene.collect()
        assert (scene.files(), await scene.known()) == (2, (2, 0))
        assert await scene.content("doc2") == b"same"

    run(test)


def test_a_file_stays_as_long_as_a_doc_has_it(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"same")
        for name in ("one", "two"):
            await scene.attach(upload, name)
        await scene.invalidate(upload)
        await scene.delete("one")
        await scene.collect(later=100 * HOUR)
        assert await scene.content("two") == b"same"
        await scene.delete("two")
        await scene.collect()
        assert (scene.files(), await scene.known()) == (0, (0, 0))

    run(test)


def test_a_file_that_nobody_attached_goes_after_its_hour(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"waits")
        await scene.collect(later=HOUR // 2)
        assert scene.files() == 1
        await scene.collect(later=HOUR + 1)
        assert (scene.files(), await scene.known()) == (0, (0, 0))
        with pytest.raises(UploadNotFoundError):
            await scene.attach(upload, "late")

    run(test)


def test_an_expired_url_or_file_is_over_before_it_is_collected(run: Run) -> None:
    async def test(scene: Scene) -> None:
        past = now() - 2 * HOUR
        with pytest.raises(UploadNotFoundError):
            await scene.put(await scene.ticket(past), whole(b"late"))
        upload = await scene.upload(b"in time", past)
        with pytest.raises(UploadNotFoundError):
            await scene.attach(upload, "late")
        with pytest.raises(UploadNotFoundError):
            await scene.invalidate(upload)

    run(test)


def test_a_file_may_be_on_its_way_for_long_but_not_for_ever(run: Run) -> None:
    async def test(scene: Scene) -> None:
        async def slow(later: int) -> Chunks:
            yield b"first"
            await scene.collect(later)
            yield b"last"

        await scene.attach(await scene.put(await scene.ticket(), slow(23 * HOUR)), "slow")
        assert await scene.content("slow") == b"firstlast"
        with pytest.raises(UploadNotFoundError):
            await scene.put(await scene.ticket(), slow(26 * HOUR))
        await scene.collect()
        assert (scene.files(), await scene.known()) == (1, (1, 0))

    run(test)


def test_a_file_that_is_to_go_is_not_taken_in_any_more(run: Run) -> None:
    async def test(scene: Scene) -> None:
        async def slow() -> Chunks:
            yield b"first"
            await scene.registry.store.write(collecting._doom, now() + 25 * HOUR)

        with pytest.raises(UploadNotFoundError):
            await scene.put(await scene.ticket(), slow())
        assert scene.files() == 0

    run(test)


def test_a_file_that_was_not_announced_is_not_kept(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"other")
        await scene.attach(upload, "wrong", "0" * 64)
        await scene.invalidate(upload)
        await scene.collect()
        assert (scene.files(), await scene.known()) == (0, (0, 0))
        await scene.delete("wrong")
        await scene.attach(await scene.upload(b"other"), "right")
        assert await scene.content("right") == b"other"

    run(test)


def test_what_a_killed_process_leaves_is_cleared_away(run: Run) -> None:
    async def test(scene: Scene) -> None:
        async def killed() -> Chunks:
            yield b"half"
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await scene.put(await scene.ticket(), killed())
        assert (await scene.known())[1] == 1
        await scene.collect(later=25 * HOUR)
        assert (scene.files(), await scene.known()) == (0, (0, 0))

    run(test)


def test_all_docs_of_a_twin_go_with_it(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"same")
        for number in range(5):
            await scene.attach(upload, f"doc{number}")
        await scene.invalidate(upload)
        await scene.registry.store.write(docs.delete_of_twin, scene.twin)
        await scene.collect()
        assert (scene.files(), await scene.known()) == (0, (0, 0))

    run(test)


def test_nothing_that_is_needed_is_ever_collected(run: Run) -> None:
    """Many attach and delete the same few contents while collectors run beside them."""
    contents = [os.urandom(10) for _ in range(3)]

    async def client(scene: Scene, number: int) -> None:
        choose = random.Random(number)
        for turn in range(12):
            content, name = choose.choice(contents), f"doc{number}-{turn}"
            upload = await scene.upload(content)
            if choose.random() < 0.8:
                await scene.attach(upload, name)
            await scene.invalidate(upload)
            if choose.random() < 0.7:
                with suppress(DocNotFoundError):
                    assert await scene.content(name) == content
                    await scene.delete(name)

    async def test(scene: Scene) -> None:
        clients = asyncio.gather(*(client(scene, number) for number in range(6)))
        while not clients.done():
            await asyncio.gather(scene.collect(), scene.collect())
        await clients
        left = await scene.registry.store.read(docs.get_all, scene.call, scene.twin, None)
        assert left
        for doc in left:
            assert await scene.content(doc.name) in contents
        await scene.registry.store.write(docs.delete_all, scene.call, scene.twin)
        await scene.collect()
        assert (scene.files(), await scene.known()) == (0, (0, 0))

    run(test)


def test_a_twin_has_a_bound_on_docs_which_costs_nothing_to_hit(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"same")
        await scene.attach(upload, "first")
        new = NewDoc(upload, None, "access_optimized", None)
        many = {f"doc{number}": new for number in range(docs.MOST_DOCS)}
        with pytest.raises(DocumentTooLargeError):
            await scene.registry.store.write(docs.attach, scene.call, scene.twin, many)
        left = await scene.registry.store.read(docs.get_all, scene.call, scene.twin, None)
        assert [doc.name for doc in left] == ["first"]

    run(test)


def test_a_name_taken_at_the_same_time_is_taken_once(run: Run) -> None:
    async def test(scene: Scene) -> None:
        upload = await scene.upload(b"same")
        outcomes = await asyncio.gather(
            *(scene.attach(upload, "name") for _ in range(5)), return_exceptions=True
        )
        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, DocExistsError) for outcome in outcomes) == 4
        await scene.delete("name")
        await scene.invalidate(upload)
        await scene.collect()
        assert scene.files() == 0

    run(test)


def test_an_account_has_so_many_files_on_their_way_in_and_no_other_waits_for_it(run: Run) -> None:
    async def test(scene: Scene) -> None:
        under_way, most = 0, 0
        full, released = asyncio.Event(), asyncio.Event()

        async def slow() -> Chunks:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            if under_way == uploads.MOST_AT_ONCE:
                full.set()
            yield b"begins"
            await released.wait()
            under_way -= 1

        tickets = [await scene.ticket() for _ in range(3 * uploads.MOST_AT_ONCE)]
        arriving = [asyncio.create_task(scene.put(ticket, slow())) for ticket in tickets]
        await full.wait()
        actor = msgspec.structs.replace(scene.call.actor, account=ids.new_uuid())
        other = replace(scene, call=msgspec.structs.replace(scene.call, actor=actor))
        await other.upload(b"of another account")
        released.set()
        await asyncio.gather(*arriving)
        assert most == uploads.MOST_AT_ONCE

    run(test)
