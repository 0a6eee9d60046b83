"""Models of an account: what twins may hold, written in the model language.

Models never change, so that a twin that was valid stays valid; a changed model is a new version
with an id of its own. How models come in is in `model_uploads`.
"""

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from twinhold.registry import documents
from twinhold.registry.errors import ModelInUseError, ModelNotFoundError, quoted
from twinhold.registry.principal import Call
from twinhold.store import Transaction
from twinhold.store import models as stored
from twinhold.store.keys import ALONE
from twinhold.store.models import DocumentRow, ModelRow, VersionRow

if TYPE_CHECKING:
    from twinhold.dtdl import Model

StoredModel: TypeAlias = ModelRow

_MOST_NAMED = 20


class Listing(msgspec.Struct, frozen=True):
    """Which models to list, in the order of their ids.

    Attributes:
        after: the id that the list goes on behind; empty to begin.
        needed_by: only these models and all that they depend on; empty for all.
        whole: with their documents.
    """

    after: str = ""
    count: int = 100
    needed_by: tuple[str, ...] = ()
    whole: bool = False


class Page(msgspec.Struct, frozen=True):
    """Some models, and the id of the last one when more follow."""

    models: list[StoredModel]
    last: str | None


async def get(transaction: Transaction, call: Call, dtmi: str) -> "Model":
    """A model to check twins with; once it is in memory this costs two look-ups.

    Raises:
        ModelNotFoundError: the account has no such model.
    """
    loaded = call.actor.models
    found = loaded.find(dtmi)
    if found is not None:
        return found
    parameters = {"account": call.actor.account, "roots": names((dtmi,))}
    rows = await transaction.all(stored.COMPILED, parameters)
    if not rows:
        raise _not_found(dtmi)
    loaded.add((row[0], row[1]) for row in rows)
    found = loaded.find(dtmi)
    if found is None:
        raise RuntimeError("A model is stored without itself among its dependencies.")
    return found


async def descendants(transaction: Transaction, call: Call, dtmi: str) -> tuple[str, ...]:
    """The ids of all models that extend a model, directly or not."""
    parameters = {"account": call.actor.account, "dtmi": dtmi}
    return tuple(row[0] for row in await transaction.all(stored.DESCENDANTS, parameters))


async def families(transaction: Transaction, call: Call, dtmis: Sequence[str]) -> tuple[str, ...]:
    """Some ids, and those of all models that extend one of them; unknown ones stay alone."""
    known = call.actor.models.families
    missing = [dtmi for dtmi in dtmis if dtmi not in known]
    if missing:
        parameters = {"account": call.actor.account, "dtmis": names(missing)}
        found: dict[str, dict[str, None]] = {}
        for ancestor, dtmi in await transaction.all(stored.FAMILIES, parameters):
            found.setdefault(ancestor, {ancestor: None})[dtmi] = None
        known.update(found)
    # An id without family is not remembered: it may be any that a client thinks of.
    return tuple({each: None for dtmi in dtmis for each in known.get(dtmi, (dtmi,))})


async def find(transaction: Transaction, call: Call, dtmi: str, *, whole: bool) -> StoredModel:
    """Read a model of the caller's account.

    Raises:
        ModelNotFoundError: there is none.
    """
    parameters = {"account": call.actor.account, "dtmi": dtmi, "whole": whole}
    row = await transaction.one(stored.SELECT, parameters)
    if row is None:
        raise _not_found(dtmi)
    return StoredModel._make(row)


async def find_all(transaction: Transaction, call: Call, listing: Listing) -> Page:
    """List models of the caller's account.

    Raises:
        ModelNotFoundError: one that dependencies are asked for does not exist.
    """
    if listing.needed_by:
        await _require_all(transaction, call, listing.needed_by)
    parameters = {
        "account": call.actor.account,
        "after": listing.after,
        "count": listing.count + 1,
        "whole": listing.whole,
        "roots": names(listing.needed_by),
    }
    statement = stored.PAGE_OF_NEEDED if listing.needed_by else stored.PAGE
    rows = await transaction.all(statement, parameters)
    found = [StoredModel._make(row) for row in rows[: listing.count]]
    return Page(found, found[-1].dtmi if len(rows) > listing.count else None)


async def documents_of(transaction: Transaction, call: Call, dtmis: Iterable[str]) -> list[object]:
    """The documents of those of some models that the account has, and of all they depend on."""
    parameters = {"account": call.actor.account, "roots": names(dtmis)}
    rows = await transaction.all(stored.DOCUMENTS, parameters)
    return [documents.decode(DocumentRow._make(row).document) for row in rows]


async def delete(transaction: Transaction, call: Call, dtmi: str) -> None:
    """Delete a model that no other model of the account depends on.

    Raises:
        ModelNotFoundError: there is none.
        ModelInUseError: others depend on it; names them.
    """
    await transaction.run(ALONE, {})
    version = (await versions(transaction, call, (dtmi,))).get(dtmi)
    if version is None:
        raise _not_found(dtmi)
    await _require_unused(transaction, call, dtmi)
    parameters = {"account": call.actor.account, "dtmi": dtmi}
    for statement in (stored.DELETE_ANCESTORS, stored.DELETE_EDGES, stored.DELETE):
        await transaction.run(statement, parameters)
    await transaction.run(stored.DELETE_CONTENT, {"content": version.content})
    await transaction.change_access()


async def versions(
    transaction: Transaction, call: Call, dtmis: Iterable[str]
) -> dict[str, VersionRow]:
    """Which of some models the account has, and in which version."""
    parameters = {"account": call.actor.account, "dtmis": names(dtmis)}
    rows = await transaction.all(stored.VERSIONS, parameters)
    return {row[0]: VersionRow._make(row) for row in rows}


def names(dtmis: Iterable[str]) -> str:
    """Ids as the one parameter in which many of them travel."""
    return msgspec.json.encode(list(dtmis)).decode()


def listed(dtmis: Sequence[str]) -> str:
    """Ids for a message, not more than a reader takes in."""
    shown = ", ".join(quoted(dtmi) for dtmi in dtmis[:_MOST_NAMED])
    more = len(dtmis) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def warm_up() -> None:
    """Load the model language, so that the first model does not wait for it."""
    importlib.import_module("twinhold.dtdl")


async def _require_all(transaction: Transaction, call: Call, dtmis: Iterable[str]) -> None:
    known = await versions(transaction, call, dtmis)
    for dtmi in dtmis:
        if dtmi not in known:
            raise _not_found(dtmi)


async def _require_unused(transaction: Transaction, call: Call, dtmi: str) -> None:
    parameters = {"account": call.actor.account, "dtmi": dtmi}
    rows = await transaction.all(stored.DEPENDENTS, parameters)
    if rows:
        dependents = listed([row[0] for row in rows])
        raise ModelInUseError(
            f"The model {quoted(dtmi)} is extended by or a component of {dependents}."
        )


def _not_found(dtmi: str) -> ModelNotFoundError:
    return ModelNotFoundError(f"The model {quoted(dtmi)} does not exist.")
