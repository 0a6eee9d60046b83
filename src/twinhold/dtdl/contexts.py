"""What an @context says: the DTDL version, the terms and the limits in force at an element.

Contexts merge down the document: an element adds its own @context to that of the object around it,
and of two contexts that differ only in version the later one wins. Contexts are read by the rules
of DTDL alone; nothing is ever fetched and local term definitions are refused. Source: DTDL v2-v4,
"Digital Twin Modeling Identifier" and "Context"; the order rules of v4 limits.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

import msgspec

from twinhold.dtdl.dtmi import RESERVED_PREFIXES
from twinhold.dtdl.limits import CORE, EXTENSIONS, Limits
from twinhold.dtdl.violations import Place, Report, quoted
from twinhold.dtdl.vocabulary import CONTEXTS

CORE_FAMILY = "dtmi:dtdl:context"
_FIRST_ALLOWED = (
    "dtmi:iotcentral:context;2"  # the only context that may stand before the DTDL context, in v2
)
_PARTNERS = {
    "dtmi:iotcentral:context;2": "dtmi:iotcentral:",
    "dtmi:iotoperations:context;4": "dtmi:iotoperations:",
}
_SEGMENT = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_SPECIFIER = re.compile(
    rf"(dtmi:{_SEGMENT}(?::{_SEGMENT})*)"
    r"(?:;([1-9][0-9]{0,8})(\.[1-9][0-9]{0,5})?)?(#[A-Za-z0-9_]*)?"
)


class Undefined(Enum):
    """What happens to extensions that this package does not know.

    `ALLOW` and `REFUSE` hold for all versions; `BY_VERSION` allows them in v2 and refuses them
    later.
    """

    ALLOW = "always"
    REFUSE = "never"
    BY_VERSION = "default"

    def allows(self, version: int) -> bool:
        """Whether an unknown context is accepted in a document of `version`."""
        return self is Undefined.ALLOW or (self is Undefined.BY_VERSION and version == 2)


class Scope(msgspec.Struct, frozen=True, eq=False):
    """What is in force at an element.

    Attributes:
        version: DTDL version.
        terms: Term to DTMI, of all active contexts.
        limits: Limits that the element is measured by.
        contexts: Active contexts by their versionless DTMI.
        reserved: Prefixes that an @id must not have.
        incomplete: Whether an unknown but allowed context is active, so that a term may belong to
            it.
    """

    version: int
    terms: dict[str, str]
    limits: Limits
    contexts: dict[str, str]
    reserved: tuple[str, ...] = RESERVED_PREFIXES
    incomplete: bool = False

    def resolve(self, text: str) -> str | None:
        """The DTMI that a term stands for; a DTMI stands for itself; None for an unknown term."""
        return text if text.startswith("dtmi:") else self.terms.get(text)


class ContextReader:
    """Turns @context values into scopes; equal values below equal scopes share one."""

    def __init__(
        self, report: Report, undefined: Undefined, limits: tuple[str, ...], max_version: int
    ) -> None:
        self.report, self.undefined, self.limits, self.max_version = (
            report,
            undefined,
            limits,
            max_version,
        )
        self._known: dict[tuple[Scope | None, tuple[str, ...]], Scope | None] = {}

    def read(self, value: object, around: Scope | None, place: Place) -> Scope | None:
        """The scope that the @context `value` makes inside the scope `around` (None at top level).

        Returns None, having reported, where nothing below the element could be understood.
        """
        specifiers = [value] if isinstance(value, str) else value
        if not isinstance(specifiers, list) or not all(
            isinstance(item, str) for item in specifiers
        ):
            self._refuse(
                place,
                "The @context must be a string or an array of strings; local terms cannot "
                "be defined.",
            )
            return None
        key = (around, tuple(specifiers))
        if key not in self._known:
            before = len(self.report.violations)
            scope = self._merge(specifiers, around, place)
            if len(self.report.violations) > before:
                return scope  # not shared: every such @context shall report
            self._known[key] = scope
        return self._known[key]

    def _merge(self, specifiers: list[str], around: Scope | None, place: Place) -> Scope | None:
        merge = _Merge(self, around, place)
        if around is None and not merge.starts_with_core(specifiers):
            self._refuse(
                place,
                "The first @context must be a DTDL context such as 'dtmi:dtdl:context;3'; "
                "put it first.",
            )
            return None
        for position, specifier in enumerate(specifiers):
            merge.add(specifier, first=position == 0)
        merge.finish()
        return merge.scope()

    def _refuse(self, place: Place, message: str) -> None:
        self.report.add("dtdl.context_invalid", place, message)


@lru_cache(maxsize=256)
def _terms(contexts: tuple[str, ...]) -> dict[str, str]:
    """All terms of some contexts; shared, so that many scopes with the same terms cost little."""
    terms: dict[str, str] = {}
    for context in contexts:
        terms |= CONTEXTS[context]
    return terms


class _Merge:
    """One @context being read, specifier by specifier."""

    def __init__(self, reader: ContextReader, around: Scope | None, place: Place) -> None:
        self.reader, self.place = reader, place
        self.version = around.version if around else 0
        self.contexts = dict(around.contexts) if around else {}
        self.limits = around.limits if around else CORE[2]
        self.incomplete = around.incomplete if around else False
        self.preceded = False  # by the one context that may stand before a DTDL v2 context
        self.limitless = False  # a limits context must come next
        self.foreign = ""  # an extension context that stood before

    def starts_with_core(self, specifiers: list[str]) -> bool:
        """Whether the first context, or the first after the one exception, is a DTDL context."""
        rest = specifiers[1:] if specifiers[:1] == [_FIRST_ALLOWED] else specifiers
        return bool(rest) and (
            rest[0] == CORE_FAMILY or rest[0].startswith((f"{CORE_FAMILY};", f"{CORE_FAMILY}#"))
        )

    def add(self, specifier: str, *, first: bool) -> None:
        """Read the next context of the array."""
        match = _SPECIFIER.fullmatch(specifier)
        if match is None:
            self.refuse(
                f"The @context {quoted(specifier)} is not a DTMI; write dtmi:<segments>;<version>."
            )
            return
        family, major, minor, fragment = match.groups()
        if major is None:
            self.refuse(f"The @context {quoted(specifier)} has no version; add one such as ';1'.")
        elif family == CORE_FAMILY:
            self.core(specifier, major + (minor or ""), (fragment or "")[1:])
        elif fragment is not None:
            self.refuse(f"The @context {quoted(specifier)} must not have a fragment; remove it.")
        else:
            if first and specifier == _FIRST_ALLOWED:
                self.preceded = True
            else:
                self.foreign = specifier
            self.extension(specifier, family, minor)

    def core(self, specifier: str, number: str, fragment: str) -> None:
        """A DTDL context, in v4 perhaps with `#limitless` or `#limits`."""
        if number not in {"2", "3", "4"}:
            self.refuse(f"The @context {quoted(specifier)} names no DTDL version; use 2, 3 or 4.")
            return
        version = int(number)
        if version > self.reader.max_version:
            self.refuse(
                f"DTDL version {version} is not accepted here; use "
                f"{self.reader.max_version} or lower."
            )
        if self.foreign or (self.preceded and version != 2):
            self.refuse(
                f"The @context {quoted(specifier)} must come before extension contexts; "
                "move it to the front."
            )
        if fragment and (version < 4 or fragment not in {"limitless", "limits"}):
            self.refuse(
                f"The @context {quoted(specifier)} has a fragment that does not exist; remove it."
            )
        elif self.limitless and fragment == "limitless":
            self.refuse("The @context '#limitless' must be followed by a limits context; add one.")
        elif fragment == "limits" and not self.limitless:
            self.refuse("The @context '#limits' must directly follow '#limitless'; move it.")
        self.version, self.limits = version, CORE[version]
        self.limitless = fragment == "limitless"
        self.contexts[CORE_FAMILY] = f"{CORE_FAMILY};{version}"

    def extension(self, specifier: str, family: str, minor: str | None) -> None:
        """A context that is not the DTDL context: limits, a known extension, or an unknown one."""
        if specifier in EXTENSIONS:
            self.extension_limits(specifier, family)
            return
        if self.limitless:
            self.refuse("The @context '#limitless' must be followed by a limits context; add one.")
            self.limitless = False
        if minor is not None and self.version == 2:
            self.refuse(
                f"The @context {quoted(specifier)} must not have a minor version in DTDL "
                "v2; remove it."
            )
        elif specifier in CONTEXTS:
            self.contexts[family] = specifier
        elif self.reader.undefined.allows(self.version):
            self.incomplete = True
        else:
            message = (
                f"The @context {quoted(specifier)} is not known; remove it or allow undefined "
                "extensions."
            )
            self.reader.report.add("dtdl.context_unknown", self.place, message)

    def extension_limits(self, specifier: str, family: str) -> None:
        """A context that replaces the limits of the language, where the options accept it."""
        if not self.limitless:
            self.refuse(
                f"The @context {quoted(specifier)} must directly follow '#limitless'; move it."
            )
        elif not {specifier, family} & set(self.reader.limits):
            self.refuse(
                f"The limits {quoted(specifier)} are not accepted here; use those of the language."
            )
        self.limitless = False
        self.limits = EXTENSIONS[specifier]

    def finish(self) -> None:
        """The end of the array."""
        if self.limitless:
            self.refuse("The @context '#limitless' must be followed by a limits context; add one.")

    def scope(self) -> Scope | None:
        """What was read; None when no DTDL version is known."""
        if not self.version:
            return None
        terms = _terms(tuple(self.contexts.values()))
        partners = tuple(
            prefix for context, prefix in _PARTNERS.items() if context in self.contexts.values()
        )
        return Scope(
            self.version,
            terms,
            self.limits,
            self.contexts,
            RESERVED_PREFIXES + partners,
            self.incomplete,
        )

    def refuse(self, message: str) -> None:
        """Report an invalid context."""
        self.reader.report.add("dtdl.context_invalid", self.place, message)
