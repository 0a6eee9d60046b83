"""Why a rule holds or does not: for the person who wrote it and wonders."""

from typing import TYPE_CHECKING

import msgspec

from twinhold import rules
from twinhold.registry import access, searches, twins, variables
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call, IndexState
from twinhold.store import Transaction
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.rules import Engine, Explanation


class Explained(msgspec.Struct, frozen=True):
    """A rule explained on this engine.

    Attributes:
        indexes: attributes whose indexes find all candidates, each with the state of its index;
            None when no index can help.
        has_twin: whether there was a twin to evaluate it on.
    """

    explanation: "Explanation"
    engine: "Engine"
    indexes: dict[str, IndexState] | None
    has_twin: bool


async def explain_rule(
    transaction: Transaction, call: Call, rule: str, twin: str | None
) -> Explained:
    """Explain a rule, on a twin that the caller may see or on none.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
    """
    found = None if twin is None else await twins.find_visible(transaction, call, twin)
    try:
        parsed = rules.parse(rule)
    except rules.RuleSyntaxError:
        return Explained(rules.explain(rule, {}), transaction.engine, None, found is not None)
    if found is not None and "LEDGER" in parsed.variables:
        whole = await gathering.with_ledger(transaction, call, found)
        found = access.with_seen_ledger(call, whole)
    columns = searches.columns_for(call)
    scope = variables.of_call(call, parsed.variables)
    seeks = parsed.seeks(columns, scope)
    indexes = None
    if seeks is not None:
        indexes = {seek.attribute: call.actor.indexes.state(seek.attribute) for seek in seeks}
    return Explained(
        rules.explain(rule, scope | _of_twin(found, parsed.variables), columns),
        transaction.engine,
        indexes,
        found is not None,
    )


def _of_twin(twin: Facts | None, names: frozenset[str]) -> variables.Scope:
    return {} if twin is None else variables.of_twin(twin, names)
