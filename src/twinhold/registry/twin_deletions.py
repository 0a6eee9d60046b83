"""Deleting a twin of a model: the twin, and all that every part of the registry keeps of it."""

from twinhold.registry import (
    attribute_indexes,
    docs,
    identities,
    modelled_twins,
    relationships,
    stickers,
    time_series,
    transfers,
)
from twinhold.registry.ledgers import writing as ledgers
from twinhold.registry.modelled_twins import Condition
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import modelled_twins as stored

_KEEPERS = (
    attribute_indexes.delete_of_twin,
    docs.delete_of_twin,
    identities.delete_of_twin,
    ledgers.delete_of_twin,
    stickers.delete_of_twin,
    time_series.delete_of_twin,
    transfers.delete_of_twin,
)


async def delete(
    transaction: Transaction, call: Call, id_: str, condition: Condition, *, cascade: bool
) -> None:
    """Remove a twin with all that hangs on it.

    Args:
        transaction: the transaction.
        call: who calls.
        id_: the twin.
        condition: what must hold.
        cascade: remove its relationships too.

    Raises:
        TwinRelatedError: it has relationships, and they are not to be removed.
        TwinNotFoundError, TwinForbiddenError, NotOwnerError, TwinTerminatedError: the twin may not
            be removed.
        PreconditionFailedError: the condition does not hold.
    """
    twin = await modelled_twins.find_to_change(transaction, call, id_, condition)
    if cascade:
        await relationships.delete_of_twin(transaction, twin.uuid)
    else:
        await relationships.require_none(transaction, twin)
    for delete_of_twin in _KEEPERS:
        await delete_of_twin(transaction, twin.uuid)
    await transaction.run(stored.DELETE, {"uuid": twin.uuid})
