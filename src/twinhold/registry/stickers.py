"""Stickers: notes that an account puts on a twin for its recipients, who see and remove them.

Recipients are users, roles and accounts; who puts a sticker is none unless named. A sticker may be
put on a twin that is terminated or foreign, as far as the caller may see the twin.
Source: spec/trusted-twin.md section 9.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import TypeAlias

import msgspec

from twinhold.registry import access, documents, ids, twins
from twinhold.registry.errors import (
    InvalidValueError,
    StickerExistsError,
    StickerNotFoundError,
    quoted,
)
from twinhold.registry.ledgers import gathering
from twinhold.registry.pace import A_RECORD, A_SLOW_RULE, Pace
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import stickers as stored
from twinhold.store.shape import NOTHING
from twinhold.store.stickers import StickerRow
from twinhold.store.twins import Facts

Sticker: TypeAlias = StickerRow

VALID_SECONDS = 365 * 24 * 3600
PAGE = 200
_SECOND = 1_000_000
_COLUMNS = len(Sticker._fields)
_COLOR = re.compile(r"[0-9A-Za-z-]{3,48}")


class NewSticker(msgspec.Struct, frozen=True):
    """A sticker to be put on a twin.

    Attributes:
        note: JSON text.
        publish: topics by what happens, as JSON text.
        validity: microseconds; None stands for as long as possible.
    """

    color: str
    note: str | None
    recipients: tuple[str, ...]
    publish: str | None
    validity: int | None


class Listing(msgspec.Struct, frozen=True):
    """Which of the stickers for the caller are asked for; times in microseconds.

    Attributes:
        accounts: who put them; None stands for anybody.
        since: the earliest time of those asked for.
        before: the time behind the latest.
        offset: how many of them are left out at the start.
    """

    color: str | None
    accounts: frozenset[str] | None
    since: int
    before: int
    limit: int
    offset: int


def check_color(color: str, pointer: str | None = None) -> str:
    """A color of the right form (spec section 1).

    Raises:
        InvalidValueError: it has another.
    """
    if not _COLOR.fullmatch(color):
        raise InvalidValueError(
            f"The color {quoted(color)} must match ^[0-9A-Za-z-]{{3,48}}$.", pointer
        )
    return color


async def put(
    transaction: Transaction, call: Call, twin: str, wanted: Sequence[NewSticker]
) -> list[Sticker]:
    """Put stickers on a twin, all of them or none.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        InvalidValueError: a sticker would be valid for too long.
        StickerExistsError: the account has put a sticker of such a color on it that is valid.
    """
    access.require_twin(call, await twins.hold(transaction, call, twin))
    made = [_new(call, twin, one) for one in wanted]
    place: dict[str, object] = {"twin": twin, "account": call.actor.account, "now": call.now}
    for statement in (stored.DELETE_EXPIRED_RECIPIENTS, stored.DELETE_EXPIRED):
        await transaction.run(statement, place)
    rows = [(one.color, one.note, one.recipients, one.publish, one.validity) for one in made]
    inserted = await transaction.all(stored.INSERT, place | {"rows": documents.encode(rows)})
    fresh = {color for (color,) in inserted}
    for one in made:
        if one.color not in fresh:
            raise StickerExistsError(f"The account has put a sticker {one.color} on the twin.")
    addressed = [
        (row.color, recipient, row.validity)
        for one, row in zip(wanted, made, strict=True)
        for recipient in one.recipients
    ]
    await transaction.run(stored.INSERT_RECIPIENTS, place | {"rows": documents.encode(addressed)})
    return made


async def get(transaction: Transaction, call: Call, twin: str, color: str) -> Sticker:
    """Read a sticker that the caller's account has put.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        StickerNotFoundError: there is none.
    """
    await twins.find_visible(transaction, call, twin)
    account = call.actor.account
    row = await transaction.one(
        stored.SELECT, {"twin": twin, "account": account, "color": color, "now": call.now}
    )
    if row is None:
        raise _unknown(color)
    return Sticker._make(row)


async def get_all(
    transaction: Transaction, call: Call, pace: Pace, twin: str, accounts: frozenset[str] | None
) -> list[Sticker]:
    """The stickers on a twin for the caller, by accounts and colors.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        LongReadError, ReadTooLongError: see `Pace`.
    """
    await twins.find_visible(transaction, call, twin)
    wanted = _reader(call) | {"twin": twin, "accounts": _encoded(accounts), "count": PAGE}
    found: list[Sticker] = []
    account, color = ids.LOWEST, ""
    while True:
        rows = await transaction.all(stored.OF_TWIN, wanted | {"account": account, "color": color})
        await pace.spend(transaction, A_RECORD * len(rows))
        found += map(Sticker._make, rows)
        if len(rows) < PAGE:
            return found
        account, color = found[-1].account, found[-1].color


async def remove(
    transaction: Transaction, call: Call, twin: str, color: str, accounts: frozenset[str] | None
) -> Sticker:
    """Remove a sticker for the caller; of several of the color, the oldest.

    Of two who remove it at once, one succeeds.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        StickerNotFoundError: there is none for the caller.
    """
    await twins.find_visible(transaction, call, twin)
    row = await transaction.one(
        stored.FIRST_OF_COLOR,
        _reader(call) | {"twin": twin, "color": color, "accounts": _encoded(accounts)},
    )
    if row is None:
        raise _unknown(color)
    found = Sticker._make(row)
    for statement in (stored.DELETE_RECIPIENTS, stored.DELETE):
        await transaction.run(statement, {"twin": twin, "account": found.account, "color": color})
    return found


async def get_newest(
    transaction: Transaction, call: Call, pace: Pace, listing: Listing
) -> list[Sticker]:
    """The stickers for the caller on twins that they may see, the newest first.

    Raises:
        ReadTooLongError: see `Pace`.
    """
    found, skipped, rule = list[Sticker](), 0, call.actor.twin_rule
    cost = A_RECORD if rule is None or rule.is_light else A_SLOW_RULE
    async for twin, sticker in _newest(transaction, call, listing):
        await pace.spend(transaction, cost)
        if not access.sees_twin(call, twin):
            continue
        if skipped < listing.offset:
            skipped += 1
            continue
        found.append(sticker)
        if len(found) == listing.limit:
            break
    return found


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Remove all that is kept here of a twin."""
    for statement in (stored.DELETE_RECIPIENTS_OF_TWIN, stored.DELETE_OF_TWIN):
        await transaction.run(statement, {"twin": twin})


async def _newest(
    transaction: Transaction, call: Call, listing: Listing
) -> AsyncIterator[tuple[Facts, Sticker]]:
    """The stickers for the caller and their twins, the newest first, a page at a time."""
    wanted = _reader(call) | {
        "since": listing.since,
        "only": listing.color,
        "accounts": _encoded(listing.accounts),
        "count": PAGE,
    }
    last = (listing.before, ids.LOWEST, ids.LOWEST, "")
    while True:
        behind = dict(zip(("placed", "account", "twin", "color"), last, strict=True))
        rows = await transaction.all(stored.NEWEST.shaped(NOTHING), wanted | behind)
        found = await gathering.twins_of(transaction, call, (row[_COLUMNS:] for row in rows))
        for twin, row in zip(found, rows, strict=True):
            yield twin, Sticker._make(row[:_COLUMNS])
        if len(rows) < PAGE:
            return
        end = Sticker._make(rows[-1][:_COLUMNS])
        last = (end.created, end.account, end.twin, end.color)


def _new(call: Call, twin: str, sticker: NewSticker) -> Sticker:
    latest = call.now + VALID_SECONDS * _SECOND
    validity = latest if sticker.validity is None else sticker.validity
    if validity > latest:
        raise InvalidValueError(
            "A sticker is valid for at most 365 days.",
            f"/stickers/{documents.escape(sticker.color)}/validity_ts",
        )
    return Sticker(
        twin=twin,
        account=call.actor.account,
        color=sticker.color,
        note=sticker.note,
        recipients=documents.encode(sticker.recipients),
        publish=sticker.publish,
        validity=validity,
        created=call.now,
    )


def _reader(call: Call) -> dict[str, object]:
    """The caller as a recipient, now."""
    user, role, own = access.addresses(call)
    return {"user": user, "role": role, "own": own, "now": call.now}


def _encoded(accounts: frozenset[str] | None) -> str | None:
    return None if accounts is None else documents.encode(sorted(accounts))


def _unknown(color: str) -> StickerNotFoundError:
    return StickerNotFoundError(f"Sticker not found: {quoted(color)}.")
