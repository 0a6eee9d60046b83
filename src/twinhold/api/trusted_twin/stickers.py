"""Handlers of the sticker operations."""

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.decode import decode_mapping
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Request
from twinhold.api.trusted_twin.wire import contexts
from twinhold.api.trusted_twin.wire import stickers as wire
from twinhold.api.trusted_twin.wire.common import Validity, moment
from twinhold.registry import documents, ids, stickers
from twinhold.registry.pace import Pace
from twinhold.registry.stickers import Listing, Sticker

_HIGHEST_OFFSET = 1_000_000
_MILLISECOND = 1_000
_ALWAYS = 1 << 62


async def put_sticker(request: Request) -> bytes:
    """POST /twins/{twin}/stickers."""
    twin, sent = _twin(request), decode_mapping(request.body, "stickers", wire.StickerInput)
    places = {color: f"/stickers/{documents.escape(color)}" for color in sent}
    wanted = [
        wire.new_sticker(stickers.check_color(color, places[color]), one, places[color])
        for color, one in sent.items()
    ]
    made = await request.write(stickers.put, twin, wanted)
    return msgspec.json.encode({"stickers": {one.color: wire.for_account(one) for one in made}})


async def get_stickers(request: Request) -> bytes:
    """GET /twins/{twin}/stickers."""
    accounts = contexts.accounts(request, default="system")
    found = await request.read_any(stickers.get_all, _twin(request), accounts)
    grouped: dict[str, dict[str, object]] = {}
    for one in found:
        grouped.setdefault(one.account, {})[one.color] = wire.for_recipient(one)
    return msgspec.json.encode({"accounts": grouped})


async def get_sticker(request: Request) -> bytes:
    """GET /twins/{twin}/stickers/{color}."""
    found = await request.read(stickers.get, _twin(request), _color(request))
    return msgspec.json.encode(wire.for_account(found))


async def remove_sticker(request: Request) -> bytes:
    """DELETE /twins/{twin}/stickers/{color}."""
    accounts = contexts.accounts(request, default="personal")
    found = await request.write(stickers.remove, _twin(request), _color(request), accounts)
    return msgspec.json.encode({"account": found.account, **wire.for_recipient(found)})


async def list_stickers(request: Request) -> bytes:
    """GET /stickers."""
    found = await request.search(stickers.get_newest, Pace(is_brief=False), _listing(request))
    return msgspec.json.encode({"stickers": [_listed(one) for one in found]})


def _listed(sticker: Sticker) -> dict[str, object]:
    return {
        "account": sticker.account,
        "twin": sticker.twin,
        "color": sticker.color,
        **wire.for_recipient(sticker),
    }


def _listing(request: Request) -> Listing:
    query = request.query
    color = query.text("color")
    since, until = moment(query.text("ge"), "ge"), moment(query.text("le"), "le")
    return Listing(
        color=None if color is None else stickers.check_color(color),
        accounts=contexts.accounts(request, default="personal"),
        since=0 if since is None else since,
        before=_ALWAYS if until is None else until + _MILLISECOND,
        limit=query.integer("limit", default=100, lowest=1, highest=100),
        offset=query.integer("offset", default=0, lowest=0, highest=_HIGHEST_OFFSET),
    )


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")


def _color(request: Request) -> str:
    return stickers.check_color(request.path["color"])


OPERATIONS = (
    Operation(
        name="get_stickers",
        method="GET",
        path="/twins/{twin}/stickers",
        handler=get_stickers,
        summary="List the stickers on a twin that the caller is a recipient of.",
        query=(Parameter("context", contexts.Context, "system", contexts.CONTEXT),),
        response=wire.StickersOfTwin,
    ),
    Operation(
        name="put_sticker",
        method="POST",
        path="/twins/{twin}/stickers",
        handler=put_sticker,
        summary="Put stickers on a twin, all of them or none.",
        status=201,
        request=wire.StickersInput,
        response=wire.StickersPut,
    ),
    Operation(
        name="get_sticker",
        method="GET",
        path="/twins/{twin}/stickers/{color}",
        handler=get_sticker,
        summary="Read a sticker that the caller's account has put.",
        response=wire.StickerOfAccount,
    ),
    Operation(
        name="remove_sticker",
        method="DELETE",
        path="/twins/{twin}/stickers/{color}",
        handler=remove_sticker,
        summary="Remove a sticker; recipients only.",
        query=(Parameter("context", contexts.Context, "personal", contexts.CONTEXT),),
        response=wire.StickerRemoved,
    ),
    Operation(
        name="list_stickers",
        method="GET",
        path="/stickers",
        handler=list_stickers,
        summary="List the stickers that the caller is a recipient of, the newest first.",
        query=(
            Parameter("color", wire.Topic, None, "Only stickers of this color."),
            Parameter("context", contexts.Context, "personal", contexts.CONTEXT),
            Parameter("ge", Validity, None, "Only stickers put at this time or later, in seconds."),
            Parameter("le", Validity, None, "Only stickers put at this time or earlier."),
            Parameter(
                "limit", forms.integer(1, 100), 100, "How many stickers to return, 1 to 100."
            ),
            Parameter(
                "offset",
                forms.integer(0, _HIGHEST_OFFSET),
                0,
                "How many of the newest stickers to leave out.",
            ),
        ),
        response=wire.StickerList,
    ),
)
