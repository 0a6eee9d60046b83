"""Handlers of the token operations, and of the keys that sign tokens."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire
from twinhold.registry import access, documents, keys, tokens
from twinhold.registry.authentication import LONGEST_CREDENTIAL
from twinhold.registry.errors import DocumentTooLargeError
from twinhold.registry.tokens import Claims


async def create_user_token(request: Request) -> bytes:
    """POST /token."""
    given = decode(request.body, wire.TokenInput)
    dictionary = given.secret_dict or {}
    documents.check_description_keys(dictionary, "/secret_dict")
    claims = tokens.create(
        request.call.actor,
        dictionary,
        frozenset(given.options or ()),
        wire.microseconds(given.validity_ts),
    )
    return msgspec.json.encode(
        {
            "token": await _signed(request, claims),
            "options": claims.options,
            "validity_ts": wire.seconds(claims.validity),
        }
    )


async def refresh_user_token(request: Request) -> bytes:
    """POST /token/refresh."""
    given = decode(request.body, wire.ValidityInput).validity_ts
    validity = None if isinstance(given, msgspec.UnsetType) else wire.microseconds(given)
    claims = tokens.refresh(request.call.actor, validity)
    return msgspec.json.encode(
        {
            "token": await _signed(request, claims),
            "validity_ts": wire.seconds(claims.validity),
        }
    )


async def _signed(request: Request, claims: Claims) -> str:
    """A token that can be used: not one that would be too long a credential."""
    await request.read(access.confirm)
    token = request.registry.authenticator.keyring.sign(claims)
    if len(token) > LONGEST_CREDENTIAL:
        raise DocumentTooLargeError(f"The token would be longer than {LONGEST_CREDENTIAL} bytes.")
    return token


async def rotate_keys(request: Request) -> bytes:
    """POST /keys/rotate, ours (operator only)."""
    kept = await request.write(keys.rotate_by)
    request.registry.authenticator.keyring = kept.tokens
    return msgspec.json.encode(wire.KeyRotation(kept.tokens.count))
