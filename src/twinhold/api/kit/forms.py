"""What values look like on the wire, for the OpenAPI document.

Nothing is enforced by these: use cases check what they are given, whichever dialect it came by, and
say better what is wrong. `scripts/reliability fuzz` holds the two to each other.

Some formats are names of our own; a client that does not know them may ignore them.
"""

from typing import Annotated, Any

import msgspec


def described(**schema: Any) -> msgspec.Meta:
    """A note of what JSON Schema says of a value, beside what its type does."""
    return msgspec.Meta(extra_json_schema=schema)


UUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
"""A pattern of a UUID, in any case."""

_DAY = "(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_ZONE = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
_SEGMENT = "(_+[A-Za-z0-9]|[A-Za-z])([A-Za-z0-9_]*[A-Za-z0-9])?"
_VERSION = r"[1-9][0-9]{0,8}(\.[1-9][0-9]{0,5})?"
_DTMI = f"dtmi:{_SEGMENT}(:{_SEGMENT})*(;{_VERSION})?(#({_SEGMENT})?)?"
_INSTANT = f"{_DAY}[Tt ]{_TIME}{_ZONE}"

Uuid = Annotated[str, described(format="uuid", pattern=f"^{UUID}$")]
"""A UUID, in any case."""

Rule = Annotated[str, described(format="rule", minLength=1)]
"""A rule, in the language of docs/reference/rule-language.md."""

Instant = Annotated[str, described(format="instant", pattern=f"^{_INSTANT}$")]
"""A time by ISO 8601, of the years 1970 to 9999."""

AnyInstant = Annotated[str, described(format="instant", pattern=f"^({_INSTANT})?$")]
"""Such a time, or an empty text for none."""

Dtmi = Annotated[str, described(format="dtmi")]
"""The id of a DTDL model."""

SoundDtmi = Annotated[str, described(format="dtmi", pattern=f"^{_DTMI}$", maxLength=4096)]
"""The id of a DTDL model, refused where it cannot be one."""

AnyDtmi = Annotated[str, described(format="dtmi", pattern=f"^({_DTMI})?$", maxLength=4096)]
"""The id of a DTDL model, or an empty text for none."""

Cursor = Annotated[str, described(format="cursor")]
"""What the page before gave, and nothing else."""

TwinId = Annotated[str, described(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,128}$")]
"""The id of a twin of a model."""

Filled = Annotated[str, described(minLength=1)]
"""A text that is not empty."""

Name = Annotated[str, described(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,512}$")]
"""A name outside of the registry."""


def names(pattern: str, form: str, **more: Any) -> msgspec.Meta:
    """A note of what the names of an object's members look like."""
    return described(propertyNames={"pattern": pattern, "format": form, **more})


def integer(lowest: int, highest: int) -> Any:
    """An integer within bounds, for a parameter."""
    return Annotated[int, described(minimum=lowest, maximum=highest)]
