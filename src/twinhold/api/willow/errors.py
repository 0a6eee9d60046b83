"""The catalogue as problem details (RFC 7807), with all that is wrong in `errors`.

Source: spec/willow.md 1.1 and 1.2.
"""

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
    errors.LedgerForbiddenError: 403,
    errors.IdentityForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.TwinNotFoundError: 404,
    errors.ModelNotFoundError: 404,
    errors.RelationshipNotFoundError: 404,
    errors.IdentityNotFoundError: 404,
    errors.StickerNotFoundError: 404,
    errors.UploadNotFoundError: 404,
    errors.DocNotFoundError: 404,
    errors.OperationUnknownError: 404,
    errors.MethodNotAllowedError: 405,
    errors.PreconditionFailedError: 412,
    errors.MediaTypeError: 415,
    errors.RateLimitedError: 429,
    errors.InternalError: 500,
    errors.StoreAwayError: 503,
}
"""The status of each error; all others are 400."""

_BAD_REQUEST = 400


class ProblemDetails(msgspec.Struct, frozen=True):
    """The body of every answer that is an error.

    Attributes:
        type: the error's code in the catalogue.
        title: what kind of error it is.
        detail: what is wrong, and what to do.
        instance: the trace under which the operator finds it.
        errors: all that is wrong by JSON pointer into the request's body.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: dict[str, list[str]]


def status_of(error: type[RegistryError]) -> int:
    """The status with which an error is answered."""
    return STATUSES.get(error, _BAD_REQUEST)


def render(error: RegistryError, trace: str) -> Reply:
    """An error as a Willow client expects it."""
    if isinstance(error, errors.RateLimitedError):
        return _slow_down(error)
    status = status_of(type(error))
    places: dict[str, list[str]] = {}
    for problem in error.problems:
        places.setdefault(problem.pointer, []).append(problem.message)
    place = f"At {error.pointer}." if error.pointer else ""
    body = ProblemDetails(
        type=f"urn:twinhold:error:{error.code}",
        title=(type(error).__doc__ or "").split("\n")[0],
        status=status,
        detail=" ".join(filter(None, (error.message, place, error.hint))),
        instance=f"urn:uuid:{trace}",
        errors=places,
    )
    headers = {}
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = ", ".join(error.allowed)
    if status == STATUSES[errors.UnauthenticatedError]:
        headers["www-authenticate"] = "Bearer"
    return Reply(status, msgspec.json.encode(body), headers=headers)


def _slow_down(error: errors.RateLimitedError) -> Reply:
    """One line of text, as the vendor has it (1.3), and `Retry-After`, which is ours."""
    text = f"{error.message} {error.hint}\n"
    headers = {"retry-after": str(error.wait)}
    return Reply(STATUSES[type(error)], text.encode(), "text/plain; charset=utf-8", headers)
