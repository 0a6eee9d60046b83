"""Handlers of the operations that look for twins: list, count and graph."""

import hashlib
from typing import Annotated

import msgspec

from twinhold.api.kit.forms import described
from twinhold.api.kit.operations import Operation
from twinhold.api.kit.request import Request
from twinhold.api.willow import bodies, filters, graphs, twins
from twinhold.api.willow.wire import queries as wire
from twinhold.api.willow.wire.relationships import RELATIONSHIP
from twinhold.api.willow.wire.twins import TWIN, DigitalTwin
from twinhold.registry import twin_graphs, twin_queries
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.relationships import Direction
from twinhold.registry.twin_filters import Filters
from twinhold.registry.twin_queries import Query
from twinhold.registry.twin_views import View

_LARGEST_PAGE = 1000


async def get_twins(request: Request) -> bytes:
    """POST /twins."""
    given = bodies.read(request.body, wire.GetTwinsRequest, last_counts=True)
    wanted, _ = bodies.each(lambda: filters.read(given), lambda: _check_size(given.page_size))
    account = request.call.actor.account
    cursors, purpose = request.registry.cursors, _purpose(wanted)
    token = given.continuation_token
    after = cursors.open_text(account, purpose, token) if token else ""
    query = Query(
        wanted, View(TWIN, RELATIONSHIP, _directions(given.include)), after, given.page_size
    )
    run = request.read if twin_queries.is_short(request.call, query) else request.search
    page = await run(twin_queries.find_page, query)
    following = f'"{cursors.seal_text(account, purpose, page.last)}"' if page.last else "null"
    content = ",".join(map(twins.written, page.twins))
    return f'{{"content":[{content}],"continuationToken":{following}}}'.encode()


async def count_twins(request: Request) -> bytes:
    """POST /twins/count."""
    wanted = filters.read(bodies.read(request.body, wire.CountTwinsRequest, last_counts=True))
    return str(await request.search(twin_queries.count, wanted)).encode()


async def get_graph(request: Request) -> bytes:
    """POST /twins/graph."""
    graph = graphs.read(bodies.read(request.body, wire.GetTwinGraphRequest, last_counts=True))
    found = await request.search(twin_graphs.find, graph, TWIN)
    members = (
        f"{msgspec.json.encode(alias).decode()}:[{','.join(documents)}]"
        for alias, documents in found.items()
    )
    return f"{{{','.join(members)}}}".encode()


def _check_size(size: int) -> None:
    if not 1 <= size <= _LARGEST_PAGE:
        raise InvalidValueError(f"The pageSize must be from 1 to {_LARGEST_PAGE}.", "/pageSize")


def _purpose(wanted: Filters) -> str:
    """What a token is good for: the same filters."""
    return f"twins {hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()}"


def _directions(include: wire.Include) -> tuple[Direction, ...]:
    shown: dict[Direction, bool] = {
        "incoming": include.incoming_relationships,
        "outgoing": include.outgoing_relationships,
    }
    return tuple(direction for direction, wanted in shown.items() if wanted)


OPERATIONS = (
    Operation(
        name="TwinsV2_GetTwinsAsync",
        method="POST",
        path="/twins",
        handler=get_twins,
        summary="List twins that fulfil all filters, in the order of their ids.",
        request=wire.GetTwinsRequest,
        response=wire.TwinPage,
        needs=("scan_twins",),
    ),
    Operation(
        name="TwinsV2_GetTwinsCount",
        method="POST",
        path="/twins/count",
        handler=count_twins,
        summary="Count twins that fulfil all filters.",
        request=wire.CountTwinsRequest,
        response=int,
        needs=("scan_twins",),
    ),
    Operation(
        name="TwinsV2_GetTwinGraph",
        method="POST",
        path="/twins/graph",
        handler=get_graph,
        summary="Read a twin and those found by following relationships from it, by alias.",
        request=Annotated[wire.GetTwinGraphRequest, described(required=["alias", "id"])],
        response=dict[str, list[DigitalTwin]],
        needs=("get_twin",),
    ),
)
