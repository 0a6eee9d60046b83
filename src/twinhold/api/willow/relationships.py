"""Handlers of the relationship operations."""

from twinhold.api.kit.operations import Operation, Reply
from twinhold.api.kit.request import Request
from twinhold.api.willow import bodies, deviations
from twinhold.api.willow.wire import relationships as wire
from twinhold.registry import relationships
from twinhold.registry.errors import Problem, RelationshipInvalidError
from twinhold.registry.relationships import Direction, Draft


async def put_relationship(request: Request) -> Reply:
    """PUT /twins/relationships."""
    given = bodies.read(request.body, wire.RelationshipInput)
    texts = {"sourceId": given.source_id, "targetId": given.target_id, "name": given.name}
    empty = [
        Problem(f"/{name}", f"The {name} is empty.") for name, text in texts.items() if not text
    ]
    if empty:
        raise RelationshipInvalidError(empty)
    draft = Draft(
        given.source_id,
        given.target_id,
        given.name,
        given.properties,
        validation=request.registry.validation,
    )
    return deviations.reply(*await request.write(relationships.put, draft, wire.RELATIONSHIP))


async def get_relationship(request: Request) -> bytes:
    """GET /twins/{twinId}/relationships/{relationshipId}."""
    twin, id_ = request.path["twinId"], request.path["relationshipId"]
    return (await request.read(relationships.get, twin, id_, wire.RELATIONSHIP)).encode()


async def get_outgoing(request: Request) -> bytes:
    """GET /twins/{twinId}/relationships/outgoing."""
    return await _all(request, "outgoing")


async def get_incoming(request: Request) -> bytes:
    """GET /twins/{twinId}/relationships/incoming."""
    return await _all(request, "incoming")


async def delete_relationship(request: Request) -> bytes:
    """DELETE /twins/{twinId}/relationships/{relationshipId}, ours."""
    twin, id_ = request.path["twinId"], request.path["relationshipId"]
    await request.write(relationships.delete, twin, id_)
    return b""


async def _all(request: Request, direction: Direction) -> bytes:
    found = await request.search(
        relationships.get_all, request.path["twinId"], direction, wire.RELATIONSHIP
    )
    return f"[{','.join(found)}]".encode()


OPERATIONS = (
    Operation(
        name="RelationshipsV2_UpsertRelationship",
        method="PUT",
        path="/twins/relationships",
        handler=put_relationship,
        summary="Make a relationship; repeating it changes nothing.",
        request=wire.RelationshipInput,
        response=wire.Relationship,
        gives={"twinId": "/sourceId", "relationshipId": "/id"},
        needs=("put_relationship",),
    ),
    Operation(
        name="RelationshipsV2_GetOutgoingRelationships",
        method="GET",
        path="/twins/{twinId}/relationships/outgoing",
        handler=get_outgoing,
        summary="List the relationships that leave a twin.",
        response=list[wire.Relationship],
        needs=("get_relationships",),
    ),
    Operation(
        name="RelationshipsV2_GetIncomingRelationships",
        method="GET",
        path="/twins/{twinId}/relationships/incoming",
        handler=get_incoming,
        summary="List the relationships that arrive at a twin.",
        response=list[wire.Relationship],
        needs=("get_relationships",),
    ),
    Operation(
        name="RelationshipsV2_GetRelationship",
        method="GET",
        path="/twins/{twinId}/relationships/{relationshipId}",
        handler=get_relationship,
        summary="Read a relationship, found at its source.",
        response=wire.Relationship,
        needs=("get_relationships",),
    ),
    Operation(
        name="DeleteRelationship",
        method="DELETE",
        path="/twins/{twinId}/relationships/{relationshipId}",
        handler=delete_relationship,
        summary="Delete a relationship, found at its source; ours.",
        status=204,
        needs=("delete_relationship",),
    ),
)
