"""Reading a batch of values: everything that is wrong with it is named, by item and member.

Member names count in any case. What a value holds stays the text that was sent.
"""

from typing import Any

from twinhold.registry import capabilities, documents, instants
from twinhold.registry.errors import InvalidValueError, Problems, TimeSeriesInvalidError, quoted
from twinhold.registry.time_series import Value

MOST_VALUES = 10_000
LONGEST_JSON = 4096
"""Characters of a value, and of its properties."""


def read(body: bytes) -> list[Value]:
    """The values in a body.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the body cannot be read, or holds too many.
        TimeSeriesInvalidError: items are malformed; names them all.
    """
    problems = Problems()
    values = [
        _value(f"/{number}", item, text, problems)
        for number, (item, text) in enumerate(documents.items(body, MOST_VALUES))
    ]
    if problems.count:
        raise TimeSeriesInvalidError(problems.first, problems.count)
    return [value for value in values if value is not None]


def _value(place: str, members: Any, text: str, problems: Problems) -> Value | None:
    """A value; without one, the list is given what is wrong with it."""
    if not isinstance(members, dict):
        problems.add(place, f"A value must be an object, not {documents.kind(members)}.")
        return None
    item = _Item(place, members, text)
    found: list[Any] = []
    # In the order of the attributes of `Value`.
    for part in (
        item.named_by,
        item.twin,
        item.external,
        item.connector,
        item.time,
        item.scalar,
        item.properties,
    ):
        try:
            found.append(part())
        except InvalidValueError as error:
            problems.add(error.pointer or place, error.message)
    return Value(*found) if len(found) == len(Value.__struct_fields__) else None


class _Item:
    """One item of a batch; each method answers a part of its value, or raises what is wrong."""

    def __init__(self, place: str, members: dict[str, Any], text: str) -> None:
        self._place = place
        self._members = members
        self._raw = documents.raw_members(text)
        self._names = {name.lower(): name for name in members}

    def named_by(self) -> str:
        """The pointer of the member that names the twin."""
        if len(self._names) < len(self._members):
            twice = next(name for name in self._members if self._names[name.lower()] != name)
            raise self._wrong(twice, f"The member {quoted(twice)} occurs twice in different case.")
        for name in ("dtId", "twinId", "externalId"):
            if self._get(name) is not None:
                return self._pointer(name)
        raise self._wrong("dtId", "A value needs the dtId or the externalId of its twin.")

    def twin(self) -> str | None:
        """The id of the twin."""
        one, other = self._name("dtId"), self._name("twinId")
        if one and other and one != other:
            raise self._wrong("twinId", "The dtId and the twinId must name the same twin.")
        return one or other

    def external(self) -> str | None:
        """The name of the twin outside of the registry."""
        return self._name("externalId")

    def connector(self) -> str:
        """Where the value came from."""
        name = self._name("connectorId")
        if name is None:
            raise self._wrong("connectorId", "A value needs a connectorId.")
        return name

    def time(self) -> int:
        """When the source recorded it."""
        return instants.read(self._get("sourceTimestamp"), self._pointer("sourceTimestamp"))

    def scalar(self) -> str:
        """The value itself."""
        value = self._get("scalarValue")
        if value is None or isinstance(value, list):
            kind = documents.kind(value)
            message = f"The scalarValue must be a number, boolean, string or object, not {kind}."
            raise self._wrong("scalarValue", message)
        return self._text("scalarValue")

    def properties(self) -> str | None:
        """What else was said about it."""
        value = self._get("properties")
        if value is None:
            return None
        if not isinstance(value, dict):
            message = f"The properties must be an object, not {documents.kind(value)}."
            raise self._wrong("properties", message)
        return self._text("properties")

    def _get(self, name: str) -> Any:
        """A member, or None where it is not set."""
        sent = self._names.get(name.lower())
        return None if sent is None else self._members[sent]

    def _name(self, name: str) -> str | None:
        text = self._get(name)
        if text is None or capabilities.is_name(text):
            return text
        raise self._wrong(name, f"The {name} must be a string of 1 to 512 printable characters.")

    def _text(self, name: str) -> str:
        """A member as it was sent."""
        text = bytes(self._raw[self._names[name.lower()]]).decode()
        if len(text) > LONGEST_JSON:
            raise self._wrong(name, f"The {name} is longer than {LONGEST_JSON} characters.")
        return text

    def _pointer(self, name: str) -> str:
        """Where a member is, under the name that it was sent by."""
        return f"{self._place}/{documents.escape(self._names.get(name.lower(), name))}"

    def _wrong(self, name: str, message: str) -> InvalidValueError:
        return InvalidValueError(message, self._pointer(name))
