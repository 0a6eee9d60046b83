"""Handlers of the token operations, and of the keys that sign tokens."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire
from twinhold.registry import access, documents, keys, tokens


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
    await request.read(access.confirm)
    return msgspec.json.encode(
        {
            "token": request.registry.authenticator.keyring.sign(claims),
            "options": claims.options,
            "validity_ts": wire.seconds(claims.validity),
        }
    )


async def refresh_user_token(request: Request) -> bytes:
    """POST /token/refresh."""
    given = decode(request.body, wire.ValidityInput).validity_ts
    validity = None if isinstance(given, msgspec.UnsetType) else wire.microseconds(given)
    claims = tokens.refresh(request.call.actor, validity)
    await request.read(access.confirm)
    return msgspec.json.encode(
        {
            "token": request.registry.authenticator.keyring.sign(claims),
            "validity_ts": wire.seconds(claims.validity),
        }
    )


async def rotate_keys(request: Request) -> bytes:
    """POST /keys/rotate, ours (operator only)."""
    kept = await request.write(keys.rotate_by)
    request.registry.authenticator.keyring = kept.tokens
    return msgspec.json.encode(wire.KeyRotation(kept.tokens.count))
