"""The parameter `context`: whose identities or stickers count."""

from collections.abc import Sequence
from typing import Annotated

from twinhold.api.kit.forms import UUID, described
from twinhold.api.kit.request import Request
from twinhold.registry import ids

_WHOSE = f"personal|system|{UUID}"

Context = Annotated[str, described(format="context", pattern=f"^({_WHOSE})(,({_WHOSE}))*$")]

CONTEXT = "Whose: personal, system, an account, or several (repeated or with commas)."


def accounts(request: Request, default: str) -> frozenset[str] | None:
    """The accounts that a context names; None stands for everybody.

    Raises:
        InvalidValueError: a name is neither a word of the vendor's nor a UUID.
    """
    own, texts = request.call.actor.account, request.query.texts("context")
    if not texts and default == "personal":  # how most ask
        return frozenset((own,))
    names = _names(texts) or [default]
    if "system" in names:
        return None
    return frozenset(_account(name, own) for name in names)


def _names(texts: Sequence[str]) -> list[str]:
    return [name for text in texts for name in text.split(",")]


def _account(name: str, own: str) -> str:
    return own if name == "personal" else ids.parse_uuid(name, "context")
