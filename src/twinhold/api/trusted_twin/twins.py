"""Handlers of the twin operations."""

import msgspec

from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin import wire
from twinhold.registry import ids, twins
from twinhold.registry.errors import RuleInvalidError
from twinhold.rules import Rule, RuleSyntaxError
from twinhold.rules import parse as parse_rule


async def create_twin(request: Request) -> bytes:
    """POST /twins (seed 000)."""
    call = request.call
    document = await request.registry.store.write(
        twins.create,
        call,
        ids.new_twin_uuid(call.now),
        wire.description(request.body),
        wire.TWIN,
    )
    return document.encode()


async def get_twin(request: Request) -> bytes:
    """GET /twins/{twin} (seed 001)."""
    document = await request.registry.store.read(
        twins.get,
        request.call,
        _twin(request),
        wire.TWIN,
        show_terminated=request.query.boolean("show_terminated", default=True),
    )
    return document.encode()


async def update_twin(request: Request) -> bytes:
    """PATCH /twins/{twin} (seed 002)."""
    twin = _twin(request)
    document = await request.registry.store.write(
        twins.update, request.call, twin, wire.description(request.body), wire.TWIN
    )
    return document.encode()


async def terminate_twin(request: Request) -> bytes:
    """DELETE /twins/{twin}."""
    document = await request.registry.store.write(
        twins.terminate, request.call, _twin(request), wire.TWIN
    )
    return document.encode()


async def scan_twins(request: Request) -> bytes:
    """GET /twins (seed 003)."""
    query, registry, account = request.query, request.registry, request.call.actor.account
    cursor = query.text("cursor")
    scan = twins.Scan(
        after=registry.cursors.open(account, cursor) if cursor else ids.LOWEST,
        count=query.integer("count", default=100, lowest=1, highest=1000),
        rule=_rule(query.text("match")),
        shape=wire.TWIN if query.boolean("details", default=False) else wire.TWIN_UUID,
    )
    page = await registry.store.read(twins.scan, request.call, scan)
    following = registry.cursors.seal(account, page.last) if page.last else None
    joined = ",".join(page.documents)
    return f'{{"cursor":{msgspec.json.encode(following).decode()},"twins":[{joined}]}}'.encode()


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")


def _rule(text: str | None) -> Rule | None:
    if text is None:
        return None
    try:
        return parse_rule(text)
    except RuleSyntaxError as error:
        raise RuleInvalidError(f"The rule does not parse: {error}") from None
