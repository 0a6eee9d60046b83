"""The catalogue as Twinhold's own pages word it.

Pages take no input, so only two kinds of error can happen on them: the store is away, or a defect.
"""

import msgspec

from twinhold.api.kit.operations import Reply
from twinhold.registry.errors import RegistryError, StoreAwayError


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of an error of a page."""

    code: str
    message: str
    hint: str
    trace: str


def render(error: RegistryError, trace: str) -> Reply:
    """503 while the store is away, else 500."""
    status = 503 if isinstance(error, StoreAwayError) else 500
    return Reply(
        status, msgspec.json.encode(ErrorBody(error.code, error.message, error.hint, trace))
    )
