"""The token endpoint: client credentials of OAuth 2.0 (RFC 6749, section 4.4).

A client is a user: `client_id` is their UUID, `client_secret` their secret, in the body or in a
header of Basic authentication (section 2.3.1). The token allows what the secret allows, for an
hour. Errors take the form of that standard.
"""

import base64
import binascii
from urllib.parse import unquote_plus

import msgspec

from twinhold.api.kit.operations import Operation, Reply
from twinhold.api.kit.request import Query, Request
from twinhold.api.willow import bodies
from twinhold.api.willow.wire import oauth as wire
from twinhold.registry import documents, tokens
from twinhold.registry.errors import RegistryError, UnauthenticatedError

LIFETIME = 3599
"""Seconds that a token is valid."""

_FORM = "application/x-www-form-urlencoded"
_FIELDS = wire.TokenRequest.__struct_fields__
_MICROSECONDS = 1_000_000
_NOT_KEPT = {"cache-control": "no-store"}


async def create_token(request: Request) -> Reply:
    """POST /oauth2/token: the body is a form or a JSON object."""
    given = _fields(request) | _basic(request)
    missing = [name for name in _FIELDS if not given.get(name)]
    if missing:
        return _refused(400, "invalid_request", f"The body lacks {', '.join(missing)}.")
    if given["grant_type"] != "client_credentials":
        return _refused(400, "unsupported_grant_type", "The grant_type is client_credentials.")
    now = request.call.now
    authenticator = request.registry.authenticator
    try:
        actor = await authenticator.principal(given["client_secret"], now)
    except UnauthenticatedError:
        return _unknown()
    if actor.user != given["client_id"].lower() or actor.token is not None:
        return _unknown()
    claims = tokens.create(actor, {}, frozenset(), now + LIFETIME * _MICROSECONDS)
    issued = wire.TokenResponse("Bearer", LIFETIME, LIFETIME, authenticator.keyring.sign(claims))
    return Reply(200, msgspec.json.encode(issued), headers=_NOT_KEPT)


def _fields(request: Request) -> dict[str, str]:
    """The texts of the body by name in lower case; none of them where it cannot be read."""
    kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    try:
        if kind == _FORM:
            form = Query.parse(request.body)
            return bodies.lowered({name: form.text(name) or "" for name in form.values})
        members = bodies.lowered(documents.parse_object(request.body))
    except RegistryError:
        return {}
    return {name: value for name, value in members.items() if isinstance(value, str)}


def _basic(request: Request) -> dict[str, str]:
    """The credentials in a header of Basic authentication; none where it is another or damaged."""
    scheme, _, encoded = (request.header(b"authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        given = base64.b64decode(encoded.strip(), validate=True).decode()
    except (ValueError, binascii.Error):
        return {}
    parts = given.partition(":")
    # Clients that keep to the letter encode both like a form; no secret has a percent sign.
    user, _, secret = (unquote_plus(part) if "%" in part else part for part in parts)
    return {"client_id": user, "client_secret": secret}


def _unknown() -> Reply:
    return _refused(401, "invalid_client", "The client_id or client_secret is not known.")


def _refused(status: int, error: str, description: str) -> Reply:
    body = msgspec.json.encode({"error": error, "error_description": description})
    headers = _NOT_KEPT | ({"www-authenticate": "Bearer"} if status == 401 else {})
    return Reply(status, body, headers=headers)


OPERATIONS = (
    Operation(
        name="GetToken",
        method="POST",
        path="/oauth2/token",
        handler=create_token,
        summary="Change client credentials for a token, as a form or JSON.",
        request=wire.TokenRequest,
        other_media=_FORM,
        response=wire.TokenResponse,
        error=wire.Refused,
        public=True,
    ),
)
