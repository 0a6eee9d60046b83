"""Handlers of the model operations, ours; their bodies are those of Azure Digital Twins."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import models as wire
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


_Models = Annotated[list[dict[str, Any]], forms.described(minItems=1, format="models")]

OPERATIONS = (
    Operation(
        name="upload_models",
        method="POST",
        path="/models",
        handler=upload_models,
        summary="Store models, all or none: an array of DTDL Interfaces in any order; ours.",
        status=201,
        request=_Models,
        largest_body=LARGEST_BODY,
        response=list[wire.Model],
        gives={"model": "/0/id"},
    ),
    Operation(
        name="get_models",
        method="GET",
        path="/models",
        handler=get_models,
        summary="List the models of the caller's account in the order of their ids; ours.",
        query=(
            Parameter(
                "dependenciesFor", list[forms.Dtmi], None, "Only these and all they depend on."
            ),
            Parameter("includeModelDefinition", bool, False, "With their documents."),
            Parameter(
                "count", forms.integer(1, _MOST), 100, "How many models a page has, 1 to 1000."
            ),
            Parameter(
                "after", forms.Dtmi, None, "The id that the page begins behind; see `nextLink`."
            ),
        ),
        response=wire.ModelPage,
    ),
    Operation(
        name="get_model",
        method="GET",
        path="/models/{model}",
        handler=get_model,
        summary="Read a model; ours.",
        query=(Parameter("includeModelDefinition", bool, False, "With its document."),),
        response=wire.Model,
        needs=("get_models",),
    ),
    Operation(
        name="delete_models",
        method="DELETE",
        path="/models/{model}",
        handler=delete_models,
        summary="Delete a model that no other model depends on; ours.",
        status=204,
    ),
)
