"""Rules that take more than one element: references, names, inheritance, nesting, sizes.

Everything here walks the graph without recursion, and nothing is kept for each pair of an Interface
and a content it inherits, of which a small document can have very many.
Source: DTDL v2-v4, "Interface" (extends, contents), "Component", "Schemas" (depth, self reference).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from twinhold.dtdl import standard
from twinhold.dtdl.elements import Element, Reference
from twinhold.dtdl.metamodel import COMPLEX_KINDS
from twinhold.dtdl.violations import Place, Report, quoted

Elements = Mapping[str, Element]


def unresolved(elements: Elements) -> list[tuple[Element, Reference]]:
    """All references to elements that are not in the set."""
    return [
        (element, reference)
        for element in elements.values()
        for references in element.references.values()
        for reference in references
        if reference.dtmi not in elements and reference.dtmi not in standard.ELEMENTS
    ]


class Structure:
    """The checks on a whole set, and what they find out about its Interfaces.

    Attributes:
        ancestors: All Interfaces that an Interface extends, nearest first.
        own_contents: The contents that an Interface itself defines, by name.
    """

    def __init__(self, elements: Elements, report: Report) -> None:
        self.elements, self.report = elements, report
        self.interfaces = {
            dtmi: item for dtmi, item in elements.items() if item.kind == "Interface"
        }
        self.ancestors: dict[str, tuple[str, ...]] = {}
        self.own_contents: dict[str, dict[str, Element]] = {}
        self._clashed: set[str] = set()
        self._depths: dict[str, int] = {}

    def check(self) -> None:
        """Report everything in the set that breaks a rule of structure."""
        for element in self.elements.values():
            self._check_references(element)
            self._check_unique(element)
            if element.kind == "Enum":
                self._check_enum_values(element)
        for dtmi in _post_order(self.interfaces, self._parents, self._report_extends_cycle):
            self._inherit(self.interfaces[dtmi])
        self._check_components()
        self._check_schemas()
        self._check_counts()

    # References and names

    def _check_references(self, element: Element) -> None:
        for references in element.references.values():
            for reference in references:
                target = self.elements.get(reference.dtmi)
                if target is not None and not reference.embedded:
                    self._check_reference(element, reference, target)

    def _check_reference(self, element: Element, reference: Reference, target: Element) -> None:
        rule, place = reference.rule, reference.place
        if target.kind not in rule.kinds or rule.members is not None:
            message = (
                f"Property '{rule.name}' must not name an element of class {target.kind}; use "
                "another."
            )
            self.report.add("dtdl.type_mismatch", place, message)
        elif target.scope.version not in rule.versions:
            message = (
                f"'{rule.name}' names an element of DTDL v{target.scope.version}, which is not "
                "allowed here; use another."
            )
            self.report.add("dtdl.version_mismatch", place, message)
        elif target.kind != "Interface" and target.partition != element.partition:
            message = (
                f"{quoted(target.dtmi)} is only visible inside its own Interface; define it in "
                "this one too."
            )
            self.report.add("dtdl.reference_outside", place, message)

    def _check_unique(self, element: Element) -> None:
        for references in element.references.values():
            keys = references[0].rule.unique if references else ()
            for key in (*keys, "index") if keys else ():
                seen: set[object] = set()
                for reference in references:
                    self._check_key(reference, key, seen)

    def _check_key(self, reference: Reference, key: str, seen: set[object]) -> None:
        target = self.elements.get(reference.dtmi)
        value = target.literals.get(key) if target is not None else None
        if value is None:
            return
        if value in seen:
            self.report.add(
                "dtdl.name_duplicate",
                reference.place,
                f"The {key} {quoted(value)} is used twice in one container; change one.",
            )
        seen.add(value)

    def _check_enum_values(self, element: Element) -> None:
        schema = element.first("valueSchema")
        term = standard.primitive(schema.dtmi) if schema else None
        for reference in element.references.get("enumValues", ()):
            value = (
                self.elements[reference.dtmi].literals.get("enumValue")
                if reference.dtmi in self.elements
                else None
            )
            if (
                value is not None
                and isinstance(value, str) is not (term == "string")
                and term is not None
            ):
                message = (
                    f"The enumValue {quoted(value)} must be of the valueSchema '{term}'; "
                    "change one of them."
                )
                self.report.add("dtdl.enum_value_invalid", reference.place, message)

    # Inheritance

    def _parents(self, dtmi: str) -> list[str]:
        references = self.interfaces[dtmi].references.get("extends", ())
        return [reference.dtmi for reference in references if reference.dtmi in self.interfaces]

    def _report_extends_cycle(self, dtmi: str) -> None:
        message = "The Interface extends itself, directly or through others; break the cycle."
        self.report.add("dtdl.recursive", self.interfaces[dtmi].place, message)

    def _inherit(self, interface: Element) -> None:
        """Work out ancestors and check what is inherited; parents are done, unless in a cycle."""
        dtmi, limits = interface.dtmi, interface.scope.limits
        parents = self._parents(dtmi)
        nearest = dict.fromkeys(parents)
        for parent in parents:
            nearest |= dict.fromkeys(self.ancestors.get(parent, ()))
        self._depths[dtmi] = 1 + max((self._depths.get(item, 0) for item in parents), default=-1)
        self.ancestors[dtmi] = tuple(nearest)
        if self._depths[dtmi] > limits.extends_depth:
            message = (
                f"The Interface extends others over {self._depths[dtmi]} levels; at most "
                f"{limits.extends_depth} are allowed."
            )
            self.report.add("dtdl.depth_exceeded", interface.place, message)
            self.ancestors[dtmi] = tuple(parents)  # so that a long chain costs no square of it
        elif limits.extends_all is not None and len(nearest) > limits.extends_all:
            message = (
                f"The Interface extends {len(nearest)} others; at most {limits.extends_all} are "
                "allowed."
            )
            self.report.add("dtdl.too_many", interface.place, message)
            self.ancestors[dtmi] = tuple(parents)
        self._check_names(interface)
        self._check_contents_count(interface)

    def _check_names(self, interface: Element) -> None:
        """An inherited name must not be defined again, nor come from two ancestors."""
        dtmi, ancestors = interface.dtmi, self.ancestors[interface.dtmi]
        own: dict[str, Element] = {}
        for reference in interface.references.get("contents", ()):
            element = self.elements.get(reference.dtmi)
            if element is not None and element.name:
                own.setdefault(element.name, element)
                if any(element.name in self.own_contents.get(item, ()) for item in ancestors):
                    self._clash(element.name, dtmi, reference.place)
        self.own_contents[dtmi] = own
        if len(self._parents(dtmi)) > 1 and self._clashed.isdisjoint(ancestors):
            inherited: set[str] = set()
            for ancestor in ancestors:
                names = self.own_contents.get(ancestor, {}).keys()
                for name in sorted(inherited & names):
                    self._clash(name, dtmi, interface.place)
                inherited |= names

    def _clash(self, name: str, dtmi: str, place: Place) -> None:
        self._clashed.add(dtmi)
        message = (
            f"The name {quoted(name)} comes from two Interfaces of the extends hierarchy; rename "
            "one of them."
        )
        self.report.add("dtdl.name_duplicate", place, message)

    def _check_contents_count(self, interface: Element) -> None:
        most = interface.scope.limits.contents
        family = (interface.dtmi, *self.ancestors[interface.dtmi])
        if most is not None and sum(len(self.own_contents.get(item, ())) for item in family) > most:
            message = (
                f"The Interface has more than {most} contents with inherited ones; remove some."
            )
            self.report.add("dtdl.too_many", interface.place, message)

    def _check_components(self) -> None:
        composed = {
            dtmi
            for dtmi, contents in self.own_contents.items()
            if any(element.kind == "Component" for element in contents.values())
        }
        for element in self.elements.values():
            schema = element.first("schema") if element.kind == "Component" else None
            family = (schema.dtmi, *self.ancestors.get(schema.dtmi, ())) if schema else ()
            if schema and not composed.isdisjoint(family):
                message = (
                    f"{quoted(schema.dtmi)} has components and so cannot be the schema of one; use "
                    "another Interface."
                )
                self.report.add("dtdl.excluded_type", schema.place, message)

    # Schemas

    def _check_schemas(self) -> None:
        schemas = {dtmi: item for dtmi, item in self.elements.items() if item.kind in COMPLEX_KINDS}
        inner = {dtmi: self._inner_schemas(item) for dtmi, item in schemas.items()}
        depths: dict[str, int] = {}
        arrays: set[str] = set()
        for dtmi in _post_order(
            schemas,
            lambda dtmi: [i for i in inner[dtmi] if i in schemas],
            self._report_schema_cycle,
        ):
            depths[dtmi] = max((1 + depths.get(item, 0) for item in inner[dtmi]), default=0)
            if schemas[dtmi].kind == "Array" or any(
                item in arrays or _has_array(item) for item in inner[dtmi]
            ):
                arrays.add(dtmi)
            self._check_depth(schemas[dtmi], depths[dtmi])
        for element in self.elements.values():
            if element.kind == "Property" and element.scope.version == 2:
                self._check_no_array(element, arrays)

    def _inner_schemas(self, schema: Element) -> list[str]:
        """The schemas one step below a complex schema: of its elements, fields, keys and values."""
        holders = [schema]
        for prop in ("fields", "mapKey", "mapValue"):
            references = schema.references.get(prop, ())
            holders += [
                self.elements[reference.dtmi]
                for reference in references
                if reference.dtmi in self.elements
            ]
        steps = [holder.first(prop) for holder in holders for prop in ("schema", "elementSchema")]
        return [step.dtmi for step in steps if step is not None]

    def _report_schema_cycle(self, dtmi: str) -> None:
        schema = self.elements[dtmi]
        if schema.scope.version < 4:
            self.report.add(
                "dtdl.recursive",
                schema.place,
                "The schema contains itself, which needs DTDL v4; break the cycle.",
            )

    def _check_depth(self, schema: Element, depth: int) -> None:
        most = schema.scope.limits.schema_depth
        if depth > most:
            message = f"The schema nests {depth} levels deep; at most {most} are allowed."
            self.report.add("dtdl.depth_exceeded", schema.place, message)

    def _check_no_array(self, element: Element, arrays: set[str]) -> None:
        schema = element.first("schema")
        if schema and (schema.dtmi in arrays or _has_array(schema.dtmi)):
            message = (
                "A Property of DTDL v2 must not contain an Array or geospatial schema; use v3 "
                "or another schema."
            )
            self.report.add("dtdl.excluded_type", schema.place, message)

    # Size

    def _check_counts(self) -> None:
        """How many elements an Interface has, its ancestors and components included."""
        own = dict.fromkeys(self.interfaces, 0)
        for element in self.elements.values():
            if element.partition in own and element.kind != "Interface":
                own[element.partition] += 1
        whole = {dtmi: self._sum_over_family(dtmi, own) for dtmi in own}
        weights = {dtmi: count + self._component_weight(dtmi, whole) for dtmi, count in own.items()}
        for dtmi, interface in self.interfaces.items():
            total, most = self._sum_over_family(dtmi, weights), interface.scope.limits.elements
            if most is not None and total > most:
                message = f"The Interface has {total} elements; at most {most} are allowed."
                self.report.add("dtdl.too_many", interface.place, message)

    def _sum_over_family(self, dtmi: str, counts: Mapping[str, int]) -> int:
        return sum(counts.get(item, 0) for item in (dtmi, *self.ancestors.get(dtmi, ())))

    def _component_weight(self, dtmi: str, whole: Mapping[str, int]) -> int:
        """How many elements come with the components that an Interface itself defines."""
        contents = self.own_contents.get(dtmi, {}).values()
        schemas = (item.first("schema") for item in contents if item.kind == "Component")
        return sum(whole.get(schema.dtmi, 0) for schema in schemas if schema)


def _has_array(dtmi: str) -> bool:
    element = standard.ELEMENTS.get(dtmi)
    return element is not None and element.has_array


def _post_order(
    nodes: Iterable[str], children: Callable[[str], list[str]], on_cycle: Callable[[str], None]
) -> list[str]:
    """All nodes with children before parents; `on_cycle` is told each node that closes a cycle."""
    order: list[str] = []
    state: dict[str, bool] = {}  # absent: not met; False: on the way down; True: done
    for root in nodes:
        stack = [(root, iter(children(root)))] if root not in state else []
        state.setdefault(root, False)
        while stack:
            node, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                state[node] = True
                order.append(node)
            elif child not in state:
                state[child] = False
                stack.append((child, iter(children(child))))
            elif not state[child]:
                on_cycle(child)
    return order
