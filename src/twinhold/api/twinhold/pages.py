"""Handlers of the pages that need no credential: health, metrics, OpenAPI, reference.

The last two take some 50 ms to make, so they are made once: anybody may ask for them.
"""

import asyncio
import functools
from collections.abc import Callable

import msgspec

from twinhold.api.kit import openapi, reference
from twinhold.api.kit.metrics import MEDIA_TYPE, Metrics
from twinhold.api.kit.operations import Dialect, Handler, Reply
from twinhold.api.kit.request import Request
from twinhold.api.twinhold import wire
from twinhold.registry import accounts
from twinhold.registry.errors import StoreAwayError

HTML = "text/html; charset=utf-8"
_PATIENCE_SECONDS = 5.0

_PAGE_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
}


async def health(request: Request) -> bytes:
    """GET /health: asks the store."""
    asking = asyncio.ensure_future(request.registry.store.read(accounts.exist))
    # Not wait_for: that waits for the end of what it cancels, and a silent network holds that too.
    done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_SECONDS)
    if not done:
        asking.cancel()
        raise StoreAwayError("The store does not answer.")
    asking.result()
    return msgspec.json.encode(wire.Health())


def metrics(tally: Metrics) -> Handler:
    """GET /metrics."""

    async def handler(_: Request) -> Reply:
        return Reply(200, tally.exposition(), MEDIA_TYPE)

    return handler


def openapi_document(dialects: Callable[[], tuple[Dialect, ...]]) -> Handler:
    """GET /openapi.json."""
    document = functools.cache(lambda: msgspec.json.encode(openapi.document(dialects())))

    async def handler(_: Request) -> bytes:
        return document()

    return handler


def reference_page(dialects: Callable[[], tuple[Dialect, ...]]) -> Handler:
    """GET /docs."""
    page = functools.cache(lambda: reference.page(dialects()))

    async def handler(_: Request) -> Reply:
        return Reply(200, page(), HTML, _PAGE_HEADERS)

    return handler
