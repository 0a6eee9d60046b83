"""The token endpoint on the wire (RFC 6749, section 4.4)."""

from typing import Literal

import msgspec

from twinhold.api.kit.forms import Filled


class TokenRequest(msgspec.Struct, frozen=True):
    """A client's credentials: the UUID and the secret of a user."""

    grant_type: Literal["client_credentials"]
    client_id: Filled
    client_secret: Filled


class Refused(msgspec.Struct, frozen=True):
    """The body of every answer that is an error of this endpoint, in the standard's form."""

    error: str
    error_description: str


class TokenResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for an hour, in seconds."""

    token_type: str
    expires_in: int
    ext_expires_in: int
    access_token: str
