"""Who calls, and with what: the values on which access is decided."""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from twinhold.registry.loaded_models import LoadedModels

if TYPE_CHECKING:
    from twinhold.rules import Rule


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

    def covers(self, other: "Statement") -> bool:
        """Whether everything that another statement allows is allowed here too.

        Operations to come count: a `deny` allows them, so no `allow` covers it.
        """
        listed, others = self.actions or frozenset(), other.actions or frozenset()
        if self.effect == "allow":
            return other.effect == "allow" and others <= listed
        return not others & listed if other.effect == "allow" else listed <= others


class RoleRules(msgspec.Struct, frozen=True):
    """A role's rules as their texts; null covers the own account and nothing foreign."""

    twin_rule: str | None = None
    entry_rule: str | None = None
    identity_rule: str | None = None


class Token(msgspec.Struct, frozen=True):
    """What a user token carries beside its user.

    Attributes:
        dictionary: wins over the X-TrustedTwin header key by key.
        options: of `create` and `refresh`, what the token may do with itself.
    """

    dictionary: dict[str, Any]
    options: frozenset[str]


IndexState = Literal["none", "building", "ready"]


class Indexes(msgspec.Struct, frozen=True):
    """The indexed attributes of an account.

    Attributes:
        kept: every write keeps these up.
        ready: of these, the ones that can be searched.
    """

    kept: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()

    def state(self, name: str) -> IndexState:
        """How far the index of an attribute is."""
        if name in self.ready:
            return "ready"
        return "building" if name in self.kept else "none"


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: a user, their account and what their role allows.

    Attributes:
        has_role: whether their role exists; without one they may do nothing.
        operator: whether the account runs this registry.
        description: the user's description as JSON text, for `USER.<key>` in rules.
        validity: microseconds after which their credential is void; None means never.
        secret: names the secret that the credential is or descends from.
        token: what the token carries, when the credential is one.
        indexes: of the account's twins.
        generation: of access, in which all this was so.
        models: those of the account that were needed in this generation.
        rules_read_ledgers: whether what their account keeps about twins decides which they may see.
    """

    account: str
    user: str
    role: str
    has_role: bool
    operator: bool
    statement: Statement
    rules: RoleRules
    twin_rule: "Rule | None"
    entry_rule: "Rule | None"
    identity_rule: "Rule | None"
    description: str | None
    validity: int | None
    secret: str
    token: Token | None
    indexes: Indexes
    generation: int
    models: LoadedModels = msgspec.field(default_factory=LoadedModels)
    rules_read_ledgers: bool = False


NOBODY = Principal(
    account="",
    user="",
    role="",
    has_role=False,
    operator=False,
    statement=Statement("allow"),
    rules=RoleRules(),
    twin_rule=None,
    entry_rule=None,
    identity_rule=None,
    description=None,
    validity=None,
    secret="",
    token=None,
    indexes=Indexes(),
    generation=0,
)
"""The caller of a public operation: may do nothing."""


class Call(msgspec.Struct, frozen=True):
    """One request as a use case sees it.

    Attributes:
        actor: who calls.
        now: microseconds since the epoch, read once a request.
        dictionary: `DICT.<key>` in rules.
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
