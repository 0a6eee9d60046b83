"""Handler of who_am_i."""

import msgspec

from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import whoami as wire
from twinhold.registry import access


async def who_am_i(request: Request) -> bytes:
    """GET /whoami."""
    actor = await request.read(access.confirm)
    return msgspec.json.encode(wire.WhoAmI(actor.account, actor.user, actor.role))


OPERATIONS = (
    Operation(
        name="who_am_i",
        method="GET",
        path="/whoami",
        handler=who_am_i,
        summary="Tell account, user and role of the credential.",
        response=wire.WhoAmI,
    ),
)
