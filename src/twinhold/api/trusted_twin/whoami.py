"""Handler of who_am_i."""

import msgspec

from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire


async def who_am_i(request: Request) -> bytes:
    """GET /whoami."""
    actor = request.call.actor
    return msgspec.json.encode(wire.WhoAmI(actor.account, actor.user, actor.role))
