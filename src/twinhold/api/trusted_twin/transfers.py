"""Handlers of the transfer operations, ours (design: ownership transfer)."""

import msgspec

from twinhold.api.kit.decode import decode
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import transfers as wire
from twinhold.api.trusted_twin.wire import twins as twins_wire
from twinhold.api.trusted_twin.wire.common import seconds
from twinhold.registry import ids, transfers
from twinhold.registry.transfers import Transfer


async def create_twin_transfer(request: Request) -> bytes:
    """POST /twins/{twin}/transfers."""
    twin = ids.parse_uuid(request.path["twin"], "twin")
    given = decode(request.body, wire.TransferInput).recipient
    recipient = ids.parse_uuid(given, "recipient", "/recipient")
    return _written(await request.write(transfers.create, ids.new_uuid(), twin, recipient))


async def accept_twin_transfer(request: Request) -> bytes:
    """POST /transfers/{transfer}."""
    document = await request.write(transfers.accept, _transfer(request), twins_wire.TWIN)
    return document.encode()


async def cancel_twin_transfer(request: Request) -> bytes:
    """DELETE /transfers/{transfer}."""
    return _written(await request.write(transfers.cancel, _transfer(request)))


def _transfer(request: Request) -> str:
    return ids.parse_uuid(request.path["transfer"], "transfer")


def _written(offer: Transfer) -> bytes:
    return msgspec.json.encode(
        {
            "transfer": offer.uuid,
            "twin": offer.twin,
            "owner": offer.owner,
            "recipient": offer.recipient,
            "validity_ts": seconds(offer.validity),
        }
    )


OPERATIONS = (
    Operation(
        name="create_twin_transfer",
        method="POST",
        path="/twins/{twin}/transfers",
        handler=create_twin_transfer,
        summary="Offer a twin to another account; ours, owner only.",
        status=201,
        request=wire.TransferInput,
        response=wire.Transfer,
        gives={"transfer": "/transfer", "twin": "/twin"},
    ),
    Operation(
        name="accept_twin_transfer",
        method="POST",
        path="/transfers/{transfer}",
        handler=accept_twin_transfer,
        summary="Take over a twin that was offered; ours, recipient only.",
        response=twins_wire.Twin,
    ),
    Operation(
        name="cancel_twin_transfer",
        method="DELETE",
        path="/transfers/{transfer}",
        handler=cancel_twin_transfer,
        summary="Withdraw or decline an offer; ours, either side.",
        response=wire.Transfer,
    ),
)
