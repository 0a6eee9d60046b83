"""Handlers of the user operations."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import twins as twins_wire
from twinhold.api.trusted_twin.wire import users as wire
from twinhold.api.trusted_twin.wire.common import times
from twinhold.registry import documents, ids, users
from twinhold.registry.users import User, UserChange


async def get_users(request: Request) -> bytes:
    """GET /users."""
    found = await request.read(users.get_all)
    return msgspec.json.encode(
        {
            "users": {
                user.uuid: {"name": user.name, "role": user.role, **times(user)} for user in found
            }
        }
    )


async def create_user(request: Request) -> bytes:
    """POST /users."""
    given = decode(request.body, wire.UserCreate)
    role = ids.parse_uuid(given.role, "role", "/role")
    change = UserChange(msgspec.UNSET, given.name, *_documents(request.body, given))
    return _written(await request.write(users.create, ids.new_uuid(), role, change))


async def get_user(request: Request) -> bytes:
    """GET /users/{user}."""
    return _written(await request.read(users.get, _user(request)))


async def update_user(request: Request) -> bytes:
    """PATCH /users/{user}."""
    user, given = _user(request), decode(request.body, wire.UserUpdate)
    role = given.role
    if not isinstance(role, msgspec.UnsetType):
        role = ids.parse_uuid(role, "role", "/role")
    change = UserChange(role, given.name, *_documents(request.body, given))
    return _written(await request.write(users.update, user, change))


async def delete_user(request: Request) -> bytes:
    """DELETE /users/{user}."""
    return _written(await request.write(users.delete, _user(request)))


def _user(request: Request) -> str:
    return ids.parse_uuid(request.path["user"], "user")


Document = str | None | msgspec.UnsetType


def _documents(body: bytes, given: wire.UserCreate | wire.UserUpdate) -> tuple[Document, Document]:
    """Description and activity as JSON texts."""
    activity = given.activity
    return twins_wire.description(body), (
        documents.member_text(body, "activity") if isinstance(activity, dict) else activity
    )


def _written(user: User) -> bytes:
    members = {
        "uuid": user.uuid,
        "role": user.role,
        "account": user.account,
        "name": user.name,
        "activity": None if user.activity is None else msgspec.Raw(user.activity.encode()),
        **times(user),
    }
    if user.description is not None:
        members["description"] = msgspec.Raw(user.description.encode())
    return msgspec.json.encode(members)


OPERATIONS = (
    Operation(
        name="get_users",
        method="GET",
        path="/users",
        handler=get_users,
        summary="List the users of the caller's account.",
        response=wire.UserList,
    ),
    Operation(
        name="create_user",
        method="POST",
        path="/users",
        handler=create_user,
        summary="Make a user.",
        status=201,
        request=wire.UserCreate,
        response=wire.User,
        gives={"user": "/uuid"},
    ),
    Operation(
        name="get_user",
        method="GET",
        path="/users/{user}",
        handler=get_user,
        summary="Read a user.",
        response=wire.User,
    ),
    Operation(
        name="update_user",
        method="PATCH",
        path="/users/{user}",
        handler=update_user,
        summary="Change a user.",
        request=wire.UserUpdate,
        response=wire.User,
    ),
    Operation(
        name="delete_user",
        method="DELETE",
        path="/users/{user}",
        handler=delete_user,
        summary="Delete a user with their secret and tokens.",
        response=wire.User,
    ),
)
