"""Handlers of the secret operations."""

import re

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import user_secrets as wire
from twinhold.api.trusted_twin.wire.common import ValidityInput, microseconds, seconds, times
from twinhold.registry import ids, user_secrets
from twinhold.registry.errors import NotFoundError
from twinhold.registry.user_secrets import Secret

_PIN = re.compile(r"[0-9A-Za-z]{6}")


async def create_user_secret_pin(request: Request) -> bytes:
    """POST /users/{user}/secrets."""
    user, validity = _user(request), _validity(request.body)
    pin = user_secrets.new_pin()
    digest = request.registry.pin_digest(request.call.actor.account, pin)
    ending = None if isinstance(validity, msgspec.UnsetType) else validity
    await request.write(user_secrets.create_pin, user, digest, ending)
    return msgspec.json.encode(wire.Pin(pin))


async def create_user_secret(request: Request) -> bytes:
    """POST /secrets/{account}/{pin}; the PIN is the credential."""
    account = ids.parse_uuid(request.path["account"], "account")
    pin, store = request.path["pin"], request.registry.store
    issued = None
    well_formed = _PIN.fullmatch(pin) is not None
    if well_formed and await store.read(user_secrets.waiting, account):
        digest = request.registry.pin_digest(account, pin)
        issued = await store.write(
            user_secrets.exchange, account, digest, user_secrets.new_secret(), request.call.now
        )
    if issued is None:
        raise NotFoundError("The PIN is wrong, used, or expired.")
    return msgspec.json.encode(
        {
            "account": issued.account,
            "user": issued.user,
            "secret": issued.secret,
            "validity_ts": seconds(issued.validity),
            "created_ts": seconds(issued.created),
            "updated_ts": seconds(issued.created),
        }
    )


async def get_user_secret(request: Request) -> bytes:
    """GET /users/{user}/secrets."""
    return _written(request, await request.read(user_secrets.get, _user(request)))


async def update_user_secret(request: Request) -> bytes:
    """PATCH /users/{user}/secrets."""
    user, validity = _user(request), _validity(request.body)
    return _written(request, await request.write(user_secrets.update, user, validity))


async def delete_user_secret(request: Request) -> bytes:
    """DELETE /users/{user}/secrets."""
    return _written(request, await request.write(user_secrets.delete, _user(request)))


def _user(request: Request) -> str:
    return ids.parse_uuid(request.path["user"], "user")


def _validity(body: bytes) -> int | None | msgspec.UnsetType:
    given = decode(body, ValidityInput).validity_ts
    return given if isinstance(given, msgspec.UnsetType) else microseconds(given)


def _written(request: Request, secret: Secret) -> bytes:
    return msgspec.json.encode(
        {
            "account": request.call.actor.account,
            "user": secret.user,
            "validity_ts": seconds(secret.validity),
            **times(secret),
            "fingerprint": secret.fingerprint,
        }
    )


OPERATIONS = (
    Operation(
        name="get_user_secret",
        method="GET",
        path="/users/{user}/secrets",
        handler=get_user_secret,
        summary="Read what is known of a user's secret.",
        response=wire.SecretInfo,
    ),
    Operation(
        name="create_user_secret_pin",
        method="POST",
        path="/users/{user}/secrets",
        handler=create_user_secret_pin,
        summary="Make a PIN by which a user fetches a new secret.",
        status=201,
        request=ValidityInput,
        response=wire.Pin,
        gives={"pin": "/pin"},
    ),
    Operation(
        name="update_user_secret",
        method="PATCH",
        path="/users/{user}/secrets",
        handler=update_user_secret,
        summary="Set how long a user's secret is valid.",
        status=201,
        request=ValidityInput,
        response=wire.SecretInfo,
    ),
    Operation(
        name="delete_user_secret",
        method="DELETE",
        path="/users/{user}/secrets",
        handler=delete_user_secret,
        summary="End a user's secret and their tokens.",
        response=wire.SecretInfo,
    ),
    Operation(
        name="create_user_secret",
        method="POST",
        path="/secrets/{account}/{pin}",
        handler=create_user_secret,
        summary="Change a PIN for a secret; the PIN is the credential.",
        status=201,
        response=wire.IssuedSecret,
        public=True,
    ),
)
