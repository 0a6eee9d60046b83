"""Reads the properties of one element: finds the rule of each and checks the form of its value."""

from __future__ import annotations

from dataclasses import dataclass

from twinhold.dtdl import standard, typing_rules
from twinhold.dtdl.dtmi import RESERVED_PREFIXES, is_user
from twinhold.dtdl.elements import Element, Reference
from twinhold.dtdl.extensions import COTYPES
from twinhold.dtdl.literals import LiteralReader
from twinhold.dtdl.metamodel import CLASSES, Form, PropertyRule
from twinhold.dtdl.values import is_unicode
from twinhold.dtdl.violations import Place, Report, quoted
from twinhold.dtdl.vocabulary import CLASS_NAMES, property_dtmi

_LITERALS = frozenset(
    {Form.TEXT, Form.BOOLEAN, Form.INTEGER, Form.NUMBER, Form.DURATION, Form.LITERAL}
)


@dataclass(slots=True, frozen=True)
class Nested:
    """An object in the value of an element property, which is itself an element."""

    node: dict[str, object]
    place: Place
    rule: PropertyRule
    index: int


class PropertyReader:
    """Reads the properties of one element.

    Args:
        report: Where violations go.
        element: The element, whose literals, texts and references are filled in.
        undefined: Whether it has a co-type that no known context defines.

    Attributes:
        nested: The elements inside it, for the caller to read.
    """

    def __init__(self, report: Report, element: Element, *, undefined: bool = False) -> None:
        self.element, self.undefined = element, undefined
        self.scope, self.report = element.scope, report
        self.nested: list[Nested] = []
        self.literals = LiteralReader(self.report, self.scope.version, self.scope.limits)

    def read(self, node: dict[str, object]) -> None:
        """Read all properties of the object that is the element."""
        seen: set[str] = set()
        for key, value in node.items():
            if not isinstance(key, str) or key.startswith("@"):
                continue
            place = self.element.place.at(key)
            rule = self._rule(key)
            if rule is None:
                self._unknown(key, place)
            elif rule.name in seen:
                message = (
                    f"Property '{rule.name}' is given as a term and as a DTMI; keep one of them."
                )
                self.report.add("dtdl.property_repeated", place, message)
            else:
                seen.add(rule.name)
                self._value(value, rule, place)
        self._check_required(seen)

    def _rule(self, key: str) -> PropertyRule | None:
        """The rule of the property that `key` names, as a term or a DTMI."""
        core = CLASSES[self.scope.version][self.element.kind].properties
        if key in core:
            return core[key]
        dtmi = self.scope.resolve(key)
        if dtmi is None:
            return None
        for cotype in self.element.cotypes:
            if dtmi in cotype.properties:
                return cotype.properties[dtmi]
        term = dtmi.removeprefix("dtmi:dtdl:property:").removesuffix(f";{self.scope.version}")
        return core.get(term) if dtmi == property_dtmi(term, self.scope.version) else None

    def _unknown(self, key: str, place: Place) -> None:
        if self.undefined and typing_rules.allows_property(key, self.scope):
            return
        message = (
            f"Property {quoted(key)} is not defined for this {self.element.kind}; remove or "
            "rename it."
        )
        self.report.add("dtdl.property_unknown", place, message)

    def _check_required(self, seen: set[str]) -> None:
        element = self.element
        rules = list(CLASSES[self.scope.version][element.kind].properties.values())
        rules += [rule for cotype in element.cotypes for rule in cotype.properties.values()]
        for rule in rules:
            if rule.required and rule.name not in seen:
                message = f"The {element.kind} has no '{rule.name}'; add it."
                self.report.add("dtdl.property_missing", element.place, message)

    # Values

    def _value(self, value: object, rule: PropertyRule, place: Place) -> None:
        if value is None:
            self.report.add(
                "dtdl.value_invalid", place, f"Property '{rule.name}' must not be null; remove it."
            )
        elif rule.form is Form.LANGUAGE:
            self.element.texts[rule.name] = self.literals.language(value, rule, place)
        elif rule.form in _LITERALS:
            literal = self.literals.read(value, rule, place)
            if literal is not None:
                self.element.literals[rule.name] = literal
        elif rule.form is Form.ELEMENT:
            self._elements(value, rule, place)
        else:
            self._identifier(value, rule, place)

    def _elements(self, value: object, rule: PropertyRule, place: Place) -> None:
        items = value if isinstance(value, list) else [value]
        most = rule.most if rule.plural else 1
        if not items and rule.required:
            self.report.add(
                "dtdl.property_missing",
                place,
                f"Property '{rule.name}' must have a value; add one.",
            )
        if most is not None and len(items) > most:
            message = f"Property '{rule.name}' must have at most {most} values; remove the others."
            self.report.add("dtdl.too_many", place, message)
        for index, item in enumerate(items):
            here = place.at(index) if isinstance(value, list) else place
            if isinstance(item, dict):
                self.nested.append(Nested(item, here, rule, index))
            else:
                self.named(item, rule, here)

    def named(self, value: object, rule: PropertyRule, place: Place) -> None:
        """A value that names an element by term or DTMI."""
        dtmi = self.scope.resolve(value) if isinstance(value, str) else None
        if dtmi is None or not isinstance(value, str):
            message = (
                f"{quoted(value)} is no term, DTMI or object that '{rule.name}' can hold; "
                "correct it."
            )
            self.report.add("dtdl.reference_invalid", place, message)
        elif dtmi in standard.ELEMENTS:
            self._standard(standard.ELEMENTS[dtmi], rule, place)
        elif dtmi in CLASS_NAMES or dtmi in COTYPES:
            message = f"{quoted(value)} is a class; property '{rule.name}' must name an element."
            self.report.add("dtdl.type_mismatch", place, message)
        elif dtmi.startswith(RESERVED_PREFIXES):
            self.report.add(
                "dtdl.id_reserved",
                place,
                f"{quoted(value)} is reserved and is no such element; correct it.",
            )
        elif not is_user(dtmi, self.scope.version) or len(dtmi) > self.scope.limits.id:
            message = (
                f"{quoted(value)} is not a DTMI of DTDL v{self.scope.version}; write "
                "dtmi:<segments>;<version>."
            )
            self.report.add("dtdl.reference_invalid", place, message)
        else:
            self._add(Reference(dtmi, place, rule, embedded=False))

    def _standard(
        self, element: standard.StandardElement, rule: PropertyRule, place: Place
    ) -> None:
        dtmi = standard.canonical(element.dtmi)
        if element.kind not in rule.kinds or (
            rule.members is not None and not {element.term, dtmi} & rule.members
        ):
            self.report.add(
                "dtdl.type_mismatch",
                place,
                f"Property '{rule.name}' must not be '{element.term}'; use another value.",
            )
        elif element.version not in rule.versions:
            message = (
                f"'{element.term}' is of DTDL v{element.version}, which '{rule.name}' must not "
                "hold here; use another."
            )
            self.report.add("dtdl.version_mismatch", place, message)
        else:
            self._add(Reference(dtmi, place, rule, embedded=False))

    def _add(self, reference: Reference) -> None:
        self.element.references.setdefault(reference.rule.name, []).append(reference)

    def _identifier(self, value: object, rule: PropertyRule, place: Place) -> None:
        """A single DTMI that need not be defined, or the name of a property."""
        items = value if isinstance(value, list) else [value]
        if len(items) > 1 or (rule.required and not items):
            self.report.add(
                "dtdl.too_many", place, f"Property '{rule.name}' must have one value; correct it."
            )
        for item in items[:1]:
            text = (
                self.scope.resolve(item)
                if isinstance(item, str) and rule.form is Form.PROPERTY
                else item
            )
            if (
                not isinstance(text, str)
                or not is_unicode(text)
                or (rule.form is Form.DTMI and not self._is_target(text))
            ):
                message = (
                    f"Property '{rule.name}' must be a {rule.form.value}, not {quoted(item)}; "
                    "correct it."
                )
                self.report.add("dtdl.value_invalid", place, message)
            else:
                self.element.literals[rule.name] = text

    def _is_target(self, text: str) -> bool:
        return is_user(text, self.scope.version) and len(text) <= self.scope.limits.target
