"""What co-types ask of the schema, the fields, the container and the siblings of their element.

Source: the extensions themselves; see `extensions` for which co-type asks what.
"""

from __future__ import annotations

from collections.abc import Mapping

from twinhold.dtdl import standard
from twinhold.dtdl.elements import Element, Reference
from twinhold.dtdl.extensions import Cotype
from twinhold.dtdl.metamodel import CLASSES, Form
from twinhold.dtdl.structure import Elements, Structure
from twinhold.dtdl.values import conforms
from twinhold.dtdl.violations import Report, quoted
from twinhold.dtdl.vocabulary import property_dtmi

Siblings = Mapping[str, Element]


class Constraints:
    """The checks of co-types over a whole set."""

    def __init__(self, structure: Structure, report: Report) -> None:
        self.elements: Elements = structure.elements
        self.structure, self.report = structure, report
        self._reported: set[tuple[str, str]] = set()

    def check(self) -> None:
        """Report every co-type whose demands do not hold."""
        for element in self.elements.values():
            for cotype in element.cotypes:
                self._check_schema(element, cotype)
                self._check_numbers(element, cotype)
                if cotype.field_cotypes:
                    self._check_fields(element, cotype)
            if element.kind == "Object":
                self._check_roles(element)
            if element.kind == "Relationship":
                self._check_siblings(
                    {item.name: item for item in self._targets(element, "properties")}
                )
        self._check_contents()

    def _check_contents(self) -> None:
        """Annotations look at siblings, which an Interface may inherit or its heirs may add."""
        structure = self.structure
        annotating = {
            dtmi
            for dtmi, contents in structure.own_contents.items()
            if any(cotype.annotates for item in contents.values() for cotype in item.cotypes)
        }
        for dtmi, own in structure.own_contents.items():
            family = (*reversed(structure.ancestors[dtmi]), dtmi)
            news = own or len(structure.interfaces[dtmi].references.get("extends", ())) > 1
            if news and not annotating.isdisjoint(family):
                siblings: dict[str, Element] = {}
                for member in family:
                    siblings |= structure.own_contents.get(member, {})
                self._check_siblings(siblings)

    def _targets(self, element: Element, prop: str) -> list[Element]:
        references = element.references.get(prop, ())
        return [
            self.elements[reference.dtmi]
            for reference in references
            if reference.dtmi in self.elements
        ]

    # The schema

    def _check_schema(self, element: Element, cotype: Cotype) -> None:
        schema = element.first("schema")
        if schema is None:
            return
        target = self.elements.get(schema.dtmi)
        known = standard.ELEMENTS.get(schema.dtmi)
        kind = target.kind if target else known.kind if known else ""
        if (
            cotype.schema_terms is not None
            and schema.dtmi not in cotype.schema_terms
            and kind not in cotype.schema_kinds
        ):
            self._unmet(
                schema, f"The schema does not fit the co-type {cotype.name}; use another schema."
            )
        if cotype.schema_cotype and not (target and target.has_cotype(cotype.schema_cotype)):
            message = (
                f"The co-type {cotype.name} needs a schema with the co-type "
                f"{cotype.schema_cotype}; add it."
            )
            self._unmet(schema, message)

    def _unmet(self, reference: Reference, message: str) -> None:
        self.report.add("dtdl.cotype_constraint", reference.place, message)

    def _check_numbers(self, element: Element, cotype: Cotype) -> None:
        """Numbers such as `maximum` must themselves conform to the schema that they limit."""
        schema = element.first("schema")
        term = standard.primitive(schema.dtmi) if schema else None
        if term is None or term == "decimal":  # values of decimal are strings, these are numbers
            return
        for rule in cotype.properties.values():
            value = element.literals.get(rule.name)
            if rule.form is Form.NUMBER and value is not None and not conforms(term, value):
                message = f"Property '{rule.name}' must conform to the schema '{term}'; correct it."
                self.report.add("dtdl.cotype_constraint", element.place.at(rule.name), message)

    # Fields and their roles

    def _check_fields(self, element: Element, cotype: Cotype) -> None:
        for field in self._targets(element, "fields"):
            if not any(field.has_cotype(name) for name in cotype.field_cotypes):
                choice = " or ".join(cotype.field_cotypes)
                message = (
                    f"A field of an object with the co-type {cotype.name} needs the co-type "
                    f"{choice}; add one."
                )
                self.report.add("dtdl.cotype_constraint", field.place, message)

    def _check_roles(self, container: Element) -> None:
        fields = self._targets(container, "fields")
        taken: set[str] = set()
        for field in fields:
            for cotype in field.cotypes:
                message = self._role_problem(cotype, container, fields, taken)
                if message:
                    self.report.add("dtdl.cotype_constraint", field.place, message)
                taken.add(cotype.dtmi)

    def _role_problem(
        self, cotype: Cotype, container: Element, fields: list[Element], taken: set[str]
    ) -> str | None:
        """Why a field cannot have a role in its container, as a sentence."""
        if not cotype.container_cotypes:
            return None
        if not any(container.has_cotype(name) for name in cotype.container_cotypes):
            choice = " or ".join(cotype.container_cotypes)
            return (
                f"The co-type {cotype.name} needs an object with the co-type {choice} around "
                "it; add that."
            )
        if cotype.dtmi in taken:
            return (
                f"Only one field of an object can have the co-type {cotype.name}; remove the other."
            )
        if cotype.beside and not any(field.has_cotype(cotype.beside) for field in fields):
            return (
                f"The co-type {cotype.name} needs a field with the co-type {cotype.beside} "
                "beside it; add one."
            )
        return None

    # Annotations and overrides

    def _check_siblings(self, siblings: Siblings) -> None:
        overridden: set[tuple[str, str]] = set()
        for element in siblings.values():
            for cotype in element.cotypes:
                if cotype.annotates:
                    self._check_annotation(element, cotype, siblings)
                if cotype.overrides:
                    self._check_override(element, siblings, overridden)

    def _sibling(self, element: Element, siblings: Siblings) -> Element | None:
        """The sibling that an element annotates; None when there is none, which is no error."""
        name = element.literals.get("annotates")
        return siblings.get(name) if isinstance(name, str) else None

    def _check_annotation(self, element: Element, cotype: Cotype, siblings: Siblings) -> None:
        sibling = self._sibling(element, siblings)
        if sibling is None:
            return
        if sibling.kind not in {"Property", "Telemetry"}:
            self._misfit(
                element,
                "annotates",
                f"Only a Property or Telemetry can be annotated, not '{sibling.name}'; "
                "name another.",
            )
        elif cotype in sibling.cotypes:
            self._misfit(
                element,
                "annotates",
                f"'{sibling.name}' is an annotation itself; annotate what it annotates.",
            )

    def _check_override(
        self, element: Element, siblings: Siblings, overridden: set[tuple[str, str]]
    ) -> None:
        sibling, overrides = self._sibling(element, siblings), element.literals.get("overrides")
        if sibling is None or not isinstance(overrides, str):
            return
        owner = next((cotype for cotype in sibling.cotypes if overrides in cotype.properties), None)
        if owner is None:
            self._misfit(element, "overrides", self._not_overridable(sibling, overrides))
            return
        if (sibling.name, overrides) in overridden:
            self._misfit(
                element,
                "overrides",
                f"Two elements override the same property of '{sibling.name}'; remove one.",
            )
        overridden.add((sibling.name, overrides))
        schema = element.first("schema")
        if owner.unit_enum and schema is not None and schema.dtmi != owner.unit_enum:
            unit = owner.unit_enum.rpartition(":")[2]
            self._misfit(
                element,
                "schema",
                f"The schema must be {unit}, as the unit of '{sibling.name}'; change it.",
            )

    def _not_overridable(self, sibling: Element, overrides: str) -> str:
        core = CLASSES[sibling.scope.version][sibling.kind].properties
        if any(overrides in {name, property_dtmi(name, sibling.scope.version)} for name in core):
            return (
                f"{quoted(overrides)} belongs to the class of '{sibling.name}'; only "
                "properties of co-types can be overridden."
            )
        return (
            f"'{sibling.name}' has no co-type with the property {quoted(overrides)}; name one "
            "that it has."
        )

    def _misfit(self, element: Element, prop: str, message: str) -> None:
        """Report once, although every Interface that inherits the element is looked at."""
        key = (element.dtmi, prop)
        if key not in self._reported:
            self._reported.add(key)
            self.report.add("dtdl.annotation_invalid", element.place.at(prop), message)
