"""What hangs on twins: in numbers that a page does not hold, and when its twin is deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from twinhold.registry import identities, ids, stickers, twins
from twinhold.registry.errors import IdentityNotFoundError, ReadTooLongError, StickerNotFoundError
from twinhold.registry.identities import PAGE, IdentityChange, Lookup
from twinhold.registry.pace import A_RULE_TO_READ, BRIEF, LongReadError, Pace
from twinhold.registry.principal import NOBODY, Call
from twinhold.registry.stickers import Listing, NewSticker
from twinhold.rules import parse
from twinhold.store import Store, Transaction, open_store
from twinhold.store.shape import NOTHING, Text, shape

NAME, NOW = "RFID#1", 1_700_000_000_000_000
PUBLIC = IdentityChange(None, '"true"')
EVERYBODY = Lookup(NAME, None, visible_only=False, shape=shape(Text("uuid")))
LISTING = Listing(None, None, since=0, before=NOW + 1, limit=100, offset=0)

Run = Callable[[Callable[[Store], Awaitable[None]]], None]


def a_call() -> Call:
    """A call of a user of a new account whose rules let everything through."""
    rule = parse("true")
    actor = msgspec.structs.replace(
        NOBODY,
        account=ids.new_uuid(),
        user=ids.new_uuid(),
        role=ids.new_uuid(),
        twin_rule=rule,
        identity_rule=rule,
    )
    return Call(actor, NOW)


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Run:
    """Runs a check on an open store."""
    database = None if engine == "sqlite" else new_database()

    async def go(check: Callable[[Store], Awaitable[None]]) -> None:
        store = await open_store(tmp_path, database)
        try:
            await check(store)
        finally:
            await store.close()

    return lambda check: asyncio.run(go(check))


async def fill(transaction: Transaction, call: Call, count: int) -> list[str]:
    """Make twins that share an identity and have a sticker each."""
    made = sorted(ids.new_twin_uuid(call.now) for _ in range(count))
    recipients = (call.actor.account, call.actor.user)
    for twin in made:
        await twins.create(transaction, call, twin, None, NOTHING)
        await identities.create(transaction, call, twin, {NAME: PUBLIC})
        sticker = NewSticker("red", None, recipients, None, None)
        await stickers.put(transaction, call, twin, [sticker])
    return made


def test_an_identity_of_more_twins_than_a_page_holds(run: Run) -> None:
    async def check(store: Store) -> None:
        owner, seer, long = a_call(), a_call(), Pace(is_brief=False)
        others = await store.write(fill, a_call(), 3)
        made = await store.write(fill, owner, 2 * PAGE + 7)
        accounts = frozenset({owner.actor.account, seer.actor.account})
        of_some = msgspec.structs.replace(EVERYBODY, accounts=accounts)
        for call in (owner, seer):
            assert await store.read(identities.resolve, call, long, of_some) == made
            found = await store.read(identities.resolve, call, long, EVERYBODY)
            assert found == sorted(made + others)

    run(check)


def test_a_read_gives_up_being_brief_when_it_is_long(run: Run) -> None:
    async def check(store: Store) -> None:
        owner, seer, most = a_call(), a_call(), BRIEF // A_RULE_TO_READ
        for number, call in enumerate([owner] * (most + 1) + [seer]):
            await store.write(fill, call, 1)
            brief = Pace(is_brief=True)
            assert len(await store.read(identities.resolve, owner, brief, EVERYBODY)) == number + 1
            if number < most:
                brief = Pace(is_brief=True)
                found = await store.read(identities.resolve, seer, brief, EVERYBODY)
                assert len(found) == number + 1
        with pytest.raises(LongReadError):
            await store.read(identities.resolve, seer, Pace(is_brief=True), EVERYBODY)
        found = await store.read(identities.resolve, seer, Pace(is_brief=False), EVERYBODY)
        assert len(found) == most + 2

    run(check)


def test_slow_rules_are_not_for_brief_reads(run: Run) -> None:
    async def check(store: Store) -> None:
        call, name = a_call(), {NAME: IdentityChange(None, "\"TWIN.a =~~ '(a|aa)+$'\"")}
        for twin in await store.write(fill, a_call(), 3):
            await store.write(identities.create, call, twin, name)
        own = msgspec.structs.replace(EVERYBODY, accounts=frozenset({call.actor.account}))
        assert len(await store.read(identities.resolve, call, Pace(is_brief=True), own)) == 3
        with pytest.raises(LongReadError):
            await store.read(identities.resolve, a_call(), Pace(is_brief=True), own)
        slow = msgspec.structs.replace(call.actor, twin_rule=parse("TWIN.a !~ '(a|aa)+$'"))
        call = msgspec.structs.replace(call, actor=slow)
        with pytest.raises(LongReadError):
            await store.read(identities.resolve, call, Pace(is_brief=True), own)

    run(check)


def test_a_read_that_takes_too_long_is_refused(run: Run) -> None:
    async def check(store: Store) -> None:
        owner = a_call()
        await store.write(fill, owner, 300)
        with pytest.raises(ReadTooLongError):
            await store.read(identities.resolve, owner, Pace(is_brief=False, seconds=0), EVERYBODY)
        listing = msgspec.structs.replace(LISTING, offset=290)
        with pytest.raises(ReadTooLongError):
            await store.read(stickers.get_newest, owner, Pace(is_brief=False, seconds=0), listing)

    run(check)


def test_stickers_on_more_twins_than_a_page_holds(run: Run) -> None:
    async def check(store: Store) -> None:
        owner = a_call()
        made = await store.write(fill, owner, stickers.PAGE + 30)
        found: list[str] = []
        for offset in range(0, 400, 100):
            listing = msgspec.structs.replace(LISTING, offset=offset)
            page = await store.read(stickers.get_newest, owner, Pace(is_brief=False), listing)
            found += [one.twin for one in page]
        assert found == made[::-1]

    run(check)


def test_nothing_is_left_of_a_twin_that_is_deleted(run: Run) -> None:
    async def check(store: Store) -> None:
        owner = a_call()
        gone, kept = await store.write(fill, owner, 2)

        async def delete(transaction: Transaction) -> None:
            await identities.delete_of_twin(transaction, gone)
            await stickers.delete_of_twin(transaction, gone)

        await store.write(delete)
        found = await store.read(identities.resolve, owner, Pace(is_brief=True), EVERYBODY)
        assert found == [kept]
        with pytest.raises(IdentityNotFoundError):
            await store.read(identities.get, owner, gone, NAME)
        with pytest.raises(StickerNotFoundError):
            await store.read(stickers.get, owner, gone, "red")
        page = await store.read(stickers.get_newest, owner, Pace(is_brief=True), LISTING)
        assert [one.twin for one in page] == [kept]
        # As if it had never been there: all can be put again.
        await store.write(identities.create, owner, gone, {NAME: PUBLIC})
        sticker = NewSticker("red", None, (owner.actor.account,), None, None)
        await store.write(stickers.put, owner, gone, [sticker])

    run(check)
