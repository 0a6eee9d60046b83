"""What a twin of a model holds: checked against the model, and brought into the form that is kept.

A null property counts as not set, and `$metadata` is the registry's own: what a client sends of it,
wherever, is ignored, and every component is given the time at which it was stored (spec/willow.md
4.1 and 9).
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from twinhold.registry import instants, models, validation
from twinhold.registry.documents import kind
from twinhold.registry.errors import (
    DocumentTooLargeError,
    ModelNotFoundError,
    Problem,
    TwinInvalidError,
    quoted,
)
from twinhold.registry.principal import Call
from twinhold.registry.validation import METADATA, Deviations, Validation
from twinhold.store import Transaction

if TYPE_CHECKING:
    from twinhold.dtdl import Model

LARGEST = 64 * 1024
"""Bytes of what a twin holds, as it is kept: no patch makes it grow beyond."""

_METADATA_KEY = f'"{METADATA}"'.encode()
_encode = msgspec.json.Encoder().encode


async def model_of(transaction: Transaction, call: Call, dtmi: str) -> "Model":
    """The model that a twin is to follow.

    Raises:
        TwinInvalidError: the account has no such model.
    """
    if not dtmi.isprintable():
        message = f"The modelId {quoted(dtmi)} must be the DTMI of a model."
        raise TwinInvalidError([Problem("/modelId", message)])
    try:
        return await models.get(transaction, call, dtmi)
    except ModelNotFoundError as error:
        raise TwinInvalidError([Problem("/modelId", f"{error.message} {error.hint}")]) from None


def check(model: "Model", contents: Any, strictness: Validation) -> Deviations | None:
    """Let only contents pass that conform to the model, as far as they have to.

    Answers where those that pass do not conform.

    Raises:
        TwinInvalidError: they do not pass; names every violation, with pointers that begin at
            `/contents`.
    """
    if not isinstance(contents, dict):
        message = f"The contents must be an object, not {kind(contents)}."
        raise TwinInvalidError([Problem("/contents", message)])
    problems, deviations = validation.judge(strictness, contents, model.validate, "/contents")
    if problems:
        raise TwinInvalidError(problems)
    return deviations


def kept(model: "Model", contents: dict[str, Any], now: int) -> str:
    """Contents that `check` has let pass, as they are kept.

    Raises:
        DocumentTooLargeError: they are larger than `LARGEST`.
    """
    stamped, components = _stamped(model, contents, now)
    text = _encode(stamped)
    if text.count(_METADATA_KEY) > components:
        text = _encode(_stamped(model, _without_metadata(contents), now)[0])
    if len(text) > LARGEST:
        raise DocumentTooLargeError(f"The contents are larger than {LARGEST} bytes.")
    return text.decode()


def _stamped(model: "Model", contents: dict[str, Any], now: int) -> tuple[dict[str, Any], int]:
    """What is set, with the time in every component, and how many components there are."""
    kept = _set(contents)
    names = [name for name in model.components.keys() & kept if isinstance(kept[name], dict)]
    stamped = {name: {**_set(kept[name]), METADATA: _metadata(now)} for name in names}
    return kept | stamped, len(stamped)


@lru_cache(maxsize=1)  # one for all twins of an import
def _metadata(now: int) -> dict[str, str]:
    return {"$lastUpdateTime": f"{instants.write(now)}Z"}


def _without_metadata(value: Any) -> Any:
    """A value without any member `$metadata` inside of it."""
    if isinstance(value, list):
        return [_without_metadata(item) for item in value]
    if isinstance(value, dict):
        members = value.items()
        return {name: _without_metadata(member) for name, member in members if name != METADATA}
    return value


def _set(value: dict[str, Any]) -> dict[str, Any]:
    """What of an object is set; mostly all."""
    if METADATA not in value and None not in value.values():
        return value
    return {
        name: member for name, member in value.items() if member is not None and name != METADATA
    }
