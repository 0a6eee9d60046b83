"""Stickers on the wire."""

from typing import Annotated, Any

import msgspec

from twinhold.api.kit.forms import Uuid, names
from twinhold.api.trusted_twin.wire.common import Seconds, Validity, microseconds, seconds
from twinhold.registry import documents, ids
from twinhold.registry.stickers import NewSticker, Sticker

Note = Annotated[str, msgspec.Meta(max_length=512)]
COLOR = "^[0-9A-Za-z-]{3,48}$"
Topic = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9A-Za-z\-]{3,48}\Z", extra_json_schema={"pattern": COLOR})
]
Topics = Topic | list[Topic]
Recipients = Annotated[list[Uuid], msgspec.Meta(min_length=1, max_length=100)]


class Publish(msgspec.Struct, frozen=True, omit_defaults=True):
    """Topics to be told of what happens to a sticker."""

    on_put: Topics | msgspec.UnsetType = msgspec.UNSET
    on_remove: Topics | msgspec.UnsetType = msgspec.UNSET
    on_expire: Topics | msgspec.UnsetType = msgspec.UNSET


class StickerInput(msgspec.Struct, frozen=True):
    """A sticker to be put; recipients are UUIDs of users, roles and accounts."""

    recipients: Recipients
    note: Note | None = None
    validity_ts: Validity | None = None
    publish: Publish | None = None


class StickersInput(msgspec.Struct, frozen=True):
    """The body of put_sticker: stickers by their colors."""

    stickers: Annotated[dict[str, StickerInput], names(COLOR, "color")]


class StickerOfAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sticker as the account that put it sees it."""

    note: str | None
    recipients: list[str]
    validity_ts: Seconds
    created_ts: Seconds
    publish: Publish | None


class StickersPut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stickers put, by their colors."""

    stickers: dict[str, StickerOfAccount]


class StickerOfRecipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sticker as a recipient sees it on a twin."""

    note: str | None
    validity_ts: Seconds
    created_ts: Seconds


class StickersOfTwin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stickers on a twin by accounts and colors."""

    accounts: dict[str, dict[str, StickerOfRecipient]]


class StickerRemoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sticker that was removed."""

    account: str
    note: str | None
    validity_ts: Seconds
    created_ts: Seconds


class StickerInList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sticker in the list of a recipient."""

    account: str
    twin: str
    color: str
    note: str | None
    validity_ts: Seconds
    created_ts: Seconds


class StickerList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stickers, the newest first."""

    stickers: list[StickerInList]


def new_sticker(color: str, sent: StickerInput, pointer: str) -> NewSticker:
    """What a body asks for.

    Raises:
        InvalidValueError: a recipient is no UUID, or the time is out of range.
    """
    recipients = (
        ids.parse_uuid(recipient, "recipient", f"{pointer}/recipients/{number}")
        for number, recipient in enumerate(sent.recipients)
    )
    return NewSticker(
        color=color,
        note=None if sent.note is None else documents.encode(sent.note),
        recipients=tuple(dict.fromkeys(recipients)),
        publish=None if sent.publish is None else documents.encode(sent.publish),
        validity=microseconds(sent.validity_ts, f"{pointer}/validity_ts"),
    )


def for_account(sticker: Sticker) -> dict[str, Any]:
    """A sticker as the account that put it sees it."""
    return {
        **for_recipient(sticker),
        "recipients": _spliced(sticker.recipients),
        "publish": _spliced(sticker.publish),
    }


def for_recipient(sticker: Sticker) -> dict[str, Any]:
    """A sticker as a recipient sees it on a twin."""
    return {
        "note": _spliced(sticker.note),
        "validity_ts": seconds(sticker.validity),
        "created_ts": seconds(sticker.created),
    }


def _spliced(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())
