"""Dates and times of ISO 8601 (RFC 3339), and the microseconds by which the registry keeps them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from twinhold.registry.errors import InvalidValueError, quoted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_YEAR_10000 = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND + 1
_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)


def write(microseconds: int) -> str:
    """A time with seven decimals, in UTC and without its zone."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_second(seconds)}.{fraction:06d}0"


@lru_cache(maxsize=64)  # most of what is written happens now
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def read(text: object, pointer: str | None = None) -> int:
    """A time as a client sends it: up to nine decimals, and UTC where no zone is named.

    Raises:
        InvalidValueError: it is none, before 1970 or after 9999.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _no_time(text, pointer)
    whole, fraction, zone = match.groups()
    zone = "+00:00" if zone in {None, "Z", "z"} else zone
    try:
        moment = datetime.fromisoformat(whole.upper().replace(" ", "T") + zone)
        since = (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise _no_time(text, pointer) from None
    if not 0 <= since < _YEAR_10000:
        raise _no_time(text, pointer)
    return since + int((fraction or "0").ljust(6, "0")[:6])


def _no_time(text: object, pointer: str | None) -> InvalidValueError:
    shown = quoted(text) if isinstance(text, str) else "that"
    return InvalidValueError(
        f"A time must be like 2024-08-30T03:49:30Z, of the years 1970 to 9999, not {shown}.",
        pointer,
    )
