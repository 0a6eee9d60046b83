"""JSON made by the engine.

A dialect of the API declares what a record looks like on its wire as a `Shape`: JSON text with
holes for columns. The store turns the shape into an SQL expression, so that a record, or a page of
them, comes back as finished text and no row is rendered in Python (a page of 100: 76 µs against
some 500). The store knows no wire, the dialect no SQL.
"""

from dataclasses import dataclass
from typing import TypeAlias

from twinhold.store.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Text:
    """A column whose text needs no escape in JSON, such as a UUID; the quotes are the shape's."""

    column: str


@dataclass(frozen=True, slots=True)
class Json:
    """A column that holds JSON text, copied as it is."""

    column: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """A column of any text, written as a JSON string with its quotes, or as null."""

    column: str


@dataclass(frozen=True, slots=True)
class Instant:
    """A column of microseconds, written by ISO 8601 to seven decimals; the zone is the shape's."""

    column: str


@dataclass(frozen=True, slots=True)
class ShortInstant:
    """Like `Instant`, with as many decimals as it needs."""

    column: str


@dataclass(frozen=True, slots=True)
class Seconds:
    """A column of microseconds, written as seconds with three decimals."""

    column: str


@dataclass(frozen=True, slots=True)
class Optional:
    """Pieces that stand only where the column is not null."""

    column: str
    pieces: tuple["Piece", ...]


Value: TypeAlias = Text | Json | Quoted | Instant | ShortInstant
Piece: TypeAlias = str | Value | Seconds | Optional


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A JSON text with holes; a string is literal text. Compared by identity: declare it once."""

    pieces: tuple[Piece, ...]

    def expression(self, dialect: Dialect) -> str:
        """The SQL expression whose value is the record as text."""
        return _format(self.pieces, dialect)


def shape(*pieces: Piece) -> Shape:
    """Declare a shape."""
    return Shape(pieces)


def optional(column: str, *pieces: Piece) -> Optional:
    """Declare pieces that stand only where the column is not null."""
    return Optional(column, pieces)


def _format(pieces: tuple[Piece, ...], dialect: Dialect) -> str:
    if not any(isinstance(piece, Seconds | Optional) for piece in pieces):
        # Cheaper than format() where it can do.
        return " || ".join(_plain(piece, dialect) for piece in pieces)
    parts = [_part(piece, dialect) for piece in pieces]
    template = "".join(conversion for conversion, _ in parts)
    arguments = "".join(f", {argument}" for _, argument in parts if argument)
    return f"format({_quoted(template)}{arguments})"


def _plain(piece: Piece, dialect: Dialect) -> str:
    return _quoted(piece) if isinstance(piece, str) else _value(piece, dialect)


def _value(piece: Value | Seconds | Optional, dialect: Dialect) -> str:
    """The expression of a piece that is one value."""
    if isinstance(piece, Quoted):
        return dialect.quoted(piece.column)
    if isinstance(piece, Instant):
        return dialect.instant(piece.column)
    if isinstance(piece, ShortInstant):
        return f"rtrim(rtrim({dialect.instant(piece.column)}, '0'), '.')"
    return f"CAST({piece.column} AS text)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _part(piece: Piece, dialect: Dialect) -> tuple[str, str]:
    """The conversion that stands for a piece in the template of `format()`, and its argument."""
    if isinstance(piece, str):
        return piece.replace("%", "%%"), ""
    if isinstance(piece, Seconds):
        return dialect.seconds(piece.column)
    if isinstance(piece, Optional):
        inner = _format(piece.pieces, dialect)
        return "%s", f"CASE WHEN {piece.column} IS NULL THEN '' ELSE {inner} END"
    if isinstance(piece, Quoted | Instant | ShortInstant):
        return "%s", _value(piece, dialect)
    return "%s", piece.column


NOTHING = shape("-")
"""For statements whose document nobody reads."""

STATUS = Text("CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END")
"""The status of a twin: not stored, for a twin with a time of termination is terminated."""
