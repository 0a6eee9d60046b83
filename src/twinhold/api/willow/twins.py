"""Handlers of the operations on single twins, and on some named by their ids."""

from dataclasses import replace
from typing import Annotated, Any

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter, Reply
from twinhold.api.kit.request import Request
from twinhold.api.willow import bodies, conditions, deviations, parameters
from twinhold.api.willow.wire import twins as wire
from twinhold.api.willow.wire.relationships import RELATIONSHIP
from twinhold.registry import documents, json_patch, modelled_twins, twin_deletions, twin_views
from twinhold.registry.errors import InvalidValueError, Problem, TwinInvalidError
from twinhold.registry.json_patch import PatchOperation
from twinhold.registry.modelled_twins import Draft, Patch, Written
from twinhold.registry.twin_views import Shown, View

LARGEST_IDS = 512 * 1024
"""Bytes of a body of ids: room for a thousand of any characters."""

MOST_IDS = 1000
_SERVER_SIDE = {"id", "lastupdatetime"}


async def put_twin(request: Request) -> Reply:
    """PUT /twins."""
    draft, condition = _draft(request), conditions.read(request)
    face, deviations = await request.read(modelled_twins.check, draft)
    twin = await request.write(modelled_twins.put, face, wire.TWIN, condition)
    return _answer(twin if deviations is None else twin._replace(deviations=deviations))


async def get_twin(request: Request) -> Reply:
    """GET /twins/{id}."""
    shown = await request.read(twin_views.get, request.path["id"], _view(request))
    return _answer(Written(written(shown), shown.twin.updated))


async def patch_twin(request: Request) -> Reply:
    """PATCH /twins/{id}: a JSON Patch."""
    patch = Patch(
        request.path["id"],
        _patch(request.body),
        conditions.read(request),
        request.registry.validation,
    )
    return _answer(await request.write(modelled_twins.patch, patch, wire.TWIN))


async def delete_twin(request: Request) -> bytes:
    """DELETE /twins/{id}, ours."""
    cascade = parameters.query(request).boolean("cascade", default=False)
    condition = conditions.read(request)
    await request.write(twin_deletions.delete, request.path["id"], condition, cascade=cascade)
    return b""


async def get_twins_by_ids(request: Request) -> bytes:
    """POST /twins/ids: ids that match nothing are left out."""
    ids = read_ids(request.body)
    return page(await request.read(twin_views.get_some, ids, _view(request)))


def read_ids(body: bytes) -> list[str]:
    """The ids of twins in a body, at most a thousand.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: it is no array of texts, or too long.
    """
    items = documents.parse_array(body)
    if len(items) > MOST_IDS:
        raise InvalidValueError(f"At most {MOST_IDS} ids are taken at once.", "")
    for number, item in enumerate(items):
        if not isinstance(item, str):
            kind = documents.kind(item)
            raise InvalidValueError(f"An id must be a text, not {kind}.", f"/{number}")
    return items


def written(shown: Shown) -> str:
    """A twin with the relationships that were asked for."""
    document = shown.twin.document
    if shown.incoming is None and shown.outgoing is None:
        return document
    members = [document[:-1]]
    if shown.incoming is not None:
        members.append(f'"incomingRelationships":[{",".join(shown.incoming)}]')
    if shown.outgoing is not None:
        members.append(f'"outgoingRelationships":[{",".join(shown.outgoing)}]')
    return ",".join(members) + "}"


def page(twins: list[Shown]) -> bytes:
    """A JSON array of twins."""
    return f"[{','.join(map(written, twins))}]".encode()


def _answer(twin: Written) -> Reply:
    headers = {"etag": conditions.etag(twin.version)}
    return deviations.reply(twin.document, twin.deviations, headers)


def _view(request: Request) -> View:
    related = parameters.query(request).boolean("includeRelationships", default=False)
    return View(wire.TWIN, RELATIONSHIP, ("incoming", "outgoing") if related else ())


def _draft(request: Request) -> Draft:
    """The twin in a request's body, whose member names count in any case.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the body cannot be read.
        TwinInvalidError: members are missing or of a wrong type; names them all.
    """
    members = bodies.lowered(documents.parse_object(request.body))
    id_, model, contents = (members.get(name) for name in ("id", "modelid", "contents"))
    contents = {} if contents is None else contents
    problems = modelled_twins.check_id(id_)
    if not isinstance(model, str) or not model:
        problems.append(Problem("/modelId", "The modelId must be the DTMI of a model."))
    if not isinstance(contents, dict):
        kind = documents.kind(contents)
        problems.append(Problem("/contents", f"The contents must be an object, not {kind}."))
    if problems:
        raise TwinInvalidError(problems)
    return Draft(str(id_), str(model), contents, request.registry.validation)


def _patch(body: bytes) -> list[PatchOperation]:
    """The operations in a body, on the document `{"modelId", "contents"}`.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the body is no patch of a twin.
    """
    items = enumerate(documents.parse_array(body))
    operations = json_patch.read([_operation(item, f"/{number}") for number, item in items])
    return [
        PatchOperation(operation.op, _path(operation.path, f"/{number}/path"), operation.value)
        for number, operation in enumerate(operations)
    ]


def _operation(item: Any, pointer: str) -> Any:
    """An operation of a patch, whose names and whose op count in any case."""
    if not isinstance(item, dict):
        return item
    members = bodies.lowered(item, pointer)
    op = members.get("op")
    return members | {"op": op.lower()} if isinstance(op, str) else members


def _path(path: str, pointer: str) -> str:
    """A path into a twin; `/name` is short for `/contents/name`, and `contents` in any case."""
    steps = json_patch.steps_of(path, pointer)
    first = steps[0].lower() if steps else ""
    if not steps or first in _SERVER_SIDE:
        raise InvalidValueError("A patch can change modelId and contents only.", pointer)
    if first == "modelid" and len(steps) == 1:
        return "/modelId"
    return f"/contents{path[len(first) + 1 :]}" if first == "contents" else f"/contents{path}"


_PUT = Operation(
    name="TwinsV2_CreateOrReplaceTwinAsync",
    method="PUT",
    path="/twins",
    handler=put_twin,
    summary="Create or replace a twin.",
    headers=conditions.HEADERS,
    request=wire.DigitalTwinInput,
    response=wire.DigitalTwin,
    gives={"id": "/id", "twinId": "/id"},
    needs=("create_twin", "update_twin"),
)

AT_THE_ROOT = replace(_PUT, name="put_twin")
"""PUT /twins, as the page of the operation writes it (seed 004)."""

OPERATIONS = (
    _PUT,
    Operation(
        name="TwinsV2_GetTwinsByIdsAsync",
        method="POST",
        path="/twins/ids",
        handler=get_twins_by_ids,
        summary="Read twins by their ids; those that do not exist are left out.",
        query=(Parameter("includeRelationships", bool, False, "With their relationships."),),
        request=Annotated[list[str], forms.described(maxItems=MOST_IDS)],
        largest_body=LARGEST_IDS,
        response=list[wire.RelatedTwin],
        needs=("get_twin",),
    ),
    Operation(
        name="TwinsV2_GetTwinByIdAsync",
        method="GET",
        path="/twins/{id}",
        handler=get_twin,
        summary="Read a twin.",
        query=(Parameter("includeRelationships", bool, False, "With its relationships."),),
        response=wire.RelatedTwin,
        needs=("get_twin",),
    ),
    Operation(
        name="TwinsV2_PatchTwin",
        method="PATCH",
        path="/twins/{id}",
        handler=patch_twin,
        summary="Change parts of a twin by a JSON Patch.",
        headers=conditions.HEADERS,
        request=list[wire.PatchInput],
        response=wire.DigitalTwin,
        needs=("update_twin",),
    ),
    Operation(
        name="DeleteTwin",
        method="DELETE",
        path="/twins/{id}",
        handler=delete_twin,
        summary="Delete a twin with all that hangs on it; ours.",
        query=(Parameter("cascade", bool, False, "Delete its relationships too."),),
        headers=conditions.HEADERS,
        status=204,
        needs=("delete_twin",),
    ),
)
