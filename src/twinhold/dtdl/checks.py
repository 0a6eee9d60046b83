"""Compiles schemas into functions that check values.

A check takes a value and returns None when it conforms, so that a conforming value costs no
allocation, or the list of its problems. Problems know their place relative to the value; whoever
calls a check on a member of its own value prepends the key. Recursive schemas are bound late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twinhold.dtdl import standard, values
from twinhold.dtdl.schemas import Array, Enum, Map, Object, Schema
from twinhold.dtdl.violations import Violation, escape, quoted

METADATA = "$metadata"  # what services put beside values; accepted in twins, no part of the model


class Problem:
    """A violation whose place is not yet complete; `path` grows from the inside out."""

    __slots__ = ("code", "dtmi", "message", "path")

    def __init__(
        self, code: str, message: str, dtmi: str, path: list[str | int] | None = None
    ) -> None:
        self.code, self.message, self.dtmi = code, message, dtmi
        self.path = path or []

    def violation(self) -> Violation:
        """The violation with its JSON pointer."""
        pointer = "".join(f"/{escape(key)}" for key in reversed(self.path))
        return Violation(self.code, self.message, self.dtmi, pointer)


Check = Callable[[object], "list[Problem] | None"]


def plain_type(schema: str) -> type | None:
    """The Python type of which every value conforms to a schema, so that no check is called."""
    return values.PLAIN.get(standard.primitive(schema) or "")


class Members:
    """How the members of an object are checked, by name.

    Attributes:
        checks: Of all members that there can be.
        plain: The types of those members that have one, see `plain_type`.
        named: The DTMIs that problems of some members carry, whatever their schemas say.
    """

    __slots__ = ("checks", "named", "plain")

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.plain: dict[str, type] = {}
        self.named: dict[str, str] = {}

    def add(self, name: str, schema: str, check: Check, dtmi: str | None = None) -> None:
        """Know how a member is checked, and which DTMI its problems carry instead of their own."""
        self.checks[name] = check
        if dtmi is not None:
            self.named[name] = dtmi
        plain = plain_type(schema)
        if plain is not None:
            self.plain[name] = plain

    def update(self, others: Members) -> None:
        """Know the members of a descendant too."""
        for name, check in others.checks.items():
            self.checks[name] = check
            self.plain.pop(name, None)
            self.named.pop(name, None)
        self.plain |= others.plain
        self.named |= others.named


class Compiler:
    """Compiles the schemas of one Interface.

    Attributes:
        schemas: The complex schemas of the Interface, by DTMI; standard ones are known anyway.
        metadata: Whether objects and maps may hold a `$metadata` member that the model does not
            know.
    """

    def __init__(self, schemas: Mapping[str, Schema], *, metadata: bool) -> None:
        self.schemas, self.metadata = schemas, metadata
        self._checks: dict[str, Check] = {}
        self._compiling: set[str] = set()

    def check(self, dtmi: str) -> Check:
        """The check of a schema.

        Raises:
            KeyError: There is no schema of this DTMI.
        """
        if dtmi in self._checks:
            return self._checks[dtmi]
        if dtmi in self._compiling:
            return self._late(dtmi)
        term = standard.primitive(dtmi)
        if term is not None:
            self._checks[dtmi] = _primitive(term, dtmi)
            return self._checks[dtmi]
        schema = standard.SCHEMAS[dtmi] if dtmi in standard.SCHEMAS else self.schemas[dtmi]
        self._compiling.add(dtmi)
        self._checks[dtmi] = self._compile(schema)
        self._compiling.discard(dtmi)
        return self._checks[dtmi]

    def _late(self, dtmi: str) -> Check:
        """The check of a schema that is being compiled, for use inside itself."""

        def check(value: object) -> list[Problem] | None:
            return self._checks[dtmi](value)

        return check

    def _compile(self, schema: Schema) -> Check:
        match schema:
            case Array():
                return _array(self.check(schema.element), plain_type(schema.element), schema.dtmi)
            case Enum():
                return _enum(schema)
            case Map():
                return _map(self.check(schema.value), schema, self._ignored)
            case Object():
                fields = Members()
                for field in schema.fields:
                    fields.add(field.name, field.schema, self.check(field.schema))
                return _object(fields, schema.dtmi, self._ignored)

    @property
    def _ignored(self) -> str | None:
        return METADATA if self.metadata else None


def gather(problems: list[Problem] | None, found: list[Problem], key: str | int) -> list[Problem]:
    """The problems so far and those found in the member `key`, now placed in the whole value."""
    for problem in found:
        problem.path.append(key)
    if problems is None:
        return found
    problems.extend(found)
    return problems


def wrong_type(expected: str, value: object, dtmi: str) -> list[Problem]:
    """The problem that a value is not of the JSON type asked for."""
    return [
        Problem(
            "value.type", f"The value must be {expected}, not {_shown(value)}; correct it.", dtmi
        )
    ]


def _shown(value: object) -> str:
    names = {None: "null", True: "true", False: "false"}
    return names[value] if value is None or isinstance(value, bool) else quoted(value)


def _primitive(term: str, dtmi: str) -> Check:
    accepts = values.PRIMITIVES[term].accepts

    def check(value: object) -> list[Problem] | None:
        if accepts(value):
            return None
        code, advice = values.failure(term, value)
        return [
            Problem(code, f"The value must be {advice}, not {_shown(value)}; correct it.", dtmi)
        ]

    return check


def _array(item_check: Check, plain: type | None, dtmi: str) -> Check:
    def check(value: object) -> list[Problem] | None:
        if not isinstance(value, list):
            return wrong_type("an array", value, dtmi)
        problems: list[Problem] | None = None
        for index, item in enumerate(value):
            found = None if item.__class__ is plain else item_check(item)
            if found is not None:
                problems = gather(problems, found, index)
        return problems

    return check


def _enum(schema: Enum) -> Check:
    allowed = frozenset((type(item.value), item.value) for item in schema.values)
    choice = ", ".join(quoted(item.value) for item in schema.values[:10])
    choice += ", ..." if len(schema.values) > 10 else ""

    def check(value: object) -> list[Problem] | None:
        kind = type(value)
        if (kind is str or kind is int) and (kind, value) in allowed:
            return None
        message = (
            f"The value must be one of {choice or 'no values at all'}, not {_shown(value)}; "
            "choose one."
        )
        return [Problem("value.enum", message, schema.dtmi)]

    return check


def _map(member_check: Check, schema: Map, ignored: str | None) -> Check:
    plain = plain_type(schema.value)

    def check(value: object) -> list[Problem] | None:
        if not isinstance(value, dict):
            return wrong_type("an object", value, schema.dtmi)
        problems: list[Problem] | None = None
        for key, item in value.items():
            if item.__class__ is plain or key == ignored:
                continue
            found = member_check(item)
            if found is not None:
                problems = gather(problems, found, key)
        return problems

    return check


def _object(fields: Members, dtmi: str, ignored: str | None) -> Check:
    checks, plain = fields.checks, fields.plain

    def check(value: object) -> list[Problem] | None:
        if not isinstance(value, dict):
            return wrong_type("an object", value, dtmi)
        problems: list[Problem] | None = None
        for key, item in value.items():
            if plain.get(key) is item.__class__:
                continue
            field = checks.get(key)
            if field is not None:
                found = field(item)
            elif key == ignored:
                continue
            else:
                message = f"The object has no field {quoted(key)}; remove or rename it."
                found = [Problem("value.unknown", message, dtmi)]
            if found is not None:
                problems = gather(problems, found, key)
        return problems

    return check
