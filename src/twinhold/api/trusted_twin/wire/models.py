"""Models on the wire."""

from typing import Any

import msgspec


class Model(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"
):
    """A model; names and descriptions by language, the document only when it is asked for."""

    id: str
    display_name: dict[str, str]
    description: dict[str, str]
    upload_time: str
    decommissioned: bool
    model: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ModelPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A page of models; `nextLink` is null when none remain."""

    value: list[Model]
    next_link: str | None
