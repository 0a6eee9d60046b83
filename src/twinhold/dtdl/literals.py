"""Literal values of properties: strings, booleans, numbers, durations and language strings.

A literal may be written plainly, as a JSON-LD value object (`{"@value": 3, "@type":
"xsd:integer"}`) or as an array of one of these. Source: DTDL v2-v4, "Representational" and
"Localizable string" rules.
"""

from __future__ import annotations

import re

from twinhold.dtdl.limits import Limits
from twinhold.dtdl.metamodel import Form, PropertyRule
from twinhold.dtdl.values import conforms, is_unicode
from twinhold.dtdl.violations import Place, Report, quoted

Literal = bool | int | float | str

_XSD = "http://www.w3.org/2001/XMLSchema#"
_VALUE_TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int}
_ALLOWED_TYPES = {
    prefix + name: kind for prefix in ("xsd:", _XSD) for name, kind in _VALUE_TYPES.items()
}
_LANGUAGE = re.compile(r"[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_ALWAYS_REFUSED = frozenset({"@id", "@context", "@graph"})
_DEFAULT_LANGUAGE = "en"
_LIMIT_NAMES = {
    "name": "name",
    "comment": "comment",
    "description": "description",
    "displayName": "display_name",
}


class LiteralReader:
    """Reads the literals of one element."""

    def __init__(self, report: Report, version: int, limits: Limits) -> None:
        self.report, self.version, self.limits = report, version, limits

    def read(self, value: object, rule: PropertyRule, place: Place) -> Literal | None:
        """The single literal in `value`; None, having reported if need be, where there is none."""
        items = value if isinstance(value, list) else [value]
        if not items:
            if rule.required:
                self._missing(rule, place)
            return None
        if len(items) > 1:
            self.report.add(
                "dtdl.too_many",
                place,
                f"Property '{rule.name}' must have one value; remove the others.",
            )
            return None
        item: object = items[0]
        place = place.at(0) if isinstance(value, list) else place
        if isinstance(item, dict):
            item = self._value_object(item, rule, place)
            if item is None:
                return None
        return self._checked(item, rule, place)

    def language(self, value: object, rule: PropertyRule, place: Place) -> dict[str, str]:
        """A language string as language code to text; a text without language is English."""
        texts: dict[str, str] = {}
        if isinstance(value, str):
            self._tag(texts, _DEFAULT_LANGUAGE, value, place)
        elif isinstance(value, dict):
            for code, text in value.items():
                self._tag(texts, code, text, place.at(str(code)))
        elif isinstance(value, list):
            self._tagged_array(texts, value, place)
        else:
            self._bad_language(
                place,
                "A language string must be a string, an object or an array of them; correct it.",
            )
        longest = getattr(self.limits, _LIMIT_NAMES[rule.name])
        for code, text in texts.items():
            if len(text) > longest:
                message = (
                    f"The '{code}' text of '{rule.name}' has {len(text)} characters; shorten "
                    f"it to {longest}."
                )
                self.report.add("dtdl.value_invalid", place, message)
        return texts

    def _missing(self, rule: PropertyRule, place: Place) -> None:
        self.report.add(
            "dtdl.property_missing", place, f"Property '{rule.name}' must have a value; add one."
        )

    def _invalid(self, place: Place, message: str) -> None:
        self.report.add("dtdl.value_invalid", place, message)

    # Value objects

    def _value_object(
        self, value: dict[object, object], rule: PropertyRule, place: Place
    ) -> object:
        """The value inside a JSON-LD value object; None, having reported, where it is malformed."""
        good = True
        for key in value:
            if key in {"@value", "@type"} or self._tolerated(key):
                continue
            good = False
            self._invalid(
                place.at(str(key)),
                f"A value object must not have a member {quoted(key)}; remove it.",
            )
        if value.get("@value") is None:
            self._invalid(place, f"The value object of '{rule.name}' has no @value; add it.")
            return None
        kind, inner = _value_type(value.get("@type")), value["@value"]
        if "@type" in value and kind is None:
            self._invalid(
                place,
                "The @type of a value object must be xsd:string, xsd:boolean or "
                "xsd:integer; correct it.",
            )
            return None
        if kind is not None and type(inner) is not kind:
            self._invalid(
                place,
                f"The @value {quoted(inner)} is not of the @type beside it; correct one of them.",
            )
            return None
        return inner if good else None

    def _tolerated(self, key: object) -> bool:
        """Whether v2 accepts and ignores a further keyword in a value object."""
        return (
            self.version == 2
            and isinstance(key, str)
            and key.startswith("@")
            and key not in _ALWAYS_REFUSED
        )

    # Plain literals

    def _checked(self, item: object, rule: PropertyRule, place: Place) -> Literal | None:
        """The literal when it has the form and range of its rule."""
        if not _has_form(item, rule.form):
            self._invalid(
                place,
                f"Property '{rule.name}' must be a {rule.form.value}, not {quoted(item)}; "
                "correct it.",
            )
            return None
        if isinstance(item, str):
            self._check_text(item, rule, place)
        elif isinstance(item, int) and not isinstance(item, bool):
            self._check_range(item, rule, place)
        if isinstance(item, int) and not -(1 << 63) <= item < 1 << 64:
            return float(item)  # only numbers whose schema is a double can be so large
        return item if isinstance(item, (bool, int, float, str)) else None

    def _check_text(self, text: str, rule: PropertyRule, place: Place) -> None:
        longest = rule.length or getattr(self.limits, _LIMIT_NAMES.get(rule.name, ""), None)
        if longest is not None and len(text) > longest:
            self._invalid(
                place,
                f"Property '{rule.name}' has {len(text)} characters; shorten it to {longest}.",
            )
        if rule.pattern is not None and re.fullmatch(rule.pattern, text) is None:
            if rule.name == "name":
                message = (
                    f"The name {quoted(text)} must be letters, digits and inner underscores, "
                    "letter first; rename it."
                )
                self.report.add("dtdl.name_invalid", place, message)
            else:
                self._invalid(
                    place,
                    f"Property '{rule.name}' does not allow the text {quoted(text)}; correct it.",
                )

    def _check_range(self, number: int, rule: PropertyRule, place: Place) -> None:
        if rule.minimum is not None and number < rule.minimum:
            self._invalid(
                place, f"Property '{rule.name}' must be at least {rule.minimum}; raise it."
            )
        if rule.maximum is not None and number > rule.maximum:
            self._invalid(
                place, f"Property '{rule.name}' must be at most {rule.maximum}; lower it."
            )

    # Language strings

    def _tagged_array(self, texts: dict[str, str], items: list[object], place: Place) -> None:
        defaults = 0
        for index, item in enumerate(items):
            here = place.at(index)
            if isinstance(item, str):
                defaults += 1
                self._tag(texts, _DEFAULT_LANGUAGE, item, here)
            elif isinstance(item, dict):
                defaults += "@language" not in item
                self._tagged_object(texts, item, here)
            else:
                self._bad_language(
                    here, "An item of a language array must be a string or an object; correct it."
                )
        if defaults > 1:
            self._bad_language(
                place, "Only one text may come without a language; add '@language' to the others."
            )

    def _tagged_object(
        self, texts: dict[str, str], item: dict[object, object], place: Place
    ) -> None:
        for key in item:
            if key not in {"@value", "@language"} and not self._tolerated(key):
                self._bad_language(
                    place.at(str(key)), f"A language object must not have {quoted(key)}; remove it."
                )
        if "@value" not in item:
            self._bad_language(place, "A language object must have '@value'; add it.")
            return
        self._tag(texts, item.get("@language", _DEFAULT_LANGUAGE), item["@value"], place)

    def _tag(self, texts: dict[str, str], code: object, text: object, place: Place) -> None:
        """Add one text in one language."""
        if not isinstance(code, str) or _LANGUAGE.fullmatch(code) is None:
            self._bad_language(
                place, f"{quoted(code)} is not a language code; write one such as 'en' or 'pt-BR'."
            )
        elif not isinstance(text, str) or not is_unicode(text):
            self._bad_language(
                place, f"The '{code}' text must be a string, not {quoted(text)}; correct it."
            )
        elif code in texts:
            self._bad_language(place, f"There are two texts for the language '{code}'; remove one.")
        else:
            texts[code] = text

    def _bad_language(self, place: Place, message: str) -> None:
        self.report.add("dtdl.language_invalid", place, message)


def _value_type(value: object) -> type | None:
    """The Python type that the @type of a value object names, alone or in an array."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _ALLOWED_TYPES.get(value) if isinstance(value, str) else None


_FORM_SCHEMAS: dict[Form, tuple[str, ...]] = {
    Form.TEXT: ("string",),
    Form.BOOLEAN: ("boolean",),
    Form.INTEGER: ("integer",),
    Form.NUMBER: ("double",),
    Form.DURATION: ("duration",),
    Form.LITERAL: ("integer", "string"),
}


def _has_form(item: object, form: Form) -> bool:
    """Whether a plain JSON value is written as its form asks."""
    if isinstance(item, str) and not is_unicode(item):
        return False
    return any(conforms(term, item) for term in _FORM_SCHEMAS[form])
