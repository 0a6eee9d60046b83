"""Handlers of the token operations, and of the keys that sign tokens."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import tokens as wire
from twinhold.api.trusted_twin.wire.common import ValidityInput, microseconds, seconds
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
        microseconds(given.validity_ts),
    )
    return msgspec.json.encode(
        {
            "token": await _signed(request, claims),
            "options": claims.options,
            "validity_ts": seconds(claims.validity),
        }
    )


async def refresh_user_token(request: Request) -> bytes:
    """POST /token/refresh."""
    given = decode(request.body, ValidityInput).validity_ts
    validity = None if isinstance(given, msgspec.UnsetType) else microseconds(given)
    claims = tokens.refresh(request.call.actor, validity)
    return msgspec.json.encode(
        {
            "token": await _signed(request, claims),
            "validity_ts": seconds(claims.validity),
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


OPERATIONS = (
    Operation(
        name="create_user_token",
        method="POST",
        path="/token",
        handler=create_user_token,
        summary="Make a token.",
        status=201,
        request=wire.TokenInput,
        response=wire.Token,
    ),
    Operation(
        name="refresh_user_token",
        method="POST",
        path="/token/refresh",
        handler=refresh_user_token,
        summary="Copy the calling token with another end.",
        status=201,
        request=ValidityInput,
        response=wire.RefreshedToken,
    ),
    Operation(
        name="rotate_keys",
        method="POST",
        path="/keys/rotate",
        handler=rotate_keys,
        summary="Sign tokens with a new key from now on; ours, operator only.",
        status=201,
        response=wire.KeyRotation,
    ),
)
