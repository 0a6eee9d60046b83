"""The catalogue as Twinhold's own operations word it: as it is, with a status."""

from collections.abc import Mapping

import msgspec

from twinhold.api.kit.operations import Reply
from twinhold.registry import errors
from twinhold.registry.errors import MethodNotAllowedError, RegistryError

STATUSES: Mapping[type[RegistryError], int] = {
    errors.UnauthenticatedError: 401,
    errors.PermissionDeniedError: 403,
    errors.EscalationError: 403,
    errors.OwnAccessError: 403,
    errors.TwinForbiddenError: 403,
    errors.NotOwnerError: 403,
    errors.NotFoundError: 404,
    errors.TwinNotFoundError: 404,
    errors.ModelNotFoundError: 404,
    errors.RelationshipNotFoundError: 404,
    errors.OperationUnknownError: 404,
    errors.MethodNotAllowedError: 405,
    errors.PreconditionFailedError: 412,
    errors.DocumentTooLargeError: 413,
    errors.MediaTypeError: 415,
    errors.RateLimitedError: 429,
    errors.InternalError: 500,
    errors.StoreAwayError: 503,
}
"""The status of each error; all others are 400."""

_BAD_REQUEST = 400


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is an error.

    Attributes:
        code: the error's code in the catalogue.
        message: what is wrong.
        hint: what to do about it.
        trace: under which the operator finds it in the log.
    """

    code: str
    message: str
    hint: str
    trace: str


def status_of(error: type[RegistryError]) -> int:
    """The status with which an error is answered."""
    return STATUSES.get(error, _BAD_REQUEST)


def render(error: RegistryError, trace: str) -> Reply:
    """An error with its status."""
    headers = {}
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, errors.UnauthenticatedError):
        headers["www-authenticate"] = "Bearer"
    body = ErrorBody(error.code, error.message, error.hint, trace)
    return Reply(status_of(type(error)), msgspec.json.encode(body), headers=headers)
