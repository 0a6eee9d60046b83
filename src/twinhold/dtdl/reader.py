"""Reads documents into elements.

The reader works through a document with a list of pending objects instead of recursion, so that no
document, however deep, exhausts the stack. It checks everything that can be seen at one element:
its context, type, id, the form of its property values. Whatever needs two elements is left to
`structure` and `constraints`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from twinhold.dtdl import typing_rules
from twinhold.dtdl.contexts import ContextReader, Scope
from twinhold.dtdl.dtmi import generated, is_user
from twinhold.dtdl.elements import Element, Reference
from twinhold.dtdl.limits import MAX_DTMI, MAX_NESTING
from twinhold.dtdl.metamodel import CLASSES, NAME_PATTERN, PropertyRule
from twinhold.dtdl.properties import PropertyReader
from twinhold.dtdl.typing_rules import Typing
from twinhold.dtdl.violations import Place, Report, quoted
from twinhold.dtdl.vocabulary import property_dtmi

_KEYWORDS = frozenset({"@context", "@id", "@type"})
_NAME = re.compile(NAME_PATTERN)


@dataclass(slots=True, frozen=True)
class _Pending:
    """An object of a document that is still to be read.

    Attributes:
        rule: The property it is a value of; None at top level.
        container: The element around it; None at top level.
        index: Its position among the values of the property.
    """

    node: dict[str, object]
    place: Place
    scope: Scope | None
    rule: PropertyRule | None = None
    container: Element | None = None
    index: int = 0
    depth: int = 0


class Reader:
    """Reads documents.

    Attributes:
        elements: The elements found, by DTMI.
        tolerant: Whether to accept, in v2, references written as `{"@id": ...}`, reserved ids and
            repeated contents without `@id`, as old tools wrote them.
    """

    def __init__(self, report: Report, contexts: ContextReader) -> None:
        self.report, self.contexts = report, contexts
        self.elements: dict[str, Element] = {}
        self.tolerant = False
        self._pending: list[_Pending] = []

    def read(self, document: object, index: int) -> None:
        """Read one document: an Interface object or an array of them."""
        place = Place(index, "", "")
        nodes = enumerate(document) if isinstance(document, list) else [(None, document)]
        for position, node in nodes:
            here = place if position is None else place.at(position)
            if isinstance(node, dict):
                self._pending.append(_Pending(node, here, None))
                self._drain()
            else:
                message = f"A document must hold Interface objects, not {quoted(node)}; correct it."
                self.report.add("dtdl.document_invalid", here, message)

    def _drain(self) -> None:
        while self._pending:
            pending = self._pending.pop()
            if pending.depth > MAX_NESTING:
                message = f"The document nests more than {MAX_NESTING} objects; make it flatter."
                self.report.add("dtdl.depth_exceeded", pending.place, message)
                continue
            children = len(self._pending)
            self._object(pending)
            self._pending[children:] = reversed(self._pending[children:])

    # One object

    def _object(self, pending: _Pending) -> None:
        node, place = pending.node, pending.place
        if "@context" not in node and pending.scope is None:
            self.report.add(
                "dtdl.context_invalid", place, "A top-level object must have an @context; add one."
            )
            return
        scope = pending.scope
        if "@context" in node:
            scope = self.contexts.read(node["@context"], scope, place.at("@context"))
        if scope is None or self._is_reference(pending, scope):
            return
        self._check_keywords(node, scope, place)
        typing = self._typing(pending, scope)
        if typing is None:
            return
        element = self._element(pending, scope, typing)
        if element is None:
            return
        self._check_place(element, pending.rule)
        if typing.cotypes:
            typing_rules.check_cotypes(
                typing, scope.version, element.place.at("@type"), self.report
            )
        self._read_properties(node, element, pending.depth, undefined=typing.undefined)
        if element.kind == "Interface":
            self._check_size(node, element)

    def _read_properties(
        self, node: dict[str, object], element: Element, depth: int, *, undefined: bool
    ) -> None:
        properties = PropertyReader(self.report, element, undefined=undefined)
        properties.read(node)
        for nested in properties.nested:
            self._pending.append(
                _Pending(
                    nested.node,
                    nested.place,
                    element.scope,
                    nested.rule,
                    element,
                    nested.index,
                    depth + 1,
                )
            )

    def _is_reference(self, pending: _Pending, scope: Scope) -> bool:
        """Whether the object is only `{"@id": ...}`, no element; recorded or reported here."""
        node, rule = pending.node, pending.rule
        if rule is None or pending.container is None or set(node) - {"@context"} != {"@id"}:
            return False
        if self.tolerant and scope.version == 2:
            PropertyReader(self.report, pending.container).named(node["@id"], rule, pending.place)
        else:
            message = (
                "An object with only an @id is no reference; write the DTMI as a string, or "
                "add an @type."
            )
            self.report.add("dtdl.reference_invalid", pending.place, message)
        return True

    def _check_keywords(self, node: dict[str, object], scope: Scope, place: Place) -> None:
        for key in node:
            if isinstance(key, str) and key.startswith("@") and key not in _KEYWORDS:
                self._keyword(key, scope, place.at(key))

    def _keyword(self, key: str, scope: Scope, place: Place) -> None:
        if key == "@graph" or scope.version > 2:
            message = f"The keyword {quoted(key)} must not be used here; remove it."
            self.report.add("dtdl.keyword_disallowed", place, message)

    def _typing(self, pending: _Pending, scope: Scope) -> Typing | None:
        if "@type" in pending.node:
            return typing_rules.read(
                pending.node["@type"], scope, pending.place.at("@type"), self.report
            )
        inferred = pending.rule.inferred if pending.rule else None
        if inferred in CLASSES[scope.version]:
            return Typing(inferred, (), undefined=False)
        self.report.add("dtdl.type_missing", pending.place, "The element has no @type; add one.")
        return None

    def _element(self, pending: _Pending, scope: Scope, typing: Typing) -> Element | None:
        """The element with its id, put into the set; None when the id is taken."""
        own = self._own_id(pending, scope, typing.kind)
        dtmi = own or self._generated_id(pending, scope)
        partition = (
            pending.container.partition
            if pending.container and typing.kind != "Interface"
            else dtmi
        )
        place = pending.place.owned_by(dtmi)
        element = Element(dtmi, typing.kind, scope, place, partition, own is None, typing.cotypes)
        if pending.container and pending.rule:
            reference = Reference(dtmi, place, pending.rule, embedded=True)
            pending.container.references.setdefault(pending.rule.name, []).append(reference)
        if dtmi in self.elements:
            self._taken(element, pending)
            return None
        self.elements[dtmi] = element
        return element

    def _taken(self, element: Element, pending: _Pending) -> None:
        """Two elements with one id: either written so, or generated from equal names."""
        if pending.container and pending.rule:
            pending.container.references[pending.rule.name].pop()
        if not element.generated:
            message = f"The @id {quoted(element.dtmi)} is used by another element; choose another."
            self.report.add("dtdl.id_duplicate", element.place, message)
        elif not (self.tolerant and element.scope.version == 2):
            message = (
                f"The name in {quoted(element.dtmi)} is used twice in one container; rename one."
            )
            self.report.add("dtdl.name_duplicate", element.place, message)

    # Ids

    def _own_id(self, pending: _Pending, scope: Scope, kind: str) -> str | None:
        node, place = pending.node, pending.place
        if "@id" not in node:
            if kind == "Interface" or pending.rule is None or pending.rule.id_required:
                self.report.add("dtdl.id_missing", place, f"The {kind} has no @id; add a DTMI.")
            return None
        text = node["@id"]
        if not isinstance(text, str) or not is_user(text, scope.version):
            message = (
                f"The @id {quoted(text)} is not a DTMI of DTDL v{scope.version}; write "
                "dtmi:<segments>;<version>."
            )
            self.report.add("dtdl.id_invalid", place.at("@id"), message)
            return None
        longest = (
            min(scope.limits.id, scope.limits.interface_id)
            if kind == "Interface"
            else scope.limits.id
        )
        if len(text) > longest:
            self.report.add(
                "dtdl.id_too_long",
                place.at("@id"),
                f"The @id of this {kind} must have at most {longest} characters; shorten it.",
            )
        if text.startswith(scope.reserved) and not (self.tolerant and scope.version == 2):
            self.report.add(
                "dtdl.id_reserved",
                place.at("@id"),
                f"The prefix of {quoted(text)} is reserved; choose another.",
            )
        return text

    def _generated_id(self, pending: _Pending, scope: Scope) -> str:
        if pending.container is None or pending.rule is None:
            return f"dtmi:unnamed:document{pending.place.document}:element{len(self.elements)}"
        if not pending.rule.plural:
            return generated(pending.container.dtmi, pending.rule.name, None)
        name = pending.node.get("name", pending.node.get(property_dtmi("name", scope.version)))
        for _ in range(2):  # the name may be in an array, and that in a value object
            name = name[0] if isinstance(name, list) and len(name) == 1 else name
            name = name.get("@value") if isinstance(name, dict) else name
        usable = isinstance(name, str) and len(name) <= MAX_DTMI and _NAME.fullmatch(name)
        segment = str(name) if usable else f"unnamed{pending.index}"
        return generated(pending.container.dtmi, pending.rule.name, segment)

    # Checks on a whole element

    def _check_place(self, element: Element, rule: PropertyRule | None) -> None:
        """Whether the element may stand where it stands."""
        if rule is None:
            if element.kind != "Interface":
                message = (
                    f"Only an Interface can stand at top level, not {element.kind}; move it "
                    "into one."
                )
                self.report.add("dtdl.type_mismatch", element.place, message)
        elif rule.members is not None:
            message = (
                f"Property '{rule.name}' must name a standard value, not hold an object; "
                "correct it."
            )
            self.report.add("dtdl.reference_invalid", element.place, message)
        elif element.kind not in rule.kinds:
            message = (
                f"Property '{rule.name}' must not hold an element of class {element.kind}; use "
                "another class."
            )
            self.report.add("dtdl.type_mismatch", element.place, message)
        elif element.scope.version not in rule.versions:
            message = (
                f"Property '{rule.name}' must not hold an element of DTDL "
                f"v{element.scope.version} here; move it out."
            )
            self.report.add("dtdl.version_mismatch", element.place, message)

    def _check_size(self, node: dict[str, object], element: Element) -> None:
        most = element.scope.limits.bytes
        if most is None:
            return
        try:
            text = json.dumps(node, ensure_ascii=False, separators=(",", ":"))
        except (RecursionError, TypeError, ValueError):
            message = (
                "The Interface cannot be written as JSON text; it nests too deep or holds "
                "foreign objects."
            )
            self.report.add("dtdl.document_invalid", element.place, message)
            return
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if size > most:
            message = (
                f"The JSON text of the Interface has {size} bytes; split it so that each has "
                f"at most {most}."
            )
            self.report.add("dtdl.too_large", element.place, message)
