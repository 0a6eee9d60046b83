"""Handlers of the time series operations."""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.willow import batches, parameters
from twinhold.api.willow.twins import LARGEST_IDS, MOST_IDS, read_ids
from twinhold.api.willow.wire import time_series as wire
from twinhold.registry import instants, time_series
from twinhold.registry.errors import InvalidValueError
from twinhold.registry.time_series import Page, Position, Span, Window
from twinhold.store.shape import Shape

LARGEST_BATCH = 8 * 1024 * 1024
"""Bytes of a batch: 10,000 values of 800 bytes."""

_MOST_A_PAGE = 10_000
_LONG_READ = 1000


async def post_telemetry(request: Request) -> bytes:
    """POST /time-series."""
    if request.kept is None:
        request.kept = await asyncio.to_thread(batches.read, request.body)
    await request.write(time_series.post, request.kept)
    return b"{}"


async def get_by_id(request: Request) -> bytes:
    """GET /time-series/{twinId}."""
    listing = _Listing(request, [request.path["twinId"]])
    run = request.search if listing.is_long else request.read
    return listing.answer(await run(time_series.get, listing.ids[0], listing.window))


async def get_by_ids(request: Request) -> bytes:
    """POST /time-series/ids."""
    listing = _Listing(request, read_ids(request.body))
    run = request.search if listing.is_long else request.read
    return listing.answer(await run(time_series.get_some, listing.ids, listing.window))


async def get_latest_by_id(request: Request) -> bytes:
    """GET /time-series/{twinId}/latest."""
    found = await request.read(time_series.get_latest, request.path["twinId"], _span(request))
    return _array(found)


async def get_latest_by_ids(request: Request) -> bytes:
    """POST /time-series/ids/latest: twins without a value are left out."""
    ids = read_ids(request.body)
    found = await request.read(time_series.get_latest_of_some, ids, _span(request))
    return _array(found)


class _Listing:
    """What a request lists, and the token with which the next one goes on."""

    def __init__(self, request: Request, ids: Sequence[str]) -> None:
        start, end = _time(request, "start"), _time(request, "end")
        if start is None or end is None:
            raise InvalidValueError("The parameters start and end must be sent.")
        _require_order(start, end)
        count = parameters.query(request).integer(
            "pageSize", default=100, lowest=1, highest=_MOST_A_PAGE
        )
        self.ids = ids
        self.is_long = len(ids) * count > _LONG_READ
        self._account = request.call.actor.account
        self._cursors = request.registry.cursors
        self._purpose = _purpose(ids, start, end)
        token = parameters.query(request).text("continuationToken")
        after = self._position(token) if token else time_series.start_of(start)
        self.window = Window(after, end, count, _shape(request))

    def answer(self, page: Page) -> bytes:
        """A page as the vendor's clients expect it."""
        token = None
        if page.last is not None:
            position = f"{page.last.time} {page.last.number}"
            token = self._cursors.seal_text(self._account, self._purpose, position)
        missing = msgspec.json.encode(_missing(page.unknown))
        return b'{"data":%b,"continuationToken":%b,"errorList":%b,"errorData":%b}' % (
            _array(page.values),
            msgspec.json.encode(token),
            missing,
            missing,
        )

    def _position(self, token: str) -> Position:
        text = self._cursors.open_text(self._account, self._purpose, token)
        time, number = text.split()
        return Position(int(time), int(number))


def _purpose(ids: Sequence[str], start: int, end: int) -> str:
    """What a token is good for: the same twins in the same span."""
    listed = msgspec.json.encode((ids, start, end))
    return f"time-series {hashlib.sha256(listed).hexdigest()}"


def _span(request: Request) -> Span:
    start, end = _time(request, "start"), _time(request, "end")
    since, until = start or 0, sys.maxsize if end is None else end
    _require_order(since, until)
    return Span(since, until, _shape(request))


def _time(request: Request, name: str) -> int | None:
    text = parameters.query(request).text(name)
    return instants.read(text) if text else None


def _require_order(start: int, end: int) -> None:
    if start >= end:
        raise InvalidValueError("The start must be before the end.")


def _shape(request: Request) -> Shape:
    wanted = parameters.query(request).boolean("includeDataQuality", default=False)
    return wire.VALUE_WITH_QUALITY if wanted else wire.VALUE


def _missing(ids: list[str]) -> wire.MissingTwins | None:
    return wire.MissingTwins("Some twins do not exist.", ids) if ids else None


def _array(documents: list[str]) -> bytes:
    return f"[{','.join(documents)}]".encode()


_START = Parameter("start", forms.AnyInstant, None, "Values from this time on.")
_END = Parameter("end", forms.AnyInstant, None, "Values before this time.")
_QUALITY = Parameter("includeDataQuality", bool, False, "With flags of quality, all false.")
_PAGE = (
    replace(_START, type=forms.Instant, required=True),
    replace(_END, type=forms.Instant, required=True),
    Parameter("pageSize", forms.integer(1, _MOST_A_PAGE), 100, "Values of a page, at most 10,000."),
    Parameter("continuationToken", forms.Cursor, None, "The one of the page before."),
    _QUALITY,
)
_LATEST = (_START, _END, _QUALITY)

_Values = Annotated[list[wire.ValueInput], forms.described(maxItems=batches.MOST_VALUES)]
_Ids = Annotated[list[str], forms.described(maxItems=MOST_IDS)]

OPERATIONS = (
    Operation(
        name="PostTelemetry",
        method="POST",
        path="/time-series",
        handler=post_telemetry,
        summary="Store up to 10,000 values of Capability twins, all or none.",
        request=_Values,
        largest_body=LARGEST_BATCH,
        response=wire.Accepted,
        needs=("put_time_series",),
    ),
    Operation(
        name="GetTimeSeriesIds",
        method="POST",
        path="/time-series/ids",
        handler=get_by_ids,
        summary="List values of some twins, the earliest first.",
        query=_PAGE,
        request=_Ids,
        largest_body=LARGEST_IDS,
        response=wire.Page,
        needs=("get_time_series",),
    ),
    Operation(
        name="GetTimeSeriesIdsLatest",
        method="POST",
        path="/time-series/ids/latest",
        handler=get_latest_by_ids,
        summary="Read the latest value of each of some twins.",
        query=_LATEST,
        request=_Ids,
        largest_body=LARGEST_IDS,
        response=list[wire.Value],
        needs=("get_time_series",),
    ),
    Operation(
        name="GetTimeSeriesById",
        method="GET",
        path="/time-series/{twinId}",
        handler=get_by_id,
        summary="List values of a twin, the earliest first.",
        query=_PAGE,
        response=wire.Page,
        needs=("get_time_series",),
    ),
    Operation(
        name="GetTimeSeriesByIdLatest",
        method="GET",
        path="/time-series/{twinId}/latest",
        handler=get_latest_by_id,
        summary="Read the latest value of a twin.",
        query=_LATEST,
        response=list[wire.Value],
        needs=("get_time_series",),
    ),
)
