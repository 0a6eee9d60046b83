"""The catalogue in Trusted Twin's form: `{"subcode", "trace", "description"}`.

The first three digits of a subcode are the status (spec/trusted-twin.md section 2).
"""

from collections.abc import Mapping

import msgspec

from twinhold.api.kit.operations import Reply
from twinhold.registry import errors
from twinhold.registry.errors import MethodNotAllowedError, RegistryError

SUBCODES: Mapping[type[RegistryError], str] = {
    errors.DocumentTooLargeError: "400141",
    errors.NotUtf8Error: "400314",
    errors.TwinTerminatedError: "400358",
    errors.IdentityExistsError: "400358",
    errors.StickerExistsError: "400358",
    errors.ModelExistsError: "400358",
    errors.DocExistsError: "400358",
    errors.DocWithoutFileError: "400979",
    errors.ModelInUseError: "400358",
    errors.NotJsonError: "400415",
    errors.RuleInvalidError: "400589",
    errors.InvalidValueError: "400592",
    errors.ValuesInvalidError: "400592",
    errors.CursorInvalidError: "400592",
    errors.ReadTooLongError: "400592",
    errors.ModelInvalidError: "400592",
    errors.TransactionRefusedError: "400897",
    errors.TwinInvalidError: "400592",
    errors.TwinRelatedError: "400358",
    errors.RelationshipInvalidError: "400592",
    errors.TimeSeriesInvalidError: "400592",
    errors.UnauthenticatedError: "401000",
    errors.PermissionDeniedError: "403535",
    errors.EscalationError: "403535",
    errors.OwnAccessError: "403535",
    errors.TwinForbiddenError: "403535",
    errors.NotOwnerError: "403535",
    errors.LedgerForbiddenError: "403535",
    errors.IdentityForbiddenError: "403535",
    errors.NotFoundError: "404653",
    errors.TwinNotFoundError: "404653",
    errors.IdentityNotFoundError: "404653",
    errors.StickerNotFoundError: "404653",
    errors.ModelNotFoundError: "404653",
    errors.UploadNotFoundError: "404653",
    errors.DocNotFoundError: "404653",
    errors.RelationshipNotFoundError: "404653",
    errors.OperationUnknownError: "404653",
    # The vendor's table has no 405, 412, 415 and 429; ours follow its pattern.
    errors.MethodNotAllowedError: "405000",
    errors.PreconditionFailedError: "412000",
    errors.MediaTypeError: "415000",
    errors.RateLimitedError: "429000",
    errors.InternalError: "500000",
    errors.StoreAwayError: "500314",
}


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is an error."""

    subcode: str
    trace: str
    description: str


def render(error: RegistryError, trace: str) -> Reply:
    """An error as a Trusted Twin client expects it."""
    subcode = SUBCODES[type(error)]
    place = f" At {error.pointer}." if error.pointer else ""
    hint = f" {error.hint}" if error.hint else ""
    body = ErrorBody(subcode, trace, f"{error.message}{place}{hint}")
    headers = {}
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = ", ".join(error.allowed)
    if subcode.startswith("401"):
        headers["www-authenticate"] = "Bearer"
    return Reply(int(subcode[:3]), msgspec.json.encode(body), headers=headers)
