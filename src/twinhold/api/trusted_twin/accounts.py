"""Handlers of the account operations."""

import msgspec

from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire
from twinhold.registry import accounts, documents
from twinhold.registry.errors import InvalidValueError


async def create_account(request: Request) -> bytes:
    """POST /accounts, ours (design: the operator)."""
    name = documents.parse_object(request.body).get("name")
    if not isinstance(name, str):
        raise InvalidValueError("The name must be a string.", "/name")
    made = await request.registry.store.write(
        accounts.create, name, accounts.draft(), request.call.now, operator=False
    )
    return msgspec.json.encode(
        wire.AccountCredentials(made.account, made.user, made.role, made.secret)
    )
