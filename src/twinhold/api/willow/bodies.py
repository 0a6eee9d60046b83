"""Reading bodies whose member names count in any case, as the vendor's service reads them.

Only the API's own names are folded; what a twin holds keeps the case of its model.
"""

from typing import Any, TypeVar

import msgspec

from twinhold.api.kit.decode import convert
from twinhold.registry import documents
from twinhold.registry.errors import InvalidValueError, quoted

T = TypeVar("T")


def read(body: bytes, type_: type[T]) -> T:
    """The value in a body; null members count as absent, unknown ones are ignored.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: it is not of the type, or names a member twice in different case.
    """
    return convert(fold(documents.parse_object(body), type_, ""), type_)


def fold(value: Any, type_: Any, pointer: str) -> Any:
    """A decoded value with the names of its members as the type spells them."""
    kinds = _structs(type_)
    if isinstance(value, list) and kinds:
        return [fold(item, type_, f"{pointer}/{number}") for number, item in enumerate(value)]
    if not isinstance(value, dict) or not kinds:
        return value
    fields = {field.encode_name.lower(): field for field in msgspec.structs.fields(kinds[0])}
    folded: dict[str, Any] = {}
    for name, member in value.items():
        field = fields.get(name.lower())
        if field is None or member is None:
            continue
        if field.encode_name in folded:
            message = f"The member {quoted(name)} occurs twice in different case."
            raise InvalidValueError(message, f"{pointer}/{documents.escape(name)}")
        place = f"{pointer}/{field.encode_name}"
        folded[field.encode_name] = fold(member, field.type, place)
    return folded


def _structs(type_: Any) -> list[type[msgspec.Struct]]:
    """The struct that a type is, or has as an item or alternative; none for other types."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    return [found for part in getattr(type_, "__args__", ()) for found in _structs(part)]
