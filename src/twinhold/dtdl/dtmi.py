"""Digital Twin Modeling Identifiers (DTMI): `dtmi:<path>;<version>#<fragment>`.

`parse` accepts the full syntax, including system segments (leading underscore) and fragments.
`is_user` is the narrower syntax that a document may use for its own elements; `generated` builds
the id that an element without `@id` gets. Source: DTMI specification and the DTDL v2-v4 limits on
identifiers.
"""

from __future__ import annotations

import re

import msgspec

MAX_LENGTH = 4096
RESERVED_PREFIXES = ("dtmi:dtdl:", "dtmi:standard:")

_SEGMENT = r"(?:_+[A-Za-z0-9]|[A-Za-z])(?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_USER_SEGMENT = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_VERSION = r"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,5})?"
_FULL = re.compile(
    rf"dtmi:(?P<path>{_SEGMENT}(?::{_SEGMENT})*)"
    rf"(?:;(?P<version>{_VERSION}))?(?P<fragment>#(?:{_SEGMENT})?)?"
)
_USER = re.compile(rf"dtmi:{_USER_SEGMENT}(?::{_USER_SEGMENT})*(?:;{_VERSION})?")
_USER_V2 = re.compile(rf"dtmi:{_USER_SEGMENT}(?::{_USER_SEGMENT})*;[1-9][0-9]{{0,8}}")


class Dtmi(msgspec.Struct, frozen=True):
    """A DTMI taken apart.

    Attributes:
        labels: The segments of the path.
        major: Major version, 0 when the DTMI has none.
        minor: Minor version, 0 when the DTMI has none.
        fragment: The fragment with its `#`; empty when the DTMI has none.
    """

    labels: tuple[str, ...]
    major: int = 0
    minor: int = 0
    fragment: str = ""

    @property
    def versionless(self) -> str:
        """The DTMI without its version."""
        return f"dtmi:{':'.join(self.labels)}{self.fragment}"

    @property
    def complete_version(self) -> float:
        """Both parts of the version as one ordered number, the minor part in millionths."""
        return self.major + self.minor / 1_000_000

    @property
    def is_reserved(self) -> bool:
        """Whether a segment or the fragment is a system one, which only a parser may generate."""
        return self.fragment.startswith("#_") or any(label.startswith("_") for label in self.labels)

    def __str__(self) -> str:
        version = f";{self.major}" + (f".{self.minor}" if self.minor else "") if self.major else ""
        return f"dtmi:{':'.join(self.labels)}{version}{self.fragment}"


def parse(text: str) -> Dtmi:
    """Take a DTMI apart.

    Raises:
        ValueError: `text` is not a DTMI or is longer than 4096 characters.
    """
    match = _FULL.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise ValueError(f"{text[:80]!r} is not a DTMI; write dtmi:<segment>:...;<version>.")
    major, _, minor = (match["version"] or "0").partition(".")
    return Dtmi(
        tuple(match["path"].split(":")), int(major), int(minor or 0), match["fragment"] or ""
    )


def is_dtmi(text: str) -> bool:
    """Whether `text` follows the full DTMI syntax."""
    return len(text) <= MAX_LENGTH and _FULL.fullmatch(text) is not None


def is_user(text: str, version: int) -> bool:
    """Whether a document of DTDL `version` may use `text` as the id of an element of its own."""
    return (_USER_V2 if version == 2 else _USER).fullmatch(text) is not None


def generated(parent: str, prop: str, name: str | None) -> str:
    """The id of an element without `@id`: one more segment, or two in a plural property."""
    path, semicolon, version = parent.partition(";")
    return f"{path}:_{prop}{f':__{name}' if name is not None else ''}{semicolon}{version}"
