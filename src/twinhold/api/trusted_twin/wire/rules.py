"""Rules on the wire."""

from typing import Literal

import msgspec

from twinhold.api.kit.forms import Uuid


class ExplainInput(msgspec.Struct, frozen=True):
    """The body of explain_rule: a rule, and a twin to evaluate it on."""

    rule: str
    twin: Uuid | None = None


class RuleReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a rule, its value as text or why it has none, and what decided it."""

    expression: str
    value: str | None
    error: str | None
    because: list["RuleReason"]


class RuleExplanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule explained: whether it parses, its verdict and why, its SQL, what Python checks."""

    rule: str
    parses: bool
    error: str | None
    position: int | None
    verdict: bool | None
    decided: RuleReason | None
    engine: str
    sql: str | None
    sql_parameters: dict[str, str]
    exact: bool
    left_to_python: list[str]
    indexes: dict[str, Literal["none", "building", "ready"]] | None
