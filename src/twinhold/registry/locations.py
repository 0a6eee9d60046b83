"""Where twins are: a twin is in a location when relationships lead from it there.

Source: spec/willow.md 9, decision 22.
"""

import contextlib
from collections.abc import Collection

import msgspec

from twinhold.registry import access, modelled_twins
from twinhold.registry.errors import TwinForbiddenError, TwinNotFoundError
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import modelled_twins as stored_twins
from twinhold.store import twin_queries as stored
from twinhold.store.shape import NOTHING

WAYS = ("isPartOf", "locatedIn", "includedIn", "isCapabilityOf", "hostedBy")
"""The relationships that lead from a twin to where it is."""


async def find(transaction: Transaction, call: Call, id_: str) -> str | None:
    """The UUID of a location; None where there is none, or none that the caller may see."""
    with contextlib.suppress(TwinNotFoundError, TwinForbiddenError):
        return (await modelled_twins.find(transaction, call, id_)).uuid
    return None


async def those_inside(
    transaction: Transaction, call: Call, uuids: Collection[str], location: str
) -> set[str]:
    """Those of some twins that are in a location, by ways of twins that the caller may see."""
    rows = await transaction.all(stored.WAYS_UP, {"uuids": _texts(uuids), "ways": _texts(WAYS)})
    hidden = await _hidden(transaction, call, {row[1] for row in rows})
    inwards: dict[str, list[str]] = {}
    for source, target, _ in rows:
        if target not in hidden:
            inwards.setdefault(target, []).append(source)
    return _reachable(inwards, location) & set(uuids)


def _reachable(inwards: dict[str, list[str]], location: str) -> set[str]:
    found, waiting = {location}, [location]
    while waiting:
        for source in inwards.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


async def _hidden(transaction: Transaction, call: Call, uuids: set[str]) -> set[str]:
    """Those of some twins of the caller's account that they may not see."""
    if call.actor.twin_rule is None or not uuids:
        return set()
    rows = await transaction.all(stored_twins.SELECT_SOME.shaped(NOTHING), {"uuids": _texts(uuids)})
    twins = await gathering.twins_of(transaction, call, rows)
    return {twin.uuid for twin in twins if not access.sees_twin(call, twin)}


def _texts(values: Collection[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
