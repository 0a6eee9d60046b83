"""The one catalogue of errors.

Every error has a stable dotted code, a sentence in the present tense, a JSON pointer where one
applies, and a hint that says what to do. A dialect's `errors.py` maps each class to its own status
and body; docs/reference/errors.md lists them all.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

_QUOTED = 80
_MOST_PROBLEMS = 100


class Problem(NamedTuple):
    """One thing that is wrong, and where: a JSON pointer into the request's body."""

    pointer: str
    message: str


class RegistryError(Exception):
    """Base of the catalogue.

    Attributes:
        code: stable and dotted; clients may rely on it.
        message: what is wrong.
        pointer: where in the request (RFC 6901), when it is in the body.
        hint: what to do about it.
    """

    code: ClassVar[str] = "registry.error"
    hint: ClassVar[str] = ""

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer

    @property
    def problems(self) -> Sequence[Problem]:
        """Everything that is wrong, where the place is known."""
        return () if self.pointer is None else (Problem(self.pointer, self.message),)


class Problems:
    """Takes note of what is wrong.

    Attributes:
        first: the first hundred; there may be more than memory should hold.
        count: how many there are.
    """

    __slots__ = ("count", "first")

    def __init__(self) -> None:
        self.first: list[Problem] = []
        self.count = 0

    def add(self, pointer: str, message: str) -> None:
        """Take note of one."""
        self.count += 1
        if len(self.first) < _MOST_PROBLEMS:
            self.first.append(Problem(pointer, message))


class ManyProblemsError(RegistryError):
    """Base of the errors that name all that is wrong and not only the first of it."""

    def __init__(self, problems: Sequence[Problem], count: int | None = None) -> None:
        """Take the problems, or the first of so many."""
        first = problems[0]
        others = (count or len(problems)) - 1
        more = f" And {others} more." if others else ""
        super().__init__(first.message + more, first.pointer)
        self._problems = tuple(problems[:_MOST_PROBLEMS])

    @property
    def problems(self) -> Sequence[Problem]:
        """Everything that is wrong, at most the first hundred."""
        return self._problems


class NotUtf8Error(RegistryError):
    """A text of the request is not UTF-8."""

    code = "document.not_utf8"
    hint = "Encode the request in UTF-8."


class NotJsonError(RegistryError):
    """The body is not JSON by RFC 8259, or cannot be read without loss."""

    code = "document.not_json"
    hint = "Send one JSON value by RFC 8259: no NaN, no trailing comma, no lone surrogate."


class DocumentTooLargeError(RegistryError):
    """The body, or what it would make a record grow to, is over its limit."""

    code = "document.too_large"
    hint = "Send less; keep large content outside the registry and refer to it."


class InvalidValueError(RegistryError):
    """A value has the wrong type, form or range."""

    code = "value.invalid"
    hint = "Correct the value named and send the request again."


class ValuesInvalidError(ManyProblemsError):
    """Values of the body have the wrong type, form or range."""

    code = "values.invalid"
    hint = "Correct the values named and send the request again."


class CursorInvalidError(RegistryError):
    """A cursor was not made by this registry for this account."""

    code = "cursor.invalid"
    hint = "Pass the cursor of the last answer unchanged, or none to start over."


class RuleInvalidError(RegistryError):
    """A rule does not parse or is over its bounds."""

    code = "rule.invalid"
    hint = "See the reference of the rule language."


class UnauthenticatedError(RegistryError):
    """The request carries no valid credential."""

    code = "access.unauthenticated"
    hint = "Send a valid user secret in the Authorization header."


class PermissionDeniedError(RegistryError):
    """The statement of the caller's role does not allow the operation."""

    code = "access.permission_denied"
    hint = "Ask an administrator of the account for a role that allows the operation."


class EscalationError(RegistryError):
    """The caller would hand out more than their own role holds."""

    code = "access.escalation"
    hint = "Hand out at most what your own role holds."


class OwnAccessError(RegistryError):
    """The caller would take their own access away."""

    code = "access.own"
    hint = "Let another administrator of the account do it."


class NotFoundError(RegistryError):
    """The account has no such user, role, secret or PIN, or the transfer does not exist."""

    code = "record.not_found"
    hint = "Check the UUID; records of other accounts are not shown."


class TwinForbiddenError(RegistryError):
    """The caller may not see the twin."""

    code = "twin.forbidden"
    hint = "Ask the owner of the twin, or an administrator of your account, for access."


class NotOwnerError(RegistryError):
    """Only the account that owns the twin may do this."""

    code = "twin.not_owner"
    hint = "Ask the owner of the twin to do it."


class TwinNotFoundError(RegistryError):
    """No twin has this UUID, or the request leaves terminated twins out."""

    code = "twin.not_found"
    hint = "Check the UUID."


class TwinTerminatedError(RegistryError):
    """The twin is terminated, so it never changes again."""

    code = "twin.terminated"
    hint = "Create a new twin."


class LedgerForbiddenError(RegistryError):
    """Only the account that owns a ledger may change it."""

    code = "ledger.forbidden"
    hint = "Write to your own ledger on the twin: personal."


class TransactionRefusedError(RegistryError):
    """A condition is not met or an entry cannot be changed, and all were to change or none."""

    code = "ledger.transaction_refused"
    hint = "Read the ledger again and repeat the change on what it holds now."


class UploadNotFoundError(RegistryError):
    """The account has no such upload, it is over, or no file has come."""

    code = "upload.not_found"
    hint = "Ask for a new upload URL, put the file to it, and use its handler within the hour."


class DocNotFoundError(RegistryError):
    """The account has no doc of this name on the twin, or the download URL is over."""

    code = "doc.not_found"
    hint = "Check the name; docs that other accounts have attached are not shown."


class DocExistsError(RegistryError):
    """The account has a doc of this name on the twin."""

    code = "doc.exists"
    hint = "Choose another name, or delete the doc first."


class DocWithoutFileError(RegistryError):
    """The file that was uploaded for the doc was not the one announced, so it is not kept."""

    code = "doc.without_file"
    hint = "Delete the doc, upload the file again and attach it."


class IdentityForbiddenError(RegistryError):
    """The identity rule of the caller's role does not cover the identity."""

    code = "identity.forbidden"
    hint = "Ask an administrator of your account for a role that covers it."


class IdentityNotFoundError(RegistryError):
    """The account has not attached the identity to the twin."""

    code = "identity.not_found"
    hint = "Check the identity and its case; identities of other accounts are not shown here."


class IdentityExistsError(RegistryError):
    """The account has attached the identity to the twin already."""

    code = "identity.exists"
    hint = "Update the identity instead, or delete it first."


class StickerNotFoundError(RegistryError):
    """The twin has no such sticker, or the caller is no recipient of it."""

    code = "sticker.not_found"
    hint = "Check the color and the context; only recipients see and remove a sticker."


class StickerExistsError(RegistryError):
    """The account has put a sticker of this color on the twin already."""

    code = "sticker.exists"
    hint = "Use another color, or have a recipient remove the sticker first."


class TwinInvalidError(ManyProblemsError):
    """A twin, or what it holds, is not what the API and its model ask for."""

    code = "twin.invalid"
    hint = "Correct what is named; nothing was stored."


class TwinRelatedError(RegistryError):
    """The twin has relationships, which would lose their end."""

    code = "twin.related"
    hint = "Delete its relationships first."


class PreconditionFailedError(RegistryError):
    """The twin is not, or no longer, in the state that the request asks for."""

    code = "twin.precondition_failed"
    hint = "Read the twin and decide anew."


class RelationshipInvalidError(ManyProblemsError):
    """A relationship is not what the model of its source asks for."""

    code = "relationship.invalid"
    hint = "Correct what is named; nothing was stored."


class RelationshipNotFoundError(RegistryError):
    """The twin has no relationship of this id."""

    code = "relationship.not_found"
    hint = "Check the id; a relationship is found at its source."


class TimeSeriesInvalidError(ManyProblemsError):
    """Values of a batch are not what the API asks for, or have no twin that can take them."""

    code = "time_series.invalid"
    hint = "Correct what is named; nothing was stored."


class ModelInvalidError(RegistryError):
    """A model breaks a rule of the model language, or needs a model that the account has not."""

    code = "model.invalid"
    hint = "Mend what is named; twinhold models validate checks files without a registry."

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self._problems = tuple(problems)

    @property
    def problems(self) -> Sequence[Problem]:
        """Everything that is wrong whose place is known: pointers into the array of models."""
        return self._problems


class ModelExistsError(RegistryError):
    """The account has another model of this id; models never change."""

    code = "model.exists"
    hint = "Give the changed model a higher version in its id, or delete the old one first."


class ModelInUseError(RegistryError):
    """Other models of the account extend the model or have it as a component."""

    code = "model.in_use"
    hint = "Delete those that depend on it first."


class ModelNotFoundError(RegistryError):
    """The account has no model of this id."""

    code = "model.not_found"
    hint = "Check the id, its version and its case; load the model if it is missing."


class ReadTooLongError(RegistryError):
    """What is asked for goes through more records, or slower rules, than a request may."""

    code = "read.too_long"
    hint = "Ask for less: a narrower context or a smaller offset."


class OperationUnknownError(RegistryError):
    """No operation has this path."""

    code = "operation.unknown"
    hint = "See /docs for the operations."


class MethodNotAllowedError(RegistryError):
    """The path exists, but not with this method.

    Attributes:
        allowed: the methods that the path has.
    """

    code = "operation.method_not_allowed"
    hint = "Use one of the methods named."

    def __init__(self, message: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class MediaTypeError(RegistryError):
    """The body is said to be of a kind that the operation does not read."""

    code = "operation.media_type"
    hint = "Send JSON, with the header Content-Type: application/json."


class RateLimitedError(RegistryError):
    """The client has sent as many requests to a group of paths as it may in a window of time.

    Attributes:
        wait: seconds until the next window begins.
    """

    code = "operation.rate_limited"
    hint = "Ask for many records by one bulk query, keep what was answered, and try again later."

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class StoreAwayError(RegistryError):
    """The store does not answer now; nothing was acknowledged."""

    code = "store.unavailable"
    hint = "Try again; the operator finds the cause in the log under the trace."


class InternalError(RegistryError):
    """A defect of the registry itself."""

    code = "registry.internal"
    hint = "Report the trace to the operator."


def quoted(value: str) -> str:
    """A value for a message: in quotes, cut so that no message grows with its input."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in value[:_QUOTED]
    )
    return f'"{shown}"' if len(value) <= _QUOTED else f'"{shown}…"'
