"""Models on the wire."""

import msgspec


class ModelResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A model; its document is JSON as a text, and null where it was not asked for."""

    id: str
    display_name: dict[str, str] | None
    description: dict[str, str] | None
    model_definition: str | None
    upload_time: str
