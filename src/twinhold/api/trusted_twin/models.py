"""Handlers of the model operations, ours; their bodies are those of Azure Digital Twins."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from twinhold.api.kit.request import Request
from twinhold.registry import models
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.model_uploads import Upload
from twinhold.registry.models import Listing, StoredModel

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of an upload: a large ontology has some 2 MB."""

_MOST = 1000


async def upload_models(request: Request) -> bytes:
    """POST /models."""
    request.kept = upload = request.kept or Upload(request.body)
    found = await upload.run(request)
    return msgspec.json.encode([_members(model) for model in found])


async def get_models(request: Request) -> bytes:
    """GET /models."""
    query = request.query
    listing = Listing(
        after=_dtmi(query.text("after") or ""),
        count=query.integer("count", default=100, lowest=1, highest=_MOST),
        needed_by=tuple(map(_dtmi, query.texts("dependenciesFor"))),
        whole=query.boolean("includeModelDefinition", default=False),
    )
    page = await request.read(models.find_all, listing)
    following = None if page.last is None else _link(request, page.last)
    members = {"value": [_members(model) for model in page.models], "nextLink": following}
    return msgspec.json.encode(members)


async def get_model(request: Request) -> bytes:
    """GET /models/{model}."""
    whole = request.query.boolean("includeModelDefinition", default=False)
    found = await request.read(models.find, _dtmi(request.path["model"]), whole=whole)
    return msgspec.json.encode(_members(found))


async def delete_models(request: Request) -> bytes:
    """DELETE /models/{model}."""
    await request.write(models.delete, _dtmi(request.path["model"]))
    return b""


def _dtmi(text: str) -> str:
    """An id in a path or query; whether such a model exists is not asked here."""
    if not text.isprintable():
        raise InvalidValueError(f"The id {quoted(text)} must be a DTMI.")
    return text


def _link(request: Request, last: str) -> str:
    """The path of the next page: the same query behind the last id."""
    query = {name: values for name, values in request.query.values.items() if name != "after"}
    return "/models?" + urlencode(query | {"after": [last]}, doseq=True)


def _members(model: StoredModel) -> dict[str, object]:
    members = {
        "id": model.dtmi,
        "displayName": msgspec.Raw(model.display_name.encode()),
        "description": msgspec.Raw(model.description.encode()),
        "uploadTime": datetime.fromtimestamp(model.uploaded / 1_000_000, UTC).isoformat(),
        "decommissioned": False,
    }
    if model.document is not None:
        members["model"] = msgspec.Raw(model.document.encode())
    return members
