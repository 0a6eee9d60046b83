"""Handlers of the account operations."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import accounts as wire
from twinhold.api.trusted_twin.wire.common import times
from twinhold.registry import accounts
from twinhold.registry.accounts import Account
from twinhold.registry.errors import InvalidValueError


async def create_account(request: Request) -> bytes:
    """POST /accounts, ours (design: the operator)."""
    name = decode(request.body, wire.AccountInput).name
    made = await request.write(accounts.create_by, name, accounts.draft())
    return msgspec.json.encode(
        wire.AccountCredentials(made.account, made.user, made.role, made.secret)
    )


async def get_account(request: Request) -> bytes:
    """GET /account."""
    return _written(await request.read(accounts.get))


async def update_account(request: Request) -> bytes:
    """PATCH /account."""
    log = decode(request.body, wire.AccountUpdate).resource_access_log
    if isinstance(log, dict):
        if log:
            raise InvalidValueError(
                "The access log names tables that do not exist.", "/resource_access_log"
            )
        return _written(await request.write(accounts.update, "{}"))
    return _written(await request.write(accounts.update, log))


def _written(account: Account) -> bytes:
    members = {"uuid": account.uuid, **times(account)}
    if account.resource_access_log is not None:
        members["resource_access_log"] = msgspec.Raw(account.resource_access_log.encode())
    return msgspec.json.encode(members)


OPERATIONS = (
    Operation(
        name="create_account",
        method="POST",
        path="/accounts",
        handler=create_account,
        summary="Make an account with its administrator; ours, operator only.",
        status=201,
        request=wire.AccountInput,
        response=wire.AccountCredentials,
    ),
    Operation(
        name="get_account",
        method="GET",
        path="/account",
        handler=get_account,
        summary="Read the caller's account.",
        response=wire.Account,
    ),
    Operation(
        name="update_account",
        method="PATCH",
        path="/account",
        handler=update_account,
        summary="Set or remove the access log of the caller's account.",
        request=wire.AccountUpdate,
        response=wire.Account,
    ),
)
