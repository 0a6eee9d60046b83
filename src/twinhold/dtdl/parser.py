"""Parses DTDL documents into a `ModelSet`.

The way of a document: `reader` makes elements of it, missing ones are asked of the resolver,
`structure` and `constraints` check the whole, `builder` makes the values that remain. Nothing is
fetched, nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import msgspec

from twinhold.dtdl.builder import build
from twinhold.dtdl.constraints import Constraints
from twinhold.dtdl.contexts import ContextReader, Undefined
from twinhold.dtdl.elements import Element
from twinhold.dtdl.models import ModelSet
from twinhold.dtdl.reader import Reader
from twinhold.dtdl.structure import Structure, unresolved
from twinhold.dtdl.violations import InvalidModelError, Report, Violation, quoted

Resolver = Callable[[Sequence[str]], Iterable[object] | None]


class Options(msgspec.Struct, frozen=True):
    """What a parser accepts beyond the language itself.

    Attributes:
        undefined: What to do with extension contexts that are not known.
        limits: Limits extensions to accept, such as "dtmi:dtdl:limits:onvif" (all versions) or
            "dtmi:dtdl:limits:onvif;1".
        max_version: The highest DTDL version to accept.
        tolerate: Whether to accept v2 documents that write a reference as {"@id": ...}, use a
            reserved id or repeat contents without @id, as models from before the reference parser
            do.
        tolerate_resolved: The same for documents that come from the resolver.
    """

    undefined: Undefined = Undefined.BY_VERSION
    limits: tuple[str, ...] = ()
    max_version: int = 4
    tolerate: bool = False
    tolerate_resolved: bool = False


def parse(
    documents: Iterable[object], resolver: Resolver | None = None, options: Options | None = None
) -> ModelSet:
    """Parse decoded JSON documents into one model set.

    Args:
        documents: What a JSON decoder returns for each document: an Interface object or an array of
            them.
        resolver: Called with the DTMIs that are referred to but not defined; returns further
            documents, which may refer to more, or None.
        options: What to accept beyond the language itself.

    Raises:
        InvalidModelError: The documents break a rule of DTDL, or refer to something that is not
            defined. All violations are in it.
    """
    elements, structure, report, missing = _check(documents, resolver, options or Options())
    if report.violations:
        raise InvalidModelError(_in_order(report.violations), missing)
    return build(elements, structure)


def _check(
    documents: Iterable[object], resolver: Resolver | None, options: Options
) -> tuple[dict[str, Element], Structure, Report, list[str]]:
    """Read and check everything; the last value is the DTMIs that remain undefined."""
    report = Report()
    reader = Reader(
        report, ContextReader(report, options.undefined, options.limits, options.max_version)
    )
    reader.tolerant = options.tolerate
    count = 0
    for document in _each(documents):
        reader.read(document, count)
        count += 1
    if resolver is not None:
        reader.tolerant = options.tolerate_resolved
        _resolve(reader, resolver, count)
    missing = unresolved(reader.elements)
    for _, reference in missing:
        message = f"{quoted(reference.dtmi)} is not defined; add its document or correct the DTMI."
        report.add("dtdl.reference_unresolved", reference.place, message)
    structure = Structure(reader.elements, report)
    structure.check()
    Constraints(structure, report).check()
    return (
        reader.elements,
        structure,
        report,
        list(dict.fromkeys(reference.dtmi for _, reference in missing)),
    )


def _each(documents: object) -> Iterable[object]:
    """The documents; one that was passed without a list around it counts as itself."""
    single = isinstance(documents, (Mapping, str, bytes)) or not isinstance(documents, Iterable)
    return [documents] if single else cast("Iterable[object]", documents)


def _resolve(reader: Reader, resolver: Resolver, count: int) -> None:
    """Ask the resolver for what is missing until it has nothing new to say."""
    asked: set[str] = set()
    while True:
        wanted = list(dict.fromkeys(reference.dtmi for _, reference in unresolved(reader.elements)))
        wanted = [dtmi for dtmi in wanted if dtmi not in asked]
        if not wanted:
            return
        asked.update(wanted)
        for document in resolver(wanted) or ():
            reader.read(document, count)
            count += 1


def _in_order(violations: list[Violation]) -> list[Violation]:
    """By document, otherwise in the order they were found; the same finding only once."""
    return sorted(dict.fromkeys(violations), key=lambda violation: violation.document)
