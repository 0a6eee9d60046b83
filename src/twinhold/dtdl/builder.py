"""Makes Interface values from elements that passed all checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from twinhold.dtdl.elements import Element
from twinhold.dtdl.interfaces import (
    Command,
    Component,
    Content,
    Interface,
    Notes,
    Payload,
    Property,
    Relationship,
    Telemetry,
)
from twinhold.dtdl.metamodel import CLASSES, COMPLEX_KINDS
from twinhold.dtdl.models import ModelSet
from twinhold.dtdl.schemas import Array, Enum, EnumValue, Field, Map, Object, Schema
from twinhold.dtdl.structure import Structure

_NO_NOTES = Notes()


def build(elements: Mapping[str, Element], structure: Structure) -> ModelSet:
    """The model set of elements without violations, in the order of the documents."""
    schemas: dict[str, list[Schema]] = {dtmi: [] for dtmi in structure.interfaces}
    builder = _Builder(elements)
    for element in elements.values():
        if element.kind in COMPLEX_KINDS:
            schemas[element.partition].append(builder.schema(element))
    return ModelSet(
        builder.interface(element, structure.ancestors[dtmi], schemas[dtmi])
        for dtmi, element in structure.interfaces.items()
    )


class _Builder:
    def __init__(self, elements: Mapping[str, Element]) -> None:
        self.elements = elements

    def interface(
        self, element: Element, ancestors: tuple[str, ...], schemas: list[Schema]
    ) -> Interface:
        extends = tuple(reference.dtmi for reference in element.references.get("extends", ()))
        contents = tuple(self.content(item) for item in self.inner(element, "contents"))
        version = element.scope.version
        return Interface(
            element.dtmi, version, extends, ancestors, contents, tuple(schemas), self.notes(element)
        )

    def inner(self, element: Element, prop: str) -> Iterator[Element]:
        """The elements that a property holds or names."""
        return (self.elements[reference.dtmi] for reference in element.references.get(prop, ()))

    def content(self, element: Element) -> Content:
        dtmi, name, notes = element.dtmi, element.name, self.notes(element)
        if element.kind == "Property":
            return self.property(element)
        if element.kind == "Relationship":
            return self.relationship(element)
        if element.kind == "Command":
            return Command(
                dtmi,
                name,
                self.payload(element, "request"),
                self.payload(element, "response"),
                notes,
            )
        made = Telemetry if element.kind == "Telemetry" else Component
        return made(dtmi, name, _schema_of(element), notes)

    def property(self, element: Element) -> Property:
        writable = element.literals.get("writable") is True
        return Property(
            element.dtmi, element.name, _schema_of(element), writable, self.notes(element)
        )

    def relationship(self, element: Element) -> Relationship:
        literals = element.literals
        properties = tuple(self.property(item) for item in self.inner(element, "properties"))
        return Relationship(
            element.dtmi,
            element.name,
            target=cast("str", literals.get("target", "")),
            min_multiplicity=cast("int", literals.get("minMultiplicity", 0)),
            max_multiplicity=cast("int | None", literals.get("maxMultiplicity")),
            writable=literals.get("writable") is True,
            properties=properties,
            notes=self.notes(element),
        )

    def payload(self, command: Element, prop: str) -> Payload | None:
        element = next(self.inner(command, prop), None)
        if element is None:
            return None
        nullable = element.literals.get("nullable") is True
        return Payload(
            element.dtmi, element.name, _schema_of(element), nullable, self.notes(element)
        )

    def schema(self, element: Element) -> Schema:
        dtmi = element.dtmi
        if element.kind == "Array":
            return Array(dtmi, element.references["elementSchema"][0].dtmi)
        if element.kind == "Enum":
            values = self.inner(element, "enumValues")
            return Enum(
                dtmi,
                tuple(
                    EnumValue(item.name, _enum_value(item), _display_name(item)) for item in values
                ),
            )
        if element.kind == "Map":
            key, value = next(self.inner(element, "mapKey")), next(self.inner(element, "mapValue"))
            return Map(dtmi, _schema_of(value), key.name, value.name)
        fields = self.inner(element, "fields")
        return Object(
            dtmi, tuple(Field(item.name, _schema_of(item), _display_name(item)) for item in fields)
        )

    def notes(self, element: Element) -> Notes:
        if not element.texts and not element.cotypes and "comment" not in element.literals:
            return _NO_NOTES
        texts = element.texts
        comment = cast("str", element.literals.get("comment", ""))
        cotypes = tuple(cotype.dtmi for cotype in element.cotypes)
        details = _details(element) if cotypes else {}
        return Notes(
            texts.get("displayName", {}), texts.get("description", {}), comment, cotypes, details
        )


def _schema_of(element: Element) -> str:
    return element.references["schema"][0].dtmi


def _display_name(element: Element) -> dict[str, str]:
    return element.texts.get("displayName", {})


def _enum_value(element: Element) -> int | str:
    return cast("int | str", element.literals["enumValue"])


def _details(element: Element) -> dict[str, bool | int | float | str]:
    """The values of properties that co-types brought."""
    core = CLASSES[element.scope.version][element.kind].properties
    literals = {name: value for name, value in element.literals.items() if name not in core}
    named = {
        name: found[0].dtmi
        for name, found in element.references.items()
        if name not in core and found
    }
    return literals | named
