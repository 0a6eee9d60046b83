"""Identities: names that an account gives to twins, and by which it finds them again.

An identity belongs to the account that attached it. It may be attached to a twin that is terminated
or foreign, as far as the caller may see the twin. One name may stand for many twins.
Source: spec/trusted-twin.md section 6.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import TypeAlias

import msgspec

from twinhold.registry import access, documents, ids, rule_texts, twins
from twinhold.registry.changes import given
from twinhold.registry.errors import (
    IdentityExistsError,
    IdentityNotFoundError,
    InvalidValueError,
    TwinNotFoundError,
    quoted,
)
from twinhold.registry.ledgers import gathering
from twinhold.registry.pace import A_RECORD, A_RULE_TO_READ, A_SLOW_RULE, Pace
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import identities as stored
from twinhold.store.identities import IdentityRow
from twinhold.store.shape import NOTHING, Shape
from twinhold.store.twins import Facts

Identity: TypeAlias = IdentityRow

PAGE = 200
_COLUMNS = len(Identity._fields)
_NAME = re.compile(r"[A-Za-z_][0-9A-Za-z_]{0,7}#[0-9A-Za-z_=+-]{1,128}")


class IdentityChange(msgspec.Struct, frozen=True):
    """What is to become of an identity; what is unset stays. The visibility is JSON text."""

    validity: int | None | msgspec.UnsetType
    visibility: str | None | msgspec.UnsetType


class Selection(msgspec.Struct, frozen=True):
    """Which identities of a twin are asked for; all but `foreign` are about the own account's.

    Attributes:
        foreign: the account whose identities are asked for too.
    """

    personal: bool
    foreign: str | None
    expired: bool
    valid: bool
    public: bool
    private: bool

    def holds_own(self, identity: Identity, now: int) -> bool:
        """Whether an identity of the own account is asked for."""
        timely = self.expired if is_expired(identity, now) else self.valid
        shown = self.private if identity.visibility is None else self.public
        return timely and shown


class Lookup(msgspec.Struct, frozen=True):
    """What to resolve.

    Attributes:
        accounts: whose identities count; None stands for everybody's.
        visible_only: only twins that the caller may see.
        shape: how each twin is written.
    """

    identity: str
    accounts: frozenset[str] | None
    visible_only: bool
    shape: Shape


def check_name(identity: str, pointer: str | None = None) -> str:
    """An identity of the right form (spec section 1).

    Raises:
        InvalidValueError: it has another.
    """
    if not _NAME.fullmatch(identity):
        raise InvalidValueError(
            f"The identity {quoted(identity)} must match "
            "^[A-Za-z_][0-9A-Za-z_]{0,7}#[0-9A-Za-z_=+-]{1,128}$.",
            pointer,
        )
    return identity


def is_expired(identity: Identity, now: int) -> bool:
    """Whether the validity of an identity has ended."""
    return identity.validity is not None and identity.validity <= now


async def create(
    transaction: Transaction, call: Call, twin: str, wanted: Mapping[str, IdentityChange]
) -> list[Identity]:
    """Attach identities to a twin, all of them or none.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        IdentityForbiddenError: the identity rule of the caller's role does not cover one of them.
        IdentityExistsError: the account has attached one of them before.
    """
    found = await twins.hold(transaction, call, twin)
    access.require_twin(call, found)
    account = call.actor.account
    made = [
        Identity(account, name, None, None, call.now, call.now)._replace(**given(change))
        for name, change in wanted.items()
    ]
    for one in made:
        access.require_identity(call, found, one)
    rows = documents.encode([(one.identity, one.validity, one.visibility) for one in made])
    inserted = await transaction.all(
        stored.INSERT, {"twin": twin, "account": account, "now": call.now, "rows": rows}
    )
    fresh = {identity for (identity,) in inserted}
    for one in made:
        if one.identity not in fresh:
            raise IdentityExistsError(
                f"The account has attached {one.identity} to the twin already."
            )
    return made


async def get(transaction: Transaction, call: Call, twin: str, identity: str) -> Identity:
    """Read an identity of the caller's account.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        IdentityNotFoundError: the account has not attached it to the twin.
        IdentityForbiddenError: the identity rule of the caller's role does not cover it.
    """
    row = await transaction.one(stored.SELECT.shaped(NOTHING), _key(call, twin, identity))
    if row is None:
        raise TwinNotFoundError(f"The twin {twin} does not exist.")
    found = (await gathering.twins_of(transaction, call, [row[_COLUMNS:]]))[0]
    access.require_twin(call, found)
    if row[0] is None:
        raise _unknown(identity)
    one = Identity._make(row[:_COLUMNS])
    access.require_identity(call, found, one)
    return one


async def get_all(
    transaction: Transaction, call: Call, pace: Pace, twin: str, selection: Selection
) -> list[Identity]:
    """The identities of a twin that are asked for and that the caller may see, by their names.

    An identity of the caller's account hides a foreign one of the same name.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        LongReadError, ReadTooLongError: see `Pace`.
    """
    found, own = await twins.find_visible(transaction, call, twin), call.actor.account
    shown: dict[str, Identity] = {}
    if selection.foreign not in {None, own}:
        async for one in _attached(transaction, call, pace, found, selection.foreign):
            if not is_expired(one, call.now):
                shown[one.identity] = one
    if selection.personal:
        async for one in _attached(transaction, call, pace, found, own):
            if selection.holds_own(one, call.now):
                shown[one.identity] = one
    return [shown[name] for name in sorted(shown)]


async def update(
    transaction: Transaction, call: Call, twin: str, identity: str, change: IdentityChange
) -> Identity:
    """Change an identity of the caller's account; without any change it stays as it is.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        IdentityNotFoundError, IdentityForbiddenError: see `get`.
    """
    before, members = await _find_to_change(transaction, call, twin, identity), given(change)
    if not members:
        return before
    after = before._replace(**members, updated=call.now)
    await transaction.run(
        stored.UPDATE,
        _key(call, twin, identity)
        | {"validity": after.validity, "visibility": after.visibility, "now": call.now},
    )
    return after


async def delete(transaction: Transaction, call: Call, twin: str, identity: str) -> Identity:
    """Take an identity of the caller's account off a twin.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        IdentityNotFoundError, IdentityForbiddenError: see `get`.
    """
    found = await _find_to_change(transaction, call, twin, identity)
    await transaction.run(stored.DELETE, _key(call, twin, identity))
    return found


async def resolve(transaction: Transaction, call: Call, pace: Pace, lookup: Lookup) -> list[str]:
    """The twins that an identity stands for, in the order of their UUIDs, each once.

    Expired identities do not count, nor do those that the caller may not see.

    Raises:
        LongReadError, ReadTooLongError: see `Pace`.
    """
    own = await _resolved_own(transaction, call, lookup)
    if own is not None:
        return own
    found: dict[str, str] = {}
    async for twin, one in _resolved(transaction, call, lookup):
        await pace.spend(transaction, _cost(call, one))
        if twin.uuid in found or not access.sees_identity(call, twin, one):
            continue
        if not lookup.visible_only or access.sees_twin(call, twin):
            found[twin.uuid] = twin.document
    return [found[twin] for twin in sorted(found)]


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Remove all that is kept here of a twin."""
    await transaction.run(stored.DELETE_OF_TWIN, {"twin": twin})


async def _attached(
    transaction: Transaction, call: Call, pace: Pace, twin: Facts, account: str
) -> AsyncIterator[Identity]:
    """The identities that an account has attached to a twin and that the caller may see."""
    after, wanted = "", {"twin": twin.uuid, "account": account, "count": PAGE}
    while True:
        rows = await transaction.all(stored.OF_TWIN, wanted | {"after": after})
        visibilities = (Identity._make(row).visibility for row in rows)
        twin = (await gathering.twins_of(transaction, call, [twin], visibilities))[0]
        for one in map(Identity._make, rows):
            await pace.spend(transaction, _cost(call, one))
            if access.sees_identity(call, twin, one):
                yield one
        if len(rows) < PAGE:
            return
        after = rows[-1][1]


async def _resolved_own(transaction: Transaction, call: Call, lookup: Lookup) -> list[str] | None:
    """The twins of the account's own identity, where no rule has to look at them; else None.

    That is how most readers of tags ask, and it costs one step in an index.
    """
    account, accounts = call.actor.account, lookup.accounts
    if lookup.visible_only or call.actor.identity_rule is not None:
        return None
    if accounts is None or len(accounts) > 1 or account not in accounts:
        return None
    wanted = {"identity": lookup.identity, "account": account, "now": call.now, "count": PAGE}
    rows = await transaction.all(stored.RESOLVE_OWN.shaped(lookup.shape), wanted)
    return [row[0] for row in rows] if len(rows) < PAGE else None


async def _resolved(
    transaction: Transaction, call: Call, lookup: Lookup
) -> AsyncIterator[tuple[Facts, Identity]]:
    """All that an identity is attached to, by accounts that count."""
    wanted: dict[str, object] = {"identity": lookup.identity, "now": call.now, "count": PAGE}
    account = twin = ids.LOWEST
    if lookup.accounts is None:
        statement = stored.RESOLVE_ALL
        wanted["own"] = call.actor.account
    else:
        accounts = sorted(lookup.accounts)
        statement = stored.RESOLVE if len(accounts) > 1 else stored.RESOLVE_FOR_ONE
        wanted |= {"accounts": documents.encode(accounts), "last": accounts[-1]}
        account = accounts[0]
    while True:
        rows = await transaction.all(
            statement.shaped(lookup.shape), wanted | {"account": account, "twin": twin}
        )
        attached = [Identity._make(row[:_COLUMNS]) for row in rows]
        visibilities = (one.visibility for one in attached)
        facts = (row[_COLUMNS:] for row in rows)
        found = await gathering.twins_of(transaction, call, facts, visibilities)
        for pair in zip(found, attached, strict=True):
            yield pair
        if len(rows) < PAGE:
            return
        account, twin = rows[-1][0], rows[-1][_COLUMNS]


async def _find_to_change(
    transaction: Transaction, call: Call, twin: str, identity: str
) -> Identity:
    found = await twins.find_visible(transaction, call, twin)
    row = await transaction.one(stored.SELECT_FOR_UPDATE, _key(call, twin, identity))
    if row is None:
        raise _unknown(identity)
    one = Identity._make(row)
    access.require_identity(call, found, one)
    return one


def _cost(call: Call, identity: Identity) -> int:
    """What it takes to judge an identity: the rules of others have to be read first."""
    rules, cost = [call.actor.identity_rule, call.actor.twin_rule], A_RECORD
    if identity.account != call.actor.account and identity.visibility is not None:
        rules.append(rule_texts.parse(documents.decode(identity.visibility)))
        cost = A_RULE_TO_READ
    return cost if all(rule is None or rule.is_light for rule in rules) else A_SLOW_RULE


def _key(call: Call, twin: str, identity: str) -> dict[str, object]:
    return {"twin": twin, "account": call.actor.account, "identity": identity}


def _unknown(identity: str) -> IdentityNotFoundError:
    return IdentityNotFoundError(f"The account has not attached {identity} to the twin.")
