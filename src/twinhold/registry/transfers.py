"""Transfer of ownership in two steps, so that no account is handed what it did not accept.

Source: design, "One twin, two faces"; the vendor's pages say that ownership can be transferred, and
show no way to do it.
"""

from typing import TypeAlias

from twinhold.registry import access, attribute_indexes, relationships, twins
from twinhold.registry.errors import InvalidValueError, NotFoundError
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import accounts as stored_accounts
from twinhold.store import transfers as stored
from twinhold.store import twins as stored_twins
from twinhold.store.shape import Shape
from twinhold.store.transfers import TransferRow

Transfer: TypeAlias = TransferRow

VALID_SECONDS = 7 * 24 * 3600
_SECOND = 1_000_000


async def create(
    transaction: Transaction, call: Call, transfer: str, twin: str, recipient: str
) -> Transfer:
    """Offer a twin to another account, in place of any earlier offer of it.

    Raises:
        TwinNotFoundError, TwinForbiddenError, NotOwnerError, TwinTerminatedError: see
            `twins.find_to_change`.
        TwinRelatedError: it has relationships with twins that stay.
        InvalidValueError: the recipient is the owner.
        NotFoundError: there is no such account.
    """
    offered = await twins.find_to_change(transaction, call, twin)
    await relationships.require_none(transaction, offered)
    if recipient == call.actor.account:
        raise InvalidValueError("The recipient owns the twin already.", "/recipient")
    if await transaction.one(stored_accounts.SELECT_ACCOUNT, {"account": recipient}) is None:
        raise NotFoundError(f"The account {recipient} does not exist.")
    offer = Transfer(
        transfer, twin, call.actor.account, recipient, call.now + VALID_SECONDS * _SECOND
    )
    await delete_of_twin(transaction, twin)
    await transaction.run(stored.INSERT, offer._asdict() | {"transfer": transfer})
    return offer


async def accept(transaction: Transaction, call: Call, transfer: str, shape: Shape) -> str:
    """Take over a twin that was offered; certificates and all that hangs on it stay.

    Raises:
        NotFoundError: no offer of this kind waits for the caller's account.
        TwinTerminatedError: the twin was terminated meanwhile.
        TwinForbiddenError: the twin rule of the caller's role hides it.
        TwinRelatedError: it has relationships with twins that stay.
    """
    offer = await _find(transaction, call, transfer)
    if call.actor.account != offer.recipient or offer.validity <= call.now:
        raise _unknown(transfer)
    twin = await twins.hold(transaction, call, offer.twin)
    # Their rule judges the twin as it will be.
    access.require_twin(call, twin._replace(owner=call.actor.account))
    twins.require_alive(twin)
    await relationships.require_none(transaction, twin)
    await transaction.run(stored.DELETE, {"transfer": transfer})
    row = await transaction.one(
        stored_twins.CHANGE_OWNER.shaped(shape),
        {"uuid": offer.twin, "owner": call.actor.account, "now": call.now},
    )
    if row is None:
        raise _unknown(transfer)
    owner = call.actor.account
    await attribute_indexes.move(transaction, owner, offer.twin, twin.description)
    document: str = row[0]
    return document


async def cancel(transaction: Transaction, call: Call, transfer: str) -> Transfer:
    """Withdraw an offer, or decline it.

    Raises:
        NotFoundError: there is none between the caller's account and another.
    """
    offer = await _find(transaction, call, transfer)
    await transaction.run(stored.DELETE, {"transfer": transfer})
    return offer


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Withdraw the offer of a twin."""
    await transaction.run(stored.DELETE_OF_TWIN, {"twin": twin})


async def _find(transaction: Transaction, call: Call, transfer: str) -> Transfer:
    row = await transaction.one(stored.SELECT, {"transfer": transfer})
    offer = None if row is None else Transfer._make(row)
    if offer is None or call.actor.account not in {offer.owner, offer.recipient}:
        raise _unknown(transfer)
    return offer


def _unknown(transfer: str) -> NotFoundError:
    return NotFoundError(f"The transfer {transfer} does not exist.")
