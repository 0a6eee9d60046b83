"""Why a rule holds or does not: for the person who wrote it and wonders."""

import msgspec

from twinhold.registry import searches, twins, variables
from twinhold.registry.principal import Call
from twinhold.rules import Engine, Explanation, RuleSyntaxError, explain, parse
from twinhold.store import Transaction
from twinhold.store.twins import Facts


class Explained(msgspec.Struct, frozen=True):
    """A rule explained on this engine.

    Attributes:
        indexes: attributes whose index finds all candidates; None when no index can help.
        has_twin: whether there was a twin to evaluate it on.
    """

    explanation: Explanation
    engine: Engine
    indexes: tuple[str, ...] | None
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
        parsed = parse(rule)
    except RuleSyntaxError:
        return Explained(explain(rule, {}), transaction.engine, None, found is not None)
    scope = variables.of_call(call, parsed.variables)
    seeks = parsed.seeks(searches.COLUMNS, scope)
    indexes = None if seeks is None else tuple(sorted({seek.attribute for seek in seeks}))
    return Explained(
        explain(rule, scope | _of_twin(found, parsed.variables), searches.COLUMNS),
        transaction.engine,
        indexes,
        found is not None,
    )


def _of_twin(twin: Facts | None, names: frozenset[str]) -> variables.Scope:
    return {} if twin is None else variables.of_twin(twin, names)
