"""Handlers of the twin operations."""

from typing import TYPE_CHECKING

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import twins as wire
from twinhold.registry import ids, rule_texts, searches, twins
from twinhold.registry.searches import Page, Search

if TYPE_CHECKING:
    from twinhold.rules import Rule


async def create_twin(request: Request) -> bytes:
    """POST /twins (seed 000)."""
    uuid, description = ids.new_twin_uuid(request.call.now), wire.description(request.body)
    document = await request.write_twin(uuid, twins.create, uuid, description, wire.TWIN)
    return document.encode()


async def get_twin(request: Request) -> bytes:
    """GET /twins/{twin} (seed 001)."""
    document = await request.read(
        twins.get,
        _twin(request),
        wire.TWIN,
        show_terminated=request.query.boolean("show_terminated", default=True),
    )
    return document.encode()


async def update_twin(request: Request) -> bytes:
    """PATCH /twins/{twin} (seed 002)."""
    twin, description = _twin(request), wire.description(request.body)
    document = await request.write_twin(twin, twins.update, twin, description, wire.TWIN)
    return document.encode()


async def terminate_twin(request: Request) -> bytes:
    """DELETE /twins/{twin}."""
    twin = _twin(request)
    document = await request.write_twin(twin, twins.terminate, twin, wire.TWIN)
    return document.encode()


async def scan_twins(request: Request) -> bytes:
    """GET /twins (seed 003); `fill` is ours."""
    query, cursors = request.query, request.registry.cursors
    account, cursor = request.call.actor.account, query.text("cursor")
    after = cursors.open(account, cursor) if cursor else ids.LOWEST
    count = query.integer("count", default=100, lowest=1, highest=1000)
    details = query.boolean("details", default=False)
    fill = query.boolean("fill", default=False)
    shape = wire.TWIN if details else wire.TWIN_UUID
    rule = _rule(request, query.text("match"), visible_only=details)
    if rule is None:
        page = await request.read(twins.scan, after, count, shape)
    else:
        page = await _search(request, Search(after, count, rule, details, fill, shape))
    following = f'"{cursors.seal(account, page.last)}"' if page.last else "null"
    return f'{{"cursor":{following},"twins":[{page.documents}]}}'.encode()


async def _search(request: Request, search: Search) -> Page:
    if searches.is_short(request.call, search):
        return await request.read(searches.look, search)
    if not search.fill:
        return await request.search(searches.look, search)
    page = await request.search(searches.fill, search)
    for name in page.wanted_indexes:
        request.registry.indexer.request(request.call.actor.account, name)
    return page


def _rule(request: Request, match: str | None, *, visible_only: bool) -> "Rule | None":
    """The rule that a scan has to look through: its own, or else what the caller may see."""
    if match is not None:
        return rule_texts.parse(match)
    return request.call.actor.twin_rule if visible_only else None


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")


OPERATIONS = (
    Operation(
        name="scan_twins",
        method="GET",
        path="/twins",
        handler=scan_twins,
        summary="Scan the twins that the caller's account owns, in the order of their creation.",
        query=(
            Parameter(
                "cursor",
                forms.Cursor,
                "",
                "The cursor of the last page; without it from the start.",
            ),
            Parameter(
                "count", forms.integer(1, 1000), 100, "How many twins to look at, 1 to 1000."
            ),
            Parameter("match", forms.Rule, None, "A rule; only twins that match it are returned."),
            Parameter("details", bool, False, "Return whole twins instead of UUIDs."),
            Parameter("fill", bool, False, "Ours: look on until `count` twins match."),
        ),
        response=wire.TwinPage,
    ),
    Operation(
        name="create_twin",
        method="POST",
        path="/twins",
        handler=create_twin,
        summary="Create a twin.",
        status=201,
        request=wire.TwinInput,
        response=wire.Twin,
        gives={"twin": "/creation_certificate/uuid"},
    ),
    Operation(
        name="get_twin",
        method="GET",
        path="/twins/{twin}",
        handler=get_twin,
        summary="Read a twin.",
        query=(
            Parameter("show_terminated", bool, True, "With false a terminated twin is not found."),
        ),
        response=wire.Twin,
    ),
    Operation(
        name="update_twin",
        method="PATCH",
        path="/twins/{twin}",
        handler=update_twin,
        summary="Replace the description of a twin; owner only.",
        request=wire.TwinInput,
        response=wire.Twin,
    ),
    Operation(
        name="terminate_twin",
        method="DELETE",
        path="/twins/{twin}",
        handler=terminate_twin,
        summary="Terminate a twin for good; owner only.",
        response=wire.Twin,
    ),
)
