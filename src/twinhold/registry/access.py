"""Who may do what: the one place that decides, for every dialect.

These questions are asked in this order. May the caller perform the operation at all? The statement
of the caller's role answers, or the options of the token. May they do it to this twin? Ownership
and the role's twin rule answer. May they see what hangs on the twin? The role's rule for such
things answers, and the visibility that other accounts have given to theirs. What no clause allows
is denied.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from twinhold.registry import documents, rule_texts, variables
from twinhold.registry.errors import (
    EscalationError,
    IdentityForbiddenError,
    LedgerForbiddenError,
    NotOwnerError,
    PermissionDeniedError,
    TwinForbiddenError,
)
from twinhold.registry.ledgers.entries import Entries, Entry
from twinhold.registry.principal import Call, Principal, RoleRules, Statement, Verdict
from twinhold.store import Transaction
from twinhold.store.identities import IdentityRow
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.rules import Rule

OPERATOR_OPERATIONS = frozenset({"create_account", "rotate_keys"})
"""Operations on the registry itself: only roles of the operator's account can hold them."""

TOKEN_OPTIONS: Mapping[str, str] = {"create_user_token": "create", "refresh_user_token": "refresh"}
"""Operations on tokens: a token's option decides, whatever the role says (spec section 3)."""

DECIDING_SECONDS = 0.25
"""Processor time that the rules of one ledger may take: of its entries, and of conditions on them.

What is not decided then is not shown, or not changed.
"""

NO_RULE = Verdict(
    allowed=False,
    rule=None,
    because="The role has no twin rule, so it covers only the twins of its own account.",
)

NO_IDENTITY_RULE = Verdict(
    allowed=False,
    rule=None,
    because="The role has no identity rule, so it covers only identities of its own account.",
)
PRIVATE = Verdict(
    allowed=False, rule=None, because="The account that attached the identity keeps it private."
)
VISIBLE = Verdict(allowed=True, rule=None, because="The visibility of the identity holds.")
INVISIBLE = Verdict(
    allowed=False, rule=None, because="The visibility of the identity does not hold."
)
OWN_IDENTITY = Verdict(
    allowed=True, rule=None, because="The account of the caller attached the identity."
)


async def confirm(_: Transaction, call: Call) -> Principal:
    """Who calls; for operations without a statement of their own, which must be as current."""
    return call.actor


def require_permission(actor: Principal, operation: str) -> None:
    """Let the call pass only when the caller may perform the operation at all.

    Raises:
        PermissionDeniedError: they may not.
    """
    if not actor.has_role:
        raise PermissionDeniedError(f"The role {actor.role} does not exist any more.")
    if operation in TOKEN_OPTIONS and (actor.token or operation == "refresh_user_token"):
        option = TOKEN_OPTIONS[operation]
        if actor.token is None or option not in actor.token.options:
            raise PermissionDeniedError(f"{operation} needs a token with the option {option}.")
        return
    if not actor.statement.allows(operation):
        raise PermissionDeniedError(f"The role {actor.role} does not allow {operation}.")
    if operation in OPERATOR_OPERATIONS and not actor.operator:
        raise PermissionDeniedError(f"Only the operator's account can be allowed {operation}.")


def require_any_permission(actor: Principal, operations: Sequence[str]) -> None:
    """Let the call pass only when the caller may perform one of some operations.

    Raises:
        PermissionDeniedError: they may perform none of them.
    """
    for operation in operations[:-1]:
        with contextlib.suppress(PermissionDeniedError):
            return require_permission(actor, operation)
    return require_permission(actor, operations[-1])


def sees_all_own(actor: Principal) -> bool:
    """Whether the caller may see every twin of their account, so that none has to be asked for."""
    return actor.twin_rule is None


def sees_twin(call: Call, twin: Facts) -> bool:
    """Whether the caller may see a twin (spec sections 4.2 and 4.3).

    Without a rule their role covers the twins of its own account and no others; a rule decides for
    all twins alike. A rule that fails to evaluate denies.
    """
    rule = call.actor.twin_rule
    if rule is None:
        return call.actor.account == twin.owner
    return rule.matches(variables.of(call, twin, rule.variables))


def require_twin(call: Call, twin: Facts) -> None:
    """Let the call pass only when the caller may see the twin.

    The reason names the role and its rule: both belong to the caller's own account.

    Raises:
        TwinForbiddenError: they may not; the text says why.
    """
    if not sees_twin(call, twin):
        raise TwinForbiddenError(f"The twin is not accessible. {_twin_denied(call).because}")


def decide_identity(call: Call, twin: Facts, identity: IdentityRow) -> Verdict:
    """Whether the caller may see an identity, as far as it is not for the twin rule to decide.

    Without an identity rule their role covers the identities of its own account and no others; a
    rule decides for all alike. The visibility decides for foreign ones besides (spec section 4.2).
    """
    if identity.account == call.actor.account:
        return _decide_by_identity_rule(call, twin, identity)
    if identity.visibility is None:
        return PRIVATE
    verdict = _decide_by_identity_rule(call, twin, identity)
    if not verdict.allowed:
        return verdict
    visibility = rule_texts.parse(documents.decode(identity.visibility))
    return VISIBLE if _holds_for_identity(visibility, call, twin, identity) else INVISIBLE


def sees_identity(call: Call, twin: Facts, identity: IdentityRow) -> bool:
    """Whether the caller may see an identity; for lists, which leave out what they may not."""
    return decide_identity(call, twin, identity).allowed


def require_identity(call: Call, twin: Facts, identity: IdentityRow) -> None:
    """Let the call pass only when the caller may see an identity of their own account.

    Raises:
        IdentityForbiddenError: they may not; the text says why.
    """
    verdict = decide_identity(call, twin, identity)
    if not verdict.allowed:
        raise IdentityForbiddenError(f"The identity is not accessible. {verdict.because}")


def addresses(call: Call) -> tuple[str, str, str]:
    """The UUIDs that make the caller a recipient of a sticker: their user, role and account.

    Recipients alone see and remove a sticker; who has put it is none unless named (spec section 9).
    """
    return call.actor.user, call.actor.role, call.actor.account


def require_ownership(call: Call, twin: Facts) -> None:
    """Let the call pass only when the caller's account owns the twin.

    Raises:
        NotOwnerError: another account does.
    """
    if call.actor.account != twin.owner:
        raise NotOwnerError("Only the owner of the twin can change it.")


def seen_entries(call: Call, twin: Facts, account: str, ledger: Entries) -> Entries:
    """The entries of an account's ledger that the caller may see (spec sections 4.2 and 4.3).

    In their own account the entry rule of their role decides, if it has one. In others it must
    hold, and so must the entry's visibility. Visibility is the word of the ledger's account and
    looks at all of it; the entry rule looks only at what visibility has shown, so that nobody
    learns of private entries by the rules that they write.

    Args:
        call: who asks.
        twin: one that they may see.
        account: whose ledger it is.
        ledger: its entries, includes read through.
    """
    rule = call.actor.entry_rule
    if account != call.actor.account:
        if rule is None:
            return {}
        ledger = _kept(call, twin, account, ledger, _visibility)
    elif rule is None:
        return ledger
    return _kept(call, twin, account, ledger, lambda _: rule)


def with_seen_ledger(call: Call, twin: Facts) -> Facts:
    """A twin for a rule that the caller brings: `LEDGER` shows only what they may see of it.

    The rules of their role see the whole ledger of their account.
    """
    if twin.ledger is None or call.actor.entry_rule is None:
        return twin
    return twin._replace(ledger=seen_entries(call, twin, call.actor.account, twin.ledger))


def _visibility(entry: Entry) -> "Rule | None":
    return rule_texts.parse(entry.visibility) if entry.visibility else None


def _kept(
    call: Call,
    twin: Facts,
    account: str,
    ledger: Entries,
    rule_of: "Callable[[Entry], Rule | None]",
) -> Entries:
    """The entries for which their rule holds."""
    gatherers: dict[str, Callable[[str, Entry | None], variables.Scope]] = {}
    kept: dict[str, Entry] = {}
    until = time.thread_time() + DECIDING_SECONDS
    for name, entry in ledger.items():
        rule = rule_of(entry)
        if rule is None:
            continue
        if time.thread_time() > until:
            break
        if rule.text not in gatherers:
            gatherers[rule.text] = variables.entry_gatherer(
                call, twin, account, ledger, rule.variables
            )
        if rule.matches(gatherers[rule.text](name, entry)):
            kept[name] = entry
    return kept


def require_own_ledger(call: Call, account: str) -> None:
    """Let the call pass only when the ledger is the one of the caller's account.

    Raises:
        LedgerForbiddenError: it is another account's.
    """
    if account != call.actor.account:
        raise LedgerForbiddenError("Only the account that owns a ledger can change it.")


def require_cover(actor: Principal, statement: Statement, rules: RoleRules) -> None:
    """Let nobody hand out a role that holds more than their own.

    Which twins a rule covers cannot be compared in general; so a caller whose own role has a rule
    can hand out that rule as it is, or narrowed: `(own rule) and (further condition)`.

    Raises:
        EscalationError: the role holds more; names what.
    """
    if not actor.statement.covers(statement):
        raise EscalationError("The statement allows actions that the caller's role does not allow.")
    for name in RoleRules.__struct_fields__:
        own, other = getattr(actor.rules, name), getattr(rules, name)
        if own is not None and not _narrows(own, other):
            raise EscalationError(
                f"The {name} must be the caller's own or start with it: ({own}) and (...)",
                f"/rules/{name}",
            )


def _twin_denied(call: Call) -> Verdict:
    """Why the caller may not see a twin."""
    rule = call.actor.twin_rule
    if rule is None:
        return NO_RULE
    because = f"The twin rule of the role {call.actor.role} does not hold: {rule.text}"
    return Verdict(allowed=False, rule=rule.text, because=because)


def _decide_by_identity_rule(call: Call, twin: Facts, identity: IdentityRow) -> Verdict:
    rule = call.actor.identity_rule
    if rule is None:
        own = identity.account == call.actor.account
        return OWN_IDENTITY if own else NO_IDENTITY_RULE
    if _holds_for_identity(rule, call, twin, identity):
        return Verdict(allowed=True, rule=rule.text, because="The identity rule of the role holds.")
    because = f"The identity rule of the role {call.actor.role} does not hold: {rule.text}"
    return Verdict(allowed=False, rule=rule.text, because=because)


def _holds_for_identity(rule: "Rule", call: Call, twin: Facts, identity: IdentityRow) -> bool:
    scope = variables.of(call, twin, rule.variables)
    return rule.matches(scope | variables.of_identity(identity, rule.variables))


def _narrows(own: str, other: str | None) -> bool:
    """Whether a rule is another one, or that one and a condition that stands by itself."""
    if other is None or other == own:
        return other == own
    start = f"({own}) and ("
    return (
        other.startswith(start)
        and other.endswith(")")
        and rule_texts.is_rule(other[len(start) : -1])
    )
