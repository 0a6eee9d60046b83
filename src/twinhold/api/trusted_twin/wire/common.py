"""What the records of several resources have in common on the wire."""

import re
from typing import Annotated, Any, Protocol

import msgspec

from twinhold.api.kit.forms import described, names
from twinhold.registry.errors import InvalidValueError, quoted

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_LAST_SECOND = 253_402_300_799


class Dated(Protocol):
    """A record with its times in microseconds."""

    @property
    def created(self) -> int: ...  # noqa: D102
    @property
    def updated(self) -> int: ...  # noqa: D102


_NAME = r"^[0-9A-Za-z][0-9A-Za-z_ \-]{0,30}[0-9A-Za-z]"

Name = Annotated[
    str, msgspec.Meta(pattern=_NAME + r"\Z", extra_json_schema={"pattern": _NAME + "$"})
]
"""The name of a user or role: 2 to 32 characters (spec section 1)."""


Seconds = float
"""Seconds since the epoch, with three decimals."""


Validity = Annotated[float, described(minimum=0, maximum=_LAST_SECOND)]
"""Seconds since the epoch, to the year 9999, in a body or parameter."""

Description = Annotated[dict[str, Any], names("^[a-z_][0-9a-z_]{0,63}$", "description-key")]
"""What its owner says of a thing (seeds 000 and 002)."""


class ValidityInput(msgspec.Struct, frozen=True):
    """An end in seconds since the epoch; null means never, absent unchanged."""

    validity_ts: Validity | None | msgspec.UnsetType = msgspec.UNSET


def seconds(microseconds: int | None) -> msgspec.Raw | None:
    """A time as it is written: seconds with three decimals."""
    if microseconds is None:
        return None
    milliseconds = microseconds // 1000
    return msgspec.Raw(b"%d.%03d" % divmod(milliseconds, 1000))


def microseconds(seconds: float | None, pointer: str | None = "/validity_ts") -> int | None:
    """A time as it is kept, to the millisecond.

    Raises:
        InvalidValueError: it is not within the years 1970 to 9999.
    """
    if seconds is None:
        return None
    if not 0 <= seconds <= _LAST_SECOND:
        raise InvalidValueError(
            "The time must be seconds since the epoch, to the year 9999.", pointer
        )
    return round(seconds * 1000) * 1000


def moment(text: str | None, name: str) -> int | None:
    """A time in the query string, as it is kept.

    Raises:
        InvalidValueError: it is no number of seconds, or out of range.
    """
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidValueError(f"The parameter {name} must be a number, not {quoted(text)}.")
    return microseconds(float(text), None)


def times(record: Dated) -> dict[str, msgspec.Raw | None]:
    """The two times of a record."""
    return {"created_ts": seconds(record.created), "updated_ts": seconds(record.updated)}
