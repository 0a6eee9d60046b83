"""Who may do what: the one place that decides, for every dialect.

Two questions are asked in this order. May the caller perform the operation at all? His role's
statement answers. May he do it to this twin? Ownership and the role's rules answer. What no clause
allows is denied.
"""

from typing import Any, Literal

import msgspec

from twinhold.registry.errors import NotOwnerError, PermissionDeniedError, TwinForbiddenError

OPERATOR_OPERATIONS = frozenset({"create_account"})
"""Operations on the registry itself: only roles of the operator's account can hold them."""


class Statement(msgspec.Struct, frozen=True):
    """A role's statement: `allow` means only these actions, `deny` all but these.

    `deny` without actions allows everything, `allow` without actions nothing (spec section 3).
    """

    effect: Literal["allow", "deny"] = "deny"
    actions: frozenset[str] | None = None

    def allows(self, operation: str) -> bool:
        """Whether the statement alone allows an operation."""
        listed = self.actions is not None and operation in self.actions
        return listed if self.effect == "allow" else not listed


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: a user, his account and what his role allows.

    Attributes:
        operator: whether the account runs this registry.
        description: the user's description as JSON text, for `USER.<key>` in rules.
        validity: microseconds after which his credential is void; None means never.
    """

    account: str
    user: str
    role: str
    operator: bool
    statement: Statement
    description: str | None
    validity: int | None


NOBODY = Principal("", "", "", False, Statement("allow"), None, None)
"""The caller of a public operation: may do nothing."""


class Call(msgspec.Struct, frozen=True):
    """One request as a use case sees it.

    Attributes:
        actor: who calls.
        now: microseconds since the epoch, read once a request.
        dictionary: what the client sent for `DICT.<key>` in rules.
    """

    actor: Principal
    now: int
    dictionary: dict[str, Any] = {}


class Verdict(msgspec.Struct, frozen=True):
    """A decision and its reason.

    Attributes:
        allowed: the decision.
        rule: the rule that decided, if one did.
        because: the reason, as a sentence.
    """

    allowed: bool
    rule: str | None
    because: str


def require_permission(actor: Principal, operation: str) -> None:
    """Let the call pass only when the caller's role allows the operation.

    Raises:
        PermissionDeniedError: it does not.
    """
    if not actor.statement.allows(operation):
        raise PermissionDeniedError(f"The role of the user does not allow {operation}.")
    if operation in OPERATOR_OPERATIONS and not actor.operator:
        raise PermissionDeniedError(f"Only the operator's account can be allowed {operation}.")


def decide_twin(actor: Principal, owner: str) -> Verdict:
    """Whether the caller may see a twin: without a rule, his account's twins and no others."""
    if actor.account == owner:
        return Verdict(allowed=True, rule=None, because="The account owns the twin.")
    return Verdict(
        allowed=False,
        rule=None,
        because="The role has no twin rule, so it covers only the twins of its own account.",
    )


def require_twin(actor: Principal, owner: str) -> None:
    """Let the call pass only when the caller may see the twin.

    Raises:
        TwinForbiddenError: he may not; the text says why.
    """
    verdict = decide_twin(actor, owner)
    if not verdict.allowed:
        raise TwinForbiddenError(f"The twin is not accessible. {verdict.because}")


def require_ownership(actor: Principal, owner: str) -> None:
    """Let the call pass only when the caller's account owns the twin.

    Raises:
        NotOwnerError: another account does.
    """
    if actor.account != owner:
        raise NotOwnerError("Only the owner of the twin can change it.")
