"""What is wrong with a model or a value, as data.

Every check of this package reports a `Violation`: a stable code for programs, a sentence for
people, and the place as the element's DTMI and a JSON pointer. `CODES` is the whole catalogue;
nothing else is ever reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

CODES: dict[str, str] = {
    "dtdl.annotation_invalid": "A value annotation or override does not fit the sibling it names.",
    "dtdl.context_invalid": "An @context is missing, malformed, misplaced or of a wrong version.",
    "dtdl.context_unknown": (
        "An @context names an extension that is unknown and not allowed by policy."
    ),
    "dtdl.cotype_constraint": (
        "A co-type asks something of the element, its parent or siblings that does not hold."
    ),
    "dtdl.cotype_invalid": (
        "A co-type cannot be used on this class, in this version or beside another co-type."
    ),
    "dtdl.cotype_unknown": "A co-type is not defined in the active contexts.",
    "dtdl.depth_exceeded": "Schemas, extends or the document nest deeper than the version allows.",
    "dtdl.document_invalid": "A document is neither an Interface object nor an array of them.",
    "dtdl.enum_value_invalid": "An enum value is not of the type that valueSchema asks for.",
    "dtdl.excluded_type": "An element contains a kind of element that must not occur inside it.",
    "dtdl.id_duplicate": "Two elements have the same @id.",
    "dtdl.id_invalid": "An @id is not a string that follows the DTMI syntax of the version.",
    "dtdl.id_missing": "An element that needs an @id has none.",
    "dtdl.id_reserved": "A DTMI starts with a prefix that is reserved for the language.",
    "dtdl.id_too_long": "An @id is longer than the version allows.",
    "dtdl.keyword_disallowed": "A JSON-LD keyword is not allowed at this place.",
    "dtdl.language_invalid": (
        "A language string is malformed, repeats a language or has an invalid language code."
    ),
    "dtdl.name_duplicate": "Two elements of one container have the same name, value or index.",
    "dtdl.name_invalid": "A name does not follow the pattern for names.",
    "dtdl.property_missing": "A required property is missing or empty.",
    "dtdl.property_repeated": "A property is given twice, once as a term and once as a DTMI.",
    "dtdl.property_unknown": "A property is not defined for the class and co-types of its element.",
    "dtdl.recursive": "An element reaches itself.",
    "dtdl.reference_invalid": (
        "A value that must be a term, a DTMI or an element is something else."
    ),
    "dtdl.reference_outside": (
        "A reference leads to an element that is only visible inside another Interface."
    ),
    "dtdl.reference_unresolved": "A DTMI is not defined in the set and no resolver supplied it.",
    "dtdl.too_large": "The JSON text of an Interface is too large.",
    "dtdl.too_many": "There are more values or elements than allowed.",
    "dtdl.type_invalid": "An @type is malformed or does not name exactly one class.",
    "dtdl.type_mismatch": "An element or reference is not of a class allowed at this place.",
    "dtdl.type_missing": "An element has no @type.",
    "dtdl.value_invalid": "A literal has the wrong type, pattern, length or range.",
    "dtdl.version_mismatch": "An element of this DTDL version is not allowed at this place.",
    "file.not_json": "A file cannot be read as JSON.",
    "file.not_found": "A path does not exist or holds no model file.",
    "value.enum": "A value is not one of the values of its Enum.",
    "value.format": "A string does not have the format that its schema asks for.",
    "value.json": "A text is not JSON.",
    "value.range": "A number is outside the range of its schema.",
    "value.relationship": "A relationship is given inside the contents of a twin.",
    "value.too_deep": "A value nests too deep to be checked.",
    "value.type": "A value is not of the JSON type that its schema asks for.",
    "value.unknown": "A property, component or field is not defined by the model.",
}


class Violation(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        code: Stable dotted code, a key of `CODES`.
        message: One sentence that says what is wrong and what to do.
        dtmi: The element concerned; empty where none is known.
        pointer: JSON pointer (RFC 6901) into the document or value.
        document: Index of the document; those supplied by a resolver follow those passed to
            `parse`.
    """

    code: str
    message: str
    dtmi: str = ""
    pointer: str = ""
    document: int = 0


class InvalidModelError(ValueError):
    """The documents are no valid model set; `violations` holds all findings in document order."""

    def __init__(self, violations: Sequence[Violation], unresolved: Iterable[str] = ()) -> None:
        self.violations = tuple(violations)
        self.unresolved = tuple(unresolved)
        first = self.violations[0]
        more = len(self.violations) - 1
        super().__init__(
            f"{first.message} ({first.code} at {first.pointer or '/'})"
            + (f" and {more} more" if more else "")
        )


class Place(msgspec.Struct, frozen=True):
    """Where the reader is: a document, a JSON pointer into it, and the element there."""

    document: int
    pointer: str
    dtmi: str

    def at(self, *keys: str | int) -> Place:
        """The place of a member or item below this one, still owned by the same element."""
        return Place(
            self.document, self.pointer + "".join(f"/{escape(key)}" for key in keys), self.dtmi
        )

    def owned_by(self, dtmi: str) -> Place:
        """The same place, owned by the element `dtmi`."""
        return Place(self.document, self.pointer, dtmi)


class Report:
    """Collects violations; a check goes on after reporting, so that all of them are found."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def add(self, code: str, place: Place, message: str) -> None:
        """Report one violation at `place`."""
        self.violations.append(Violation(code, message, place.dtmi, place.pointer, place.document))


def escape(key: str | int) -> str:
    """One reference token of a JSON pointer (RFC 6901, section 3).

    What is no Unicode text (a lone surrogate) becomes a backslash escape, so that it can be sent.
    """
    text = str(key)
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


def quoted(value: object) -> str:
    """A value as shown in a message: its repr, cut at 80 characters."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, str):
        text = repr(value[:100])
    else:
        text = _number(value) if isinstance(value, int) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _number(value: int) -> str:
    """The digits of an integer, unless there are so many that Python refuses to print them."""
    return repr(value) if value.bit_length() < 1024 else "a very large number"
