"""The heads of answers, as bytes."""

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TypeAlias

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Names, in lower case, and values of header fields."""

NO_CONTENT = 204
_TEXT = "text/plain; charset=utf-8"
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


Common: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""The header fields of every answer."""


@lru_cache(maxsize=256)
def start(status: int, media_type: str, common: Common) -> bytes:
    """The head of an answer up to the length of its body; without a body, up to its other fields.

    Args:
        status: of the answer; 204 says that there is no body.
        media_type: of the body.
        common: the fields that every answer has.
    """
    line = b"HTTP/1.1 %d %b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), lines(common))
    if status == NO_CONTENT:
        return line
    return b"%bcontent-type: %b\r\ncontent-length: " % (line, media_type.encode())


def lines(fields: Fields) -> bytes:
    """Header fields, each on a line.

    Raises:
        ValueError: a value holds a control character, which could begin another field.
    """
    for _, value in fields:
        if _CONTROL.search(value):
            raise ValueError("A header of the answer holds a control character.")
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def plain(status: int, message: str, fields: Fields = ()) -> bytes:
    """A whole answer of one line of text, which ends its connection."""
    body = message.encode()
    rest = lines([*fields, (b"connection", b"close")])
    return b"%b%d\r\n%b\r\n%b" % (start(status, _TEXT, ()), len(body), rest, body)
