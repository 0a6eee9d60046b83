"""Handlers of the twin operations."""

from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire
from twinhold.registry import ids, rule_texts, twins


async def create_twin(request: Request) -> bytes:
    """POST /twins (seed 000)."""
    uuid, description = ids.new_twin_uuid(request.call.now), wire.description(request.body)
    document = await request.write(twins.create, uuid, description, wire.TWIN)
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
    twin = _twin(request)
    document = await request.write(twins.update, twin, wire.description(request.body), wire.TWIN)
    return document.encode()


async def terminate_twin(request: Request) -> bytes:
    """DELETE /twins/{twin}."""
    document = await request.write(twins.terminate, _twin(request), wire.TWIN)
    return document.encode()


async def scan_twins(request: Request) -> bytes:
    """GET /twins (seed 003)."""
    query, cursors = request.query, request.registry.cursors
    account, cursor = request.call.actor.account, query.text("cursor")
    details, match = query.boolean("details", default=False), query.text("match")
    scan = twins.Scan(
        after=cursors.open(account, cursor) if cursor else ids.LOWEST,
        count=query.integer("count", default=100, lowest=1, highest=1000),
        rule=None if match is None else rule_texts.parse(match),
        visible_only=details,
        shape=wire.TWIN if details else wire.TWIN_UUID,
    )
    page = await request.read(twins.scan, scan)
    following = f'"{cursors.seal(account, page.last)}"' if page.last else "null"
    return f'{{"cursor":{following},"twins":[{",".join(page.documents)}]}}'.encode()


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")
