"""The parameter `context`: whose identities or stickers count."""

from collections.abc import Sequence

from twinhold.api.kit.request import Request
from twinhold.registry import ids

CONTEXT = "Whose: personal, system, an account, or several (repeated or with commas)."


def accounts(request: Request, default: str) -> frozenset[str] | None:
    """The accounts that a context names; None stands for everybody.

    Raises:
        InvalidValueError: a name is neither a word of the vendor's nor a UUID.
    """
    names = _names(request.query.texts("context")) or [default]
    if "system" in names:
        return None
    return frozenset(_account(name, request.call.actor.account) for name in names)


def _names(texts: Sequence[str]) -> list[str]:
    return [name for text in texts for name in text.split(",")]


def _account(name: str, own: str) -> str:
    return own if name == "personal" else ids.parse_uuid(name, "context")
