"""What an @type says: the class of an element and its co-types.

Also the policy for terms that no active context defines: v2 tolerates most, v3 and v4 only where an
unknown but allowed context is active, to which the term may belong. Source: DTDL v2-v4, "@type"
rules of each class.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from twinhold.dtdl.contexts import Scope
from twinhold.dtdl.dtmi import is_dtmi
from twinhold.dtdl.extensions import COTYPES, Cotype
from twinhold.dtdl.metamodel import CLASSES
from twinhold.dtdl.violations import Place, Report, quoted
from twinhold.dtdl.vocabulary import CLASS_NAMES


class Typing(msgspec.Struct, frozen=True):
    """What an @type says; `undefined` is whether it has a co-type that no known context defines."""

    kind: str
    cotypes: tuple[Cotype, ...]
    undefined: bool


class Apocryphon(Enum):
    """The ways in which a text can fail to name something known at its place."""

    UNDEFINED_TERM = "undefined term"
    IRRELEVANT = "known term or DTMI in the wrong place"
    INVALID_DTMI = "invalid DTMI"
    NOT_DTMI = "neither DTMI nor term"


def classify(text: str, scope: Scope) -> Apocryphon:
    """In which way `text` fails to be known here."""
    if ":" not in text:
        return Apocryphon.IRRELEVANT if text in scope.terms else Apocryphon.UNDEFINED_TERM
    if not text.startswith("dtmi:"):
        return Apocryphon.NOT_DTMI
    return Apocryphon.IRRELEVANT if is_dtmi(text) else Apocryphon.INVALID_DTMI


def allows_cotype(text: str, scope: Scope) -> bool:
    """Whether the unknown `text` may stand in an @type."""
    way = classify(text, scope)
    if scope.version == 2 and way in {Apocryphon.UNDEFINED_TERM, Apocryphon.NOT_DTMI}:
        return True
    return scope.incomplete and way in {Apocryphon.UNDEFINED_TERM, Apocryphon.IRRELEVANT}


def allows_property(text: str, scope: Scope) -> bool:
    """Whether the unknown `text` may be a property of an element that has an undefined co-type."""
    if scope.version == 2:
        return True
    return scope.incomplete and classify(text, scope) in {
        Apocryphon.UNDEFINED_TERM,
        Apocryphon.IRRELEVANT,
    }


def read(value: object, scope: Scope, place: Place, report: Report) -> Typing | None:
    """The class and co-types in an @type; None, having reported, unless there is one class."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        report.add(
            "dtdl.type_invalid",
            place,
            "The @type must be a string or an array of strings; correct it.",
        )
        return None
    kinds: dict[str, None] = {}
    cotypes: dict[str, Cotype] = {}
    undefined = False
    for text in texts:
        dtmi = scope.resolve(text) or ""
        kind = CLASS_NAMES.get(dtmi)
        if kind is not None and dtmi.endswith(f";{scope.version}"):
            kinds[kind] = None
        elif dtmi in COTYPES:
            cotypes[dtmi] = COTYPES[dtmi]
        elif allows_cotype(text, scope):
            undefined = True
        else:
            message = (
                f"The co-type {quoted(text)} is not defined here; remove it or add the "
                "@context that defines it."
            )
            report.add("dtdl.cotype_unknown", place, message)
    if not _is_one_class(list(kinds), scope, place, report):
        return None
    return Typing(next(iter(kinds)), tuple(cotypes.values()), undefined)


def _is_one_class(kinds: list[str], scope: Scope, place: Place, report: Report) -> bool:
    if len(kinds) == 1 and kinds[0] in CLASSES[scope.version]:
        return True
    if not kinds:
        message = "The @type names no class of DTDL; add one such as 'Property'."
    elif len(kinds) > 1:
        message = f"The @type names several classes ({', '.join(kinds)}); keep one."
    else:
        message = (
            f"The class {kinds[0]} cannot be used as @type; use a class that is not abstract "
            "or predefined."
        )
    report.add("dtdl.type_invalid", place, message)
    return False


def check_cotypes(typing: Typing, version: int, place: Place, report: Report) -> None:
    """Report co-types that do not fit the class, the version or each other."""
    names = {cotype.name for cotype in typing.cotypes}
    dtmis = {cotype.dtmi for cotype in typing.cotypes}
    for cotype in typing.cotypes:
        message = _misfit(cotype, typing.kind, version, names)
        missing = [name for name in cotype.needs if name not in names]
        if message is None and missing:
            message = f"The co-type {cotype.name} needs the co-type {missing[0]} beside it; add it."
        if message is None and dtmis & set(cotype.excludes):
            message = (
                f"The co-type {cotype.name} cannot stand beside another one in this @type; "
                "remove one of them."
            )
        if message is not None:
            report.add("dtdl.cotype_invalid", place, message)
    if sum(cotype.semantic for cotype in typing.cotypes) > 1:
        report.add(
            "dtdl.cotype_invalid",
            place,
            "An element can have only one semantic type; remove the others.",
        )


def _misfit(cotype: Cotype, kind: str, version: int, names: set[str]) -> str | None:
    """Why a co-type cannot be used on a class in a version, as a sentence."""
    if cotype.abstract:
        return f"The co-type {cotype.name} is abstract; use one that derives from it."
    kinds = cotype.kinds | cotype.instead_kinds if cotype.instead in names else cotype.kinds
    if kind not in kinds:
        return f"The co-type {cotype.name} cannot be used on {kind}; remove it."
    if version not in cotype.versions:
        return (
            f"The co-type {cotype.name} cannot be used in DTDL v{version}; use another version "
            "of its extension."
        )
    return None
