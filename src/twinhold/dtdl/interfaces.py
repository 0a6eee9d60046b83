"""Interfaces and their contents as values: what remains of a model once it is parsed and checked.

An `Interface` is complete in itself: it holds its own contents and schemas and names the Interfaces
it extends. It can be written to bytes and read back without parsing, so a store keeps one row for
each.
"""

from __future__ import annotations

import msgspec

from twinhold.dtdl.literals import Literal
from twinhold.dtdl.schemas import Schema

FORMAT = 1  # of the bytes; raised when a reader of older bytes would go wrong


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an element says for people, and what its co-types add.

    Attributes:
        display_name: Language code to text.
        cotypes: DTMIs of its co-types.
        details: Values of the co-types' properties, such as `unit` or `annotates`; elements by
            DTMI.
    """

    display_name: dict[str, str] = {}
    description: dict[str, str] = {}
    comment: str = ""
    cotypes: tuple[str, ...] = ()
    details: dict[str, Literal] = {}


class Property(msgspec.Struct, frozen=True, omit_defaults=True, tag="Property"):
    """A value that a twin holds; `schema` is the DTMI of its schema."""

    dtmi: str
    name: str
    schema: str
    writable: bool = False
    notes: Notes = Notes()


class Telemetry(msgspec.Struct, frozen=True, omit_defaults=True, tag="Telemetry"):
    """A value that a device emits."""

    dtmi: str
    name: str
    schema: str
    notes: Notes = Notes()


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """The request or response of a Command."""

    dtmi: str
    name: str
    schema: str
    nullable: bool = False
    notes: Notes = Notes()


class Command(msgspec.Struct, frozen=True, omit_defaults=True, tag="Command"):
    """Something a twin can be asked to do."""

    dtmi: str
    name: str
    request: Payload | None = None
    response: Payload | None = None
    notes: Notes = Notes()


class Relationship(msgspec.Struct, frozen=True, omit_defaults=True, tag="Relationship"):
    """A kind of edge to other twins.

    Attributes:
        target: The Interface that targets must have or extend; empty where any will do. It need not
            be in the set.
        max_multiplicity: How many edges a twin may have; None where there is no limit.
    """

    dtmi: str
    name: str
    target: str = ""
    min_multiplicity: int = 0
    max_multiplicity: int | None = None
    writable: bool = False
    properties: tuple[Property, ...] = ()
    notes: Notes = Notes()


class Component(msgspec.Struct, frozen=True, omit_defaults=True, tag="Component"):
    """A part that is held by value; `schema` is the DTMI of its Interface."""

    dtmi: str
    name: str
    schema: str
    notes: Notes = Notes()


Content = Command | Component | Property | Relationship | Telemetry


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Interface, resolved.

    Attributes:
        version: The DTDL version it is written in.
        extends: The Interfaces it extends directly.
        ancestors: All Interfaces it extends, nearest first.
        contents: Its own contents; those of ancestors are theirs.
        schemas: All complex schemas that occur in it, reusable or not.
    """

    dtmi: str
    version: int
    extends: tuple[str, ...] = ()
    ancestors: tuple[str, ...] = ()
    contents: tuple[Content, ...] = ()
    schemas: tuple[Schema, ...] = ()
    notes: Notes = Notes()
    format: int = 0

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The Interfaces it cannot be without: those it extends and those of its components."""
        components = (content.schema for content in self.contents if isinstance(content, Component))
        return tuple(dict.fromkeys((*self.extends, *components)))

    def dump(self) -> bytes:
        """The Interface as bytes, for `load`."""
        return _ENCODER.encode(msgspec.structs.replace(self, format=FORMAT))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Interface)


def load(data: bytes) -> Interface:
    """Read what `Interface.dump` wrote.

    Raises:
        ValueError: `data` is something else, or of a newer format.
    """
    try:
        interface = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"The bytes are no stored Interface: {error}.") from error
    if interface.format != FORMAT:
        raise ValueError(
            f"The stored Interface has format {interface.format}, not {FORMAT}; parse its "
            "document again."
        )
    return msgspec.structs.replace(interface, format=0)
