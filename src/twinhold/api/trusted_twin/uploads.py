"""Handlers of the upload operations."""

import msgspec

from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import docs as wire
from twinhold.registry import ids, uploads
from twinhold.registry.uploads import Ticket


async def create_upload_url(request: Request) -> bytes:
    """POST /cache."""
    origin, token = request.origin, uploads.new_token()
    made = await request.write(uploads.create, ids.new_uuid(), token)
    return wire.upload_url(origin, made, token)


async def invalidate_upload_url(request: Request) -> bytes:
    """DELETE /cache/{handler}."""
    handler = _handler(request)
    await request.write(uploads.invalidate, handler)
    return msgspec.json.encode(wire.Handler(handler))


async def upload_file(request: Request) -> bytes:
    """PUT /cache/{handler}/{token}; the URL is the credential."""
    if request.stream is None:
        raise RuntimeError("The operation is not declared to stream.")
    ticket = Ticket(_handler(request), request.path["token"])
    taken = await request.registry.arrivals.receive(ticket, request.stream, request.call.now)
    return wire.uploaded(taken)


def _handler(request: Request) -> str:
    return ids.parse_uuid(request.path["handler"], "handler")


OPERATIONS = (
    Operation(
        name="create_upload_url",
        method="POST",
        path="/cache",
        handler=create_upload_url,
        summary="Make a URL to which one file can be put, for an hour.",
        status=201,
        response=wire.UploadUrl,
        gives={"handler": "/handler"},
    ),
    Operation(
        name="invalidate_upload_url",
        method="DELETE",
        path="/cache/{handler}",
        handler=invalidate_upload_url,
        summary="End an upload; docs that have its file keep it.",
        response=wire.Handler,
    ),
    Operation(
        name="upload_file",
        method="PUT",
        path="/cache/{handler}/{token}",
        handler=upload_file,
        summary="Put a file, to the URL that create_upload_url has made.",
        streams=True,
        largest_body=uploads.LARGEST_FILE,
        response=wire.UploadedFile,
        public=True,
    ),
)
