"""Conditional requests (RFC 9110, section 13): the version of a twin as a weak ETag."""

import re

from twinhold.api.kit.operations import Parameter
from twinhold.api.kit.request import Request
from twinhold.registry.modelled_twins import ALWAYS, Condition

HEADERS = (
    Parameter("If-Match", str, None, "ETags; the twin must have one of these versions."),
    Parameter("If-None-Match", str, None, "With * the twin must not exist."),
)

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_LONGEST_VERSION = 18


def etag(version: int) -> str:
    """The ETag of a version of a twin."""
    return f'W/"{version}"'


def read(request: Request) -> Condition:
    """What the headers If-Match and If-None-Match of a request ask for."""
    wanted, unwanted = request.header(b"if-match"), request.header(b"if-none-match")
    if wanted is None and unwanted is None:
        return ALWAYS
    if unwanted is not None and unwanted.strip() == "*":
        return Condition(exists=False)
    if wanted is None:
        return ALWAYS
    if wanted.strip() == "*":
        return Condition(exists=True)
    tags = _TAG.findall(wanted)
    return Condition(frozenset(int(tag) for tag in tags if _is_version(tag)))


def _is_version(tag: str) -> bool:
    return tag.isascii() and tag.isdigit() and len(tag) <= _LONGEST_VERSION
