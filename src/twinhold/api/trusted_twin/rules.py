"""Handler of explain_rule, ours."""

from typing import TYPE_CHECKING

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import rules as wire
from twinhold.registry import explanations, ids
from twinhold.registry.explanations import Explained

if TYPE_CHECKING:
    from twinhold.rules import Reason


async def explain_rule(request: Request) -> bytes:
    """POST /rules/explain."""
    given = decode(request.body, wire.ExplainInput)
    twin = None if given.twin is None else ids.parse_uuid(given.twin, "twin", "/twin")
    explained = await request.search(explanations.explain_rule, given.rule, twin)
    return msgspec.json.encode(_written(explained))


def _written(explained: Explained) -> wire.RuleExplanation:
    explanation, engine = explained.explanation, explained.engine
    predicate = explanation.sql.get(engine)
    return wire.RuleExplanation(
        rule=explanation.text,
        parses=explanation.reason is not None,
        error=explanation.error or None,
        position=explanation.position,
        verdict=explanation.holds if explained.has_twin and explanation.reason else None,
        decided=None if explanation.reason is None else _reason(explanation.reason),
        engine=engine,
        sql=None if predicate is None else predicate.sql,
        sql_parameters={} if predicate is None else _plain(predicate.parameters),
        exact=predicate is not None and predicate.exact,
        left_to_python=list(explanation.left_to_python.get(engine, ())),
        indexes=explained.indexes,
    )


def _reason(reason: "Reason") -> wire.RuleReason:
    return wire.RuleReason(
        expression=reason.text,
        value=reason.value or None,
        error=reason.error or None,
        because=[_reason(part) for part in reason.parts],
    )


def _plain(parameters: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}


OPERATIONS = (
    Operation(
        name="explain_rule",
        method="POST",
        path="/rules/explain",
        handler=explain_rule,
        summary="Say whether a rule parses, what decides it on a twin, and its SQL; ours.",
        request=wire.ExplainInput,
        response=wire.RuleExplanation,
    ),
)
