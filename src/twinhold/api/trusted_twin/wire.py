"""The wire of Trusted Twin: what bodies hold and how records are written.

The structs describe the wire for the reference; twins themselves are written by the store in the
shapes below, and a test holds the two to each other.
"""

from typing import Annotated, Any, Literal, Protocol

import msgspec

from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.twins import Description
from twinhold.store import shape as sql
from twinhold.store.shape import STATUS, Json, Text, optional, shape

_LAST_SECOND = 253_402_300_799


class Dated(Protocol):
    """A record with its times in microseconds."""

    @property
    def created(self) -> int: ...  # noqa: D102
    @property
    def updated(self) -> int: ...  # noqa: D102


Name = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z_ \-]{0,30}[0-9A-Za-z]\Z")]
"""The name of a user or role: 2 to 32 characters (spec section 1)."""

Seconds = float
"""Seconds since the epoch, with three decimals."""


class CreationCertificate(msgspec.Struct, frozen=True):
    """Made with the twin; never changes."""

    uuid: str
    creator: str
    created_ts: Seconds


class TerminationCertificate(msgspec.Struct, frozen=True):
    """Made when the twin is terminated; never changes."""

    issuer: str
    terminated_ts: Seconds


class Twin(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A twin; `description` only when it is set, `termination_certificate` only when terminated."""

    owner: str
    status: Literal["alive", "terminated"]
    updated_ts: Seconds
    creation_certificate: CreationCertificate
    description: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    termination_certificate: TerminationCertificate | msgspec.UnsetType = msgspec.UNSET


class TwinInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of create and update: keys of the description match `^[a-z_][0-9a-z_]{0,63}$`."""

    description: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class TwinPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a scan: UUIDs, or with `details` twins; `cursor` is null when none remain."""

    cursor: str | None
    twins: list[str | Twin]


class WhoAmI(msgspec.Struct, frozen=True):
    """Who the credential stands for."""

    account: str
    user: str
    role: str


class AccountInput(msgspec.Struct, frozen=True):
    """The body of create_account: a name of 1 to 64 printable characters."""

    name: str


class AccountCredentials(msgspec.Struct, frozen=True):
    """A new account; the secret of its first user is shown only here."""

    account: str
    user: str
    role: str
    secret: str


class Account(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An account; the access log only when it is set."""

    uuid: str
    created_ts: Seconds
    updated_ts: Seconds
    resource_access_log: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class AccountUpdate(msgspec.Struct, frozen=True):
    """The body of update_account; the tables of an access log are not there yet."""

    resource_access_log: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class Statement(msgspec.Struct, frozen=True):
    """What a role allows: only the actions (`allow`), or all but the actions (`deny`)."""

    effect: Literal["allow", "deny"]
    actions: list[str] | None = None


class Rules(msgspec.Struct, frozen=True):
    """The rules of a role; null covers the own account and nothing foreign."""

    twin_rule: str | None = None
    entry_rule: str | None = None
    identity_rule: str | None = None


class RulesInput(msgspec.Struct, frozen=True):
    """The rules of a role in a body, under either of the names that the vendor uses."""

    twin_rule: str | None = None
    entry_rule: str | None = None
    identity_rule: str | None = None
    twin: str | None = None
    entry: str | None = None
    identity: str | None = None


class RoleInput(msgspec.Struct, frozen=True):
    """The body of create_user_role and update_user_role."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    statement: Statement | None | msgspec.UnsetType = msgspec.UNSET
    rules: RulesInput | None | msgspec.UnsetType = msgspec.UNSET


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role."""

    uuid: str
    name: str
    account: str
    statement: Statement
    rules: Rules
    created_ts: Seconds
    updated_ts: Seconds


class RoleSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role in a list."""

    name: str
    created_ts: Seconds
    updated_ts: Seconds


class RoleList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of an account by their UUIDs."""

    roles: dict[str, RoleSummary]


class UserCreate(msgspec.Struct, frozen=True):
    """The body of create_user."""

    role: str
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET
    activity: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class UserUpdate(msgspec.Struct, frozen=True):
    """The body of update_user."""

    role: str | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET
    activity: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A user; the description only when it is set."""

    uuid: str
    role: str
    account: str
    name: str
    activity: dict[str, Any] | None
    created_ts: Seconds
    updated_ts: Seconds
    description: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class UserSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user in a list."""

    name: str
    role: str
    created_ts: Seconds
    updated_ts: Seconds


class UserList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The users of an account by their UUIDs."""

    users: dict[str, UserSummary]


class ValidityInput(msgspec.Struct, frozen=True):
    """An end in seconds since the epoch; null means never, absent unchanged."""

    validity_ts: float | None | msgspec.UnsetType = msgspec.UNSET


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PIN: six capitals and digits, for ten minutes and one use."""

    pin: str


class SecretInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a secret; the fingerprint is its last four characters."""

    account: str
    user: str
    validity_ts: Seconds | None
    created_ts: Seconds
    updated_ts: Seconds
    fingerprint: str


class IssuedSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret at the one moment when it is shown."""

    account: str
    user: str
    secret: str
    validity_ts: Seconds | None
    created_ts: Seconds
    updated_ts: Seconds


class TokenInput(msgspec.Struct, frozen=True):
    """The body of create_user_token."""

    secret_dict: dict[str, Any] | None = None
    options: list[Literal["create", "refresh"]] | None = None
    validity_ts: float | None = None


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token at the one moment when it is shown."""

    token: str
    options: list[str]
    validity_ts: Seconds | None


class RefreshedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refreshed token at the one moment when it is shown."""

    token: str
    validity_ts: Seconds | None


class TransferInput(msgspec.Struct, frozen=True):
    """The body of create_twin_transfer: the account that is offered the twin."""

    recipient: str


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An offer of ownership."""

    transfer: str
    twin: str
    owner: str
    recipient: str
    validity_ts: Seconds


class ExplainInput(msgspec.Struct, frozen=True):
    """The body of explain_rule: a rule, and a twin to evaluate it on."""

    rule: str
    twin: str | None = None


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


class Model(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"
):
    """A model; names and descriptions by language, the document only when it is asked for."""

    id: str
    display_name: dict[str, str]
    description: dict[str, str]
    upload_time: str
    decommissioned: bool
    model: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ModelPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A page of models; `nextLink` is null when none remain."""

    value: list[Model]
    next_link: str | None


class KeyRotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many keys verify tokens now; the newest signs."""

    keys: int


TWIN = shape(
    '{"owner":"',
    Text("owner"),
    '","status":"',
    STATUS,
    '","updated_ts":',
    sql.Seconds("updated"),
    optional("description", ',"description":', Json("description")),
    ',"creation_certificate":{"uuid":"',
    Text("uuid"),
    '","creator":"',
    Text("creator"),
    '","created_ts":',
    sql.Seconds("created"),
    "}",
    optional(
        "terminated",
        ',"termination_certificate":{"issuer":"',
        Text("issuer"),
        '","terminated_ts":',
        sql.Seconds("terminated"),
        "}",
    ),
    "}",
)

TWIN_UUID = shape('"', Text("uuid"), '"')


def description(body: bytes) -> Description:
    """The description in the body of create and update, as JSON text.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: the body or the description is no object, or a key has a wrong form.
    """
    members = documents.parse_object(body)
    if "description" not in members:
        return msgspec.UNSET
    value = members["description"]
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValueError(
            f"The description must be an object or null, not {documents.kind(value)}.",
            "/description",
        )
    documents.check_description_keys(value)
    return documents.member_text(body, "description")


def seconds(microseconds: int | None) -> msgspec.Raw | None:
    """A time as it is written: seconds with three decimals."""
    if microseconds is None:
        return None
    milliseconds = microseconds // 1000
    return msgspec.Raw(b"%d.%03d" % divmod(milliseconds, 1000))


def microseconds(seconds: float | None, pointer: str = "/validity_ts") -> int | None:
    """A time as it is kept, to the millisecond.

    Raises:
        InvalidValueError: it is not within the years 1970 to 9999.
    """
    if seconds is None:
        return None
    if not 0 <= seconds <= _LAST_SECOND:
        raise InvalidValueError(
            "The time must be seconds since the epoch, to the year 9999.", pointer
        )
    return round(seconds * 1000) * 1000


def times(record: Dated) -> dict[str, msgspec.Raw | None]:
    """The two times of a record."""
    return {"created_ts": seconds(record.created), "updated_ts": seconds(record.updated)}
