"""Handlers of the doc operations."""

from typing import Literal

import msgspec

from twinhold.api.kit.operations import Operation, Parameter, Reply, Stream
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import docs as wire
from twinhold.api.trusted_twin.wire import twins as twins_wire
from twinhold.api.trusted_twin.wire.common import Validity
from twinhold.blobs import BlobMissingError, verified
from twinhold.registry import docs, ids
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.uploads import VALID_MICROSECONDS

_BINARY = "application/octet-stream"
_VIEWS = ("list", "tree")
# What a file holds is its sender's business: a browser saves it, and never runs it as our page.
_INERT = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-store",
}


async def attach_twin_doc(request: Request) -> bytes:
    """POST /twins/{twin}/docs."""
    twin, new = _twin(request), wire.new_docs(request.body)
    attached = await request.write(docs.attach, twin, new)
    return msgspec.json.encode({"docs": {doc.name: wire.written(doc) for doc in attached}})


async def get_twin_docs(request: Request) -> bytes:
    """GET /twins/{twin}/docs."""
    form = _view(request)
    found = await request.read(docs.get_all, _twin(request), request.query.text("mask"))
    return wire.view(found, form)


async def delete_twin_docs(request: Request) -> bytes:
    """DELETE /twins/{twin}/docs."""
    form = _view(request)
    return wire.view(await request.write(docs.delete_all, _twin(request)), form)


async def get_twin_doc(request: Request) -> bytes:
    """GET /twins/{twin}/docs/{doc_name}."""
    validity = _validity(request)
    doc = await request.read(docs.get, _twin(request), request.path["doc_name"])
    download = None
    if request.query.boolean("download", default=False):
        grant = docs.grant(request.call, doc, validity)
        handler = request.registry.downloads.seal(grant)
        download = wire.download(request.origin, grant, handler)
    return msgspec.json.encode(wire.written(doc, download))


async def update_twin_doc(request: Request) -> bytes:
    """PATCH /twins/{twin}/docs/{doc_name}."""
    description = twins_wire.description(request.body)
    name = request.path["doc_name"]
    doc = await request.write(docs.update, _twin(request), name, description)
    return msgspec.json.encode(wire.written(doc))


async def delete_twin_doc(request: Request) -> bytes:
    """DELETE /twins/{twin}/docs/{doc_name}."""
    doc = await request.write(docs.delete, _twin(request), request.path["doc_name"])
    return msgspec.json.encode(wire.written(doc))


async def download_doc(request: Request) -> Reply:
    """GET /download/{account}/{handler}; the URL is the credential."""
    registry = request.registry
    account = ids.parse_uuid(request.path["account"], "account")
    grant = registry.downloads.open(account, request.path["handler"], request.call.now)
    blob = await registry.store.read(docs.open_file, grant)
    try:
        chunks = await registry.blobs.get(blob.place)
    except BlobMissingError:
        await registry.store.read(docs.open_file, grant)  # the doc may have just been deleted
        raise
    file_name = grant.name.rpartition("/")[2]
    headers = _INERT | {"content-disposition": f'attachment; filename="{file_name}"'}
    return Reply(200, Stream(verified(chunks, blob.digest), blob.size), _BINARY, headers)


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")


def _view(request: Request) -> str:
    form = request.query.text("view") or "list"
    if form not in _VIEWS:
        raise InvalidValueError(f"The parameter view must be list or tree, not {quoted(form)}.")
    return form


def _validity(request: Request) -> int:
    """Until when a download URL is to be valid; for an hour where the request does not say."""
    text = request.query.text("validity_ts")
    return request.call.now + VALID_MICROSECONDS if text is None else wire.validity(text)


_VIEW = Parameter(
    "view", Literal["list", "tree"], "list", "list, or tree to nest the docs by their folders."
)

OPERATIONS = (
    Operation(
        name="get_twin_docs",
        method="GET",
        path="/twins/{twin}/docs",
        handler=get_twin_docs,
        summary="List the docs that the caller's account has attached to a twin.",
        query=(
            Parameter("mask", str, None, "A glob that whole names must match, as *.txt."),
            _VIEW,
        ),
        response=wire.DocList,
    ),
    Operation(
        name="attach_twin_doc",
        method="POST",
        path="/twins/{twin}/docs",
        handler=attach_twin_doc,
        summary="Attach uploaded files to a twin: all of them, or none.",
        status=201,
        request=wire.DocsInput,
        response=wire.AttachedDocs,
    ),
    Operation(
        name="delete_twin_docs",
        method="DELETE",
        path="/twins/{twin}/docs",
        handler=delete_twin_docs,
        summary="Delete the docs that the caller's account has attached to a twin.",
        query=(_VIEW,),
        response=wire.DocList,
    ),
    Operation(
        name="get_twin_doc",
        method="GET",
        path="/twins/{twin}/docs/{doc_name}",
        handler=get_twin_doc,
        summary="Read a doc, with a URL to download its file when asked for.",
        query=(
            Parameter("download", bool, False, "Make a download URL."),
            Parameter("validity_ts", Validity, None, "Its end, within 7 days; without it an hour."),
        ),
        response=wire.DocObject,
    ),
    Operation(
        name="update_twin_doc",
        method="PATCH",
        path="/twins/{twin}/docs/{doc_name}",
        handler=update_twin_doc,
        summary="Replace the description of a doc.",
        request=wire.DocUpdate,
        response=wire.DocObject,
    ),
    Operation(
        name="delete_twin_doc",
        method="DELETE",
        path="/twins/{twin}/docs/{doc_name}",
        handler=delete_twin_doc,
        summary="Delete a doc.",
        response=wire.DocObject,
    ),
    Operation(
        name="download_doc",
        method="GET",
        path="/download/{account}/{handler}",
        handler=download_doc,
        summary="Fetch a file, by the URL that get_twin_doc has made.",
        response_media=_BINARY,
        public=True,
    ),
)
