"""Models one by one: what they were compiled to, and what other tables say of that."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias

from twinhold.registry import ids
from twinhold.registry.model_uploads import content_digest, edges_of
from twinhold.store import Transaction
from twinhold.store import doctor as stored
from twinhold.store.doctor import ModelRow

_PAGE = 200

_Sets: TypeAlias = "defaultdict[tuple[str, str], set[tuple[str, ...]]]"


async def check(transaction: Transaction) -> AsyncIterator[str]:
    """What is wrong with models."""
    edges: _Sets = defaultdict(set)
    ancestors: _Sets = defaultdict(set)
    for account, dtmi, *edge in await transaction.all(stored.EDGES, {}):
        edges[account, dtmi].add(tuple(edge))
    for account, dtmi, *ancestor in await transaction.all(stored.ANCESTORS, {}):
        ancestors[account, dtmi].add(tuple(ancestor))
    after = {"account": ids.LOWEST, "dtmi": ""}
    while rows := await transaction.all(stored.PAGE_OF_MODELS, after | {"count": _PAGE}):
        page = [ModelRow._make(row) for row in rows]
        after = {"account": page[-1].account, "dtmi": page[-1].dtmi}
        for model in page:
            key = model.account, model.dtmi
            for fault in _faults(model, edges[key], ancestors[key]):
                yield f"The model {model.dtmi} of the account {model.account} {fault}."
        await transaction.breathe()


def _faults(
    model: ModelRow, edges: set[tuple[str, ...]], ancestors: set[tuple[str, ...]]
) -> Iterator[str]:
    from twinhold.dtdl.interfaces import load  # noqa: PLC0415 - see `LoadedModels.add`

    if content_digest(model.document, bytes(model.compiled)) != model.content:
        yield "has a content that is not what was uploaded"
    try:
        interface = load(bytes(model.compiled))
    except ValueError:
        yield "cannot be read in the form that it was compiled to"
        return
    if interface.dtmi != model.dtmi:
        yield f"was compiled to the model {interface.dtmi}"
    if edges != {edge[1:] for edge in edges_of(interface)}:
        yield "depends on other models than the table model_edges says"
    if ancestors != {(ancestor,) for ancestor in interface.ancestors}:
        yield "extends other models than the table model_ancestors says"
