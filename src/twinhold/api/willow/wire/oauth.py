"""The token endpoint on the wire (RFC 6749, section 4.4)."""

import msgspec


class TokenRequest(msgspec.Struct, frozen=True):
    """A client's credentials: the UUID and the secret of a user."""

    grant_type: str
    client_id: str
    client_secret: str


class TokenResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for an hour, in seconds."""

    token_type: str
    expires_in: int
    ext_expires_in: int
    access_token: str
