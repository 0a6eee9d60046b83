"""Models and sets of models: the public side of what was parsed.

A `Model` is one Interface together with what it inherits. It answers what a twin of it may hold and
checks what a twin holds. Everything beyond the Interface itself is worked out on first use and
kept, for one Interface at a time: a set of thousands costs little until a twin needs one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NoReturn, TypeVar

import msgspec

from twinhold.dtdl import decoding, standard
from twinhold.dtdl.checks import METADATA, Check, Compiler, Members, Problem, gather, wrong_type
from twinhold.dtdl.interfaces import (
    FORMAT,
    Command,
    Component,
    Content,
    Interface,
    Property,
    Relationship,
    Telemetry,
    load,
)
from twinhold.dtdl.values import decoded_integer
from twinhold.dtdl.violations import Violation, quoted

_C = TypeVar("_C", Property, Relationship, Component, Telemetry, Command)


class Model:
    """One Interface and what it inherits; its set has its ancestors and component Interfaces."""

    def __init__(self, interface: Interface, models: ModelSet) -> None:
        self.interface, self._models = interface, models

    def __repr__(self) -> str:
        return f"<Model {self.dtmi}>"

    @property
    def dtmi(self) -> str:
        """Its DTMI."""
        return self.interface.dtmi

    @property
    def ancestors(self) -> tuple[str, ...]:
        """All Interfaces it extends, directly or not, nearest first."""
        return self.interface.ancestors

    def display_name(self, language: str = "en") -> str:
        """Its name in a language, else in English or any other, else the end of its DTMI."""
        names = self.interface.notes.display_name
        default = names.get("en") or next(iter(names.values()), "")
        return names.get(language) or default or self.dtmi.partition(";")[0].rpartition(":")[2]

    def is_a(self, dtmi: str) -> bool:
        """Whether it is the Interface `dtmi` or extends it."""
        return dtmi == self.dtmi or dtmi in self.interface.ancestors

    # Contents

    @cached_property
    def contents(self) -> dict[str, Content]:
        """All contents by name, inherited ones first."""
        contents: dict[str, Content] = {}
        for model in self._line:
            contents |= {content.name: content for content in model.interface.contents}
        return contents

    @property
    def properties(self) -> dict[str, Property]:
        """All properties by name, inherited ones included."""
        return self._of(Property)

    @cached_property
    def relationships(self) -> dict[str, Relationship]:
        """All relationships by name, inherited ones included."""
        return self._of(Relationship)

    @cached_property
    def components(self) -> dict[str, Component]:
        """All components by name, inherited ones included."""
        return self._of(Component)

    @property
    def telemetries(self) -> dict[str, Telemetry]:
        """All telemetries by name, inherited ones included."""
        return self._of(Telemetry)

    @property
    def commands(self) -> dict[str, Command]:
        """All commands by name, inherited ones included."""
        return self._of(Command)

    def _of(self, kind: type[_C]) -> dict[str, _C]:
        return {
            name: content for name, content in self.contents.items() if isinstance(content, kind)
        }

    @property
    def _line(self) -> list[Model]:
        """The ancestors, farthest first, then this model."""
        return [*(self._models[dtmi] for dtmi in reversed(self.interface.ancestors)), self]

    # Values

    def validate(self, contents: object) -> list[Violation]:
        """Check what a twin of this model holds: its properties and components, by name.

        Nothing is required, a null property counts as not set, and `$metadata` members are ignored.
        The result is empty when all is well.
        """
        return _violations(self._check_contents, contents)

    def decoded_type(self, more: Mapping[str, Any]) -> Any:
        """A type for msgspec: of an object that has the contents of a twin, and more beside them.

        A JSON text that is decoded into it, and of which no member is lost, holds contents that
        conform. One that is not may conform all the same.
        """
        return decoding.members({**self._types, **more})

    @property
    def _types(self) -> dict[str, Any]:
        """The types of all contents that have one."""
        types: dict[str, Any] = {}
        for model in self._line:
            own = decoding.Types({schema.dtmi: schema for schema in model.interface.schemas})
            for content in model.interface.contents:
                types[content.name] = None
                if isinstance(content, Property):
                    types[content.name] = _or_null(own.of(content.schema))
                elif isinstance(content, Component):
                    component = self._models[content.schema]._types  # noqa: SLF001 - another Model
                    metadata = {METADATA: dict[str, str]}
                    types[content.name] = _or_null(decoding.members({**component, **metadata}))
        return types

    def validate_relationship(self, name: str, properties: object) -> list[Violation]:
        """Check the properties of an edge.

        Raises:
            KeyError: The model has no relationship of this name.
        """
        if name not in self._relationship_checks:
            compiled = Members()
            for item in self.relationships[name].properties:
                compiled.add(item.name, item.schema, self._compiler_of(name).check(item.schema))
            self._relationship_checks[name] = compiled
        checks = self._relationship_checks[name]
        return _violations(
            lambda value: _check_members(value, checks, self.dtmi, _no_edge_property), properties
        )

    @cached_property
    def _relationship_checks(self) -> dict[str, Members]:
        return {}

    def _compiler_of(self, content: str) -> Compiler:
        """The compiler of the Interface that defines a content; only it sees the schemas."""
        owners = (
            model
            for model in self._line
            if any(item.name == content for item in model.interface.contents)
        )
        return next(owners)._compiler  # noqa: SLF001 - another Model

    @cached_property
    def _compiler(self) -> Compiler:
        """Compiles the schemas of this Interface for the contents of twins."""
        return Compiler({schema.dtmi: schema for schema in self.interface.schemas}, metadata=True)

    @cached_property
    def _own_checks(self) -> Members:
        """The checks of the contents that this Interface itself defines; descendants share them."""
        checks = Members()
        for content in self.interface.contents:
            if isinstance(content, Property):
                check = self._compiler.check(content.schema)
                checks.add(content.name, content.schema, check, content.dtmi)
            elif isinstance(content, Component):
                checks.add(content.name, content.schema, self._component_check(content))
        return checks

    def _component_check(self, component: Component) -> Check:
        models = self._models

        def check(value: object) -> list[Problem] | None:
            return models[component.schema]._check_contents(value)  # noqa: SLF001 - another Model

        return check

    @cached_property
    def _checks(self) -> Members:
        checks = Members()
        for model in self._line:
            checks.update(model._own_checks)  # noqa: SLF001 - another Model
        return checks

    def _check_contents(self, value: object) -> list[Problem] | None:
        return _check_members(value, self._checks, self.dtmi, self._no_such_content)

    def _no_such_content(self, name: str) -> Problem:
        content = self.contents.get(name)
        if isinstance(content, Relationship):
            message = (
                f"'{name}' is a relationship, not part of the contents; remove it and make a "
                "relationship."
            )
            return Problem("value.relationship", message, content.dtmi)
        if content is not None:
            message = (
                f"'{name}' is a {type(content).__name__} and is not stored in a twin; remove it."
            )
            return Problem("value.unknown", message, content.dtmi)
        message = (
            f"The model {self.dtmi} has no property or component {quoted(name)}; remove or "
            "rename it."
        )
        return Problem("value.unknown", message, self.dtmi)


def _check_members(
    value: object, members: Members, dtmi: str, unknown: Callable[[str], Problem]
) -> list[Problem] | None:
    """Check an object member by member."""
    if not isinstance(value, dict):
        return wrong_type("an object", value, dtmi)
    checks, plain = members.checks, members.plain
    problems: list[Problem] | None = None
    for name, member in value.items():
        if plain.get(name) is member.__class__:
            continue
        check = checks.get(name)
        if check is None:
            found = None if name == METADATA else [unknown(name)]
        else:
            found = None if member is None else check(member)
        if found is not None:
            for problem in found:
                problem.dtmi = members.named.get(name, problem.dtmi)
            problems = gather(problems, found, name)
    return problems


def _or_null(type_: Any | None) -> Any | None:
    return None if type_ is None else type_ | None


def _no_edge_property(name: str) -> Problem:
    return Problem(
        "value.unknown",
        f"The relationship has no property {quoted(name)}; remove or rename it.",
        "",
    )


def _violations(check: Check, value: object) -> list[Violation]:
    try:
        found = check(value)
    except RecursionError:
        return [
            Violation("value.too_deep", "The value nests too deep to be checked; make it flatter.")
        ]
    return [] if found is None else [problem.violation() for problem in found]


class ModelSet(Mapping[str, Model]):
    """Models by DTMI.

    Args:
        interfaces: Either Interfaces, or a mapping from DTMI to an Interface or to the bytes that
            its `dump` gave. Bytes are only read when the model is needed, so the mapping may read
            from a store; `descendants`, `in_dependency_order` and checks of single values read all.
    """

    def __init__(self, interfaces: Iterable[Interface] | Mapping[str, Interface | bytes]) -> None:
        given = (
            interfaces
            if isinstance(interfaces, Mapping)
            else {item.dtmi: item for item in interfaces}
        )
        self._interfaces: Mapping[str, Interface | bytes] = given
        self._models: dict[str, Model] = {}

    def __getitem__(self, dtmi: str) -> Model:
        model = self._models.get(dtmi)
        if model is None:
            stored = self._interfaces[dtmi]
            interface = load(stored) if isinstance(stored, bytes) else stored
            model = self._models[dtmi] = Model(interface, self)
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._interfaces)

    def __len__(self) -> int:
        return len(self._interfaces)

    def dump(self) -> bytes:
        """All Interfaces as bytes, for `load`; to store them one by one use `Interface.dump`."""
        rows = {dtmi: model.interface.dump() for dtmi, model in self.items()}
        return msgspec.msgpack.encode({"format": FORMAT, "interfaces": rows})

    @classmethod
    def load(cls, data: bytes) -> ModelSet:
        """Read what `dump` wrote, without parsing; Interfaces are decoded when they are needed.

        Raises:
            ValueError: `data` is something else, or of a newer format.
        """
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored)
        except msgspec.DecodeError as error:
            raise ValueError(f"The bytes are no stored model set: {error}.") from error
        if stored.format != FORMAT:
            raise ValueError(
                f"The stored model set has format {stored.format}, not {FORMAT}; parse it again."
            )
        return cls(stored.interfaces)

    # The graph of Interfaces

    @cached_property
    def _descendants(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for dtmi, model in self.items():
            for ancestor in model.ancestors:
                found.setdefault(ancestor, []).append(dtmi)
        return found

    def descendants(self, dtmi: str) -> tuple[str, ...]:
        """All Interfaces of the set that extend `dtmi`, directly or not."""
        return tuple(self._descendants.get(dtmi, ()))

    def dependencies(self, dtmi: str) -> tuple[str, ...]:
        """All Interfaces that `dtmi` needs, bases and components, directly or not."""
        found: dict[str, None] = {}
        pending = [dtmi]
        while pending:
            for needed in self[pending.pop()].interface.depends_on:
                if needed not in found:
                    found[needed] = None
                    pending.append(needed)
        return tuple(found)

    def in_dependency_order(self) -> tuple[str, ...]:
        """All DTMIs of the set, each after those that it depends on."""
        order: dict[str, None] = {}
        for root in self:
            pending = [root]
            while pending:
                needed = [
                    item for item in self[pending[-1]].interface.depends_on if item not in order
                ]
                if needed:
                    pending.extend(needed)
                else:
                    order[pending.pop()] = None
        return tuple(order)

    # Values of single schemas

    def validate_value(self, schema: str, value: object) -> list[Violation]:
        """Check a value against a primitive, a standard schema or any schema of the set.

        Raises:
            KeyError: `schema` is no schema of the set; Interfaces and their contents are none.
        """
        return _violations(self._schema_compiler.check(standard.canonical(schema)), value)

    def validate_json(self, schema: str, text: str | bytes) -> list[Violation]:
        """Check a JSON text as `validate_value` checks a value.

        Raises:
            KeyError: As for `validate_value`.
        """
        try:
            value = json.loads(text, parse_int=decoded_integer, parse_constant=_no_constant)
        except RecursionError:
            return [
                Violation(
                    "value.too_deep", "The text nests too deep to be checked; make it flatter."
                )
            ]
        except ValueError:
            self._schema_compiler.check(standard.canonical(schema))
            return [Violation("value.json", "The text is not JSON; correct it.", schema)]
        return self.validate_value(schema, value)

    @cached_property
    def _schema_compiler(self) -> Compiler:
        schemas = (schema for model in self.values() for schema in model.interface.schemas)
        return Compiler({schema.dtmi: schema for schema in schemas}, metadata=False)


class _Stored(msgspec.Struct):
    format: int
    interfaces: dict[str, bytes]


def _no_constant(text: str) -> NoReturn:
    """NaN and Infinity, which Python's decoder accepts and JSON does not have."""
    raise ValueError(text)
