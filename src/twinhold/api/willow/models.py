"""Handlers of the model operations, which only read; models come in through `POST /models`."""

import sys

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.willow import parameters
from twinhold.api.willow.wire import models as wire
from twinhold.registry import instants, models
from twinhold.registry.errors import InvalidValueError, ModelNotFoundError, quoted
from twinhold.registry.models import Listing, StoredModel


async def get_models(request: Request) -> bytes:
    """GET /models: all of them, or those that a root model depends on and itself."""
    query = parameters.query(request)
    root = query.text("rootModel")
    listing = Listing(
        count=sys.maxsize - 1,
        needed_by=(_dtmi(root),) if root else (),
        whole=query.boolean("includeModelDefinitions", default=False),
    )
    try:
        page = await request.search(models.find_all, listing)
    except ModelNotFoundError as error:
        raise InvalidValueError(error.message) from None
    return msgspec.json.encode([_written(model) for model in page.models])


async def get_model(request: Request) -> bytes:
    """GET /models/{id}."""
    found = await request.read(models.find, _dtmi(request.path["id"]), whole=True)
    return msgspec.json.encode(_written(found))


def _dtmi(text: str) -> str:
    """An id in a path or query.

    Raises:
        InvalidValueError: it cannot be one.
    """
    from twinhold.dtdl import dtmi  # noqa: PLC0415 - see `LoadedModels.add`

    if not dtmi.is_dtmi(text):
        raise InvalidValueError(f"The id {quoted(text)} must be a DTMI.")
    return text


def _written(model: StoredModel) -> dict[str, object]:
    return {
        "id": model.dtmi,
        "displayName": _texts(model.display_name),
        "description": _texts(model.description),
        "modelDefinition": model.document,
        "uploadTime": f"{instants.write(model.uploaded)}+00:00",
    }


def _texts(by_language: str) -> msgspec.Raw:
    return msgspec.Raw(b"null" if by_language == "{}" else by_language.encode())


OPERATIONS = (
    Operation(
        name="ModelsV2_GetModels",
        method="GET",
        path="/models",
        handler=get_models,
        summary="List models.",
        query=(
            Parameter(
                "rootModel", forms.AnyDtmi, None, "Only this model and all that it depends on."
            ),
            Parameter("includeModelDefinitions", bool, False, "With their documents."),
        ),
        response=list[wire.ModelResponse],
        needs=("get_models",),
    ),
    Operation(
        name="ModelsV2_GetModel",
        method="GET",
        path="/models/{id}",
        handler=get_model,
        summary="Read a model with its document.",
        path_types={"id": forms.SoundDtmi},
        response=wire.ModelResponse,
        needs=("get_models",),
    ),
)
