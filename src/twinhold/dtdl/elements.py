"""What the reader makes of a document: elements and the references between them, unresolved."""

from __future__ import annotations

from dataclasses import dataclass, field

from twinhold.dtdl.contexts import Scope
from twinhold.dtdl.extensions import Cotype
from twinhold.dtdl.literals import Literal
from twinhold.dtdl.metamodel import PropertyRule
from twinhold.dtdl.violations import Place


@dataclass(slots=True, frozen=True)
class Reference:
    """A value of an element property: the element it names or contains.

    Attributes:
        dtmi: The element meant.
        place: Where it is written.
        rule: The property it is a value of.
        embedded: Whether the element is written here, rather than named.
    """

    dtmi: str
    place: Place
    rule: PropertyRule
    embedded: bool


@dataclass(slots=True)
class Element:
    """One element of a document.

    Attributes:
        kind: Its class.
        partition: DTMI of the Interface it is defined in.
        cotypes: Its co-types that are known.
        generated: Whether its DTMI was generated because it has no `@id`.
    """

    dtmi: str
    kind: str
    scope: Scope
    place: Place
    partition: str
    generated: bool
    cotypes: tuple[Cotype, ...] = ()
    literals: dict[str, Literal] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    references: dict[str, list[Reference]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, empty when it has none."""
        name = self.literals.get("name")
        return name if isinstance(name, str) else ""

    def first(self, prop: str) -> Reference | None:
        """The only value of a singular element property."""
        values = self.references.get(prop)
        return values[0] if values else None

    def has_cotype(self, name: str) -> bool:
        """Whether it has a co-type of this name."""
        return any(cotype.name == name for cotype in self.cotypes)
