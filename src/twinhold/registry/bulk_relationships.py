"""Many relationships put in one transaction.

The decisions are those of `relationships.put`, an edge at a time; one statement stores them all.
"""

from collections.abc import Mapping, Sequence

import msgspec

from twinhold.registry import modelled_twins, relationships
from twinhold.registry.bulk_twins import Refused
from twinhold.registry.errors import RegistryError
from twinhold.registry.principal import Call
from twinhold.registry.relationships import Draft, Ends
from twinhold.registry.twins import require_alive
from twinhold.store import Transaction
from twinhold.store import relationships as stored
from twinhold.store.relationships import EdgeRow
from twinhold.store.shape import NOTHING
from twinhold.store.twins import Facts


async def put_all(transaction: Transaction, call: Call, drafts: Sequence[Draft]) -> Refused:
    """Make or replace relationships; of those with the same source and id the last one counts.

    Answers which are refused and why; the others are put.
    """
    ids = {id_ for draft in drafts for id_ in (draft.source, draft.target)}
    twins = await modelled_twins.find_some_to_change(transaction, call, ids)
    rows: dict[tuple[str, str], EdgeRow] = {}
    refused: Refused = {}
    for position, draft in enumerate(drafts):
        try:
            row = await _row(transaction, call, draft, twins)
            if row is None:
                await _store(transaction, call, rows)
                await relationships.put(transaction, call, draft, NOTHING)
            else:
                rows[row.source, row.relationship] = row
        except RegistryError as error:
            refused[position] = error
    await _store(transaction, call, rows)
    return refused


async def _row(
    transaction: Transaction, call: Call, draft: Draft, twins: Mapping[str, Facts | None]
) -> EdgeRow | None:
    """What is to be kept of a draft; None for one that depends on what its source has already."""
    if not draft.id:
        return None
    relationships.require_id(draft.id)
    ends = Ends(
        modelled_twins.require_end(call, twins[draft.source], draft.source),
        modelled_twins.require_end(call, twins[draft.target], draft.target),
    )
    require_alive(ends.source)
    fit = await relationships.fitting(transaction, call, draft, ends)
    if fit.kind.max_multiplicity is not None:
        return None
    return relationships.edge(draft, ends, draft.id)


async def _store(
    transaction: Transaction, call: Call, rows: dict[tuple[str, str], EdgeRow]
) -> None:
    """Store the rows gathered so far, and begin anew."""
    if rows:
        # In the order of the key, so that neighbours are written together.
        ordered = [rows[key] for key in sorted(rows)]
        text = msgspec.json.encode(ordered).decode()
        await transaction.run(stored.PUT_SOME, {"rows": text, "now": call.now})
        rows.clear()
