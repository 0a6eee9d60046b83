"""Checks model files as one set, as a compiler checks sources: findings have line and column.

This is what stands behind a command such as `twinhold models validate PATH...`; nothing is printed
here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from twinhold.dtdl.models import ModelSet
from twinhold.dtdl.parser import Options, Resolver, parse
from twinhold.dtdl.positions import Positions
from twinhold.dtdl.violations import InvalidModelError, Violation

SUFFIXES = (".json", ".jsonld")


class Finding(msgspec.Struct, frozen=True):
    """A violation and where it is in which file; lines and columns count from 1."""

    path: Path
    line: int
    column: int
    violation: Violation

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}"
        return f"{place}: {self.violation.code}: {self.violation.message}"


class Checked(msgspec.Struct, frozen=True):
    """The outcome of a check.

    Attributes:
        findings: What is wrong, by file in the order given and by line.
        files: The files that were read as models.
        skipped: JSON files found in folders that hold no models.
        models: The model set; None when there are findings.
    """

    findings: tuple[Finding, ...]
    files: tuple[Path, ...]
    skipped: tuple[Path, ...]
    models: ModelSet | None


def validate_files(
    paths: Iterable[str | Path],
    resolver: Resolver | None = None,
    options: Options | None = None,
) -> Checked:
    """Check model files, and all `.json` and `.jsonld` files in folders, as one set.

    A UTF-8 byte order mark is tolerated. In folders, JSON files without any model in them are
    skipped; a file that is named must hold models.
    """
    source = _Source()
    for path in map(Path, paths):
        source.add(path)
    try:
        models = parse(source.documents, resolver, options)
    except InvalidModelError as error:
        source.locate(error.violations)
        models = None
    if source.findings:
        models = None
    order = {path: number for number, path in enumerate(source.files)}
    findings = sorted(source.findings, key=lambda found: (order.get(found.path, -1), found.line))
    return Checked(tuple(findings), tuple(source.files), tuple(source.skipped), models)


class _Source:
    """The files of one check, each of which is one document."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.files: list[Path] = []
        self.skipped: list[Path] = []
        self.documents: list[object] = []
        self._texts: list[str] = []

    def add(self, path: Path) -> None:
        """Read a file, or all model files of a folder."""
        if not path.is_dir():
            self._read(path, named=True)
            return
        before = len(self.files) + len(self.findings)
        for file in sorted(_json_files(path)):
            self._read(file, named=False)
        if len(self.files) + len(self.findings) == before:
            self._fail(path, "file.not_found", "The folder holds no model file; name another.")

    def _read(self, path: Path, *, named: bool) -> None:
        try:
            text = path.read_text(encoding="utf-8-sig")
            document = json.loads(text)
        except json.JSONDecodeError as error:
            message = f"The file is not JSON: {error.msg}; correct it."
            self._fail(path, "file.not_json", message, (error.lineno, error.colno))
        except (UnicodeDecodeError, RecursionError, ValueError):
            self._fail(path, "file.not_json", "The file is not JSON in UTF-8; correct it.")
        except OSError as error:
            self._fail(path, "file.not_found", f"The file cannot be read: {error.strerror}.")
        else:
            if named or _has_models(document):
                self.files.append(path)
                self.documents.append(document)
                self._texts.append(text)
            else:
                self.skipped.append(path)

    def _fail(self, path: Path, code: str, message: str, place: tuple[int, int] = (1, 1)) -> None:
        self.findings.append(Finding(path, *place, Violation(code, message)))

    def locate(self, violations: Sequence[Violation]) -> None:
        """Note violations with their places; those of resolved documents have none in a file."""
        positions: dict[int, Positions] = {}
        for violation in violations:
            number = violation.document
            if number >= len(self.files):
                name = violation.dtmi or "resolved document"
                self.findings.append(Finding(Path(name), 1, 1, violation))
                continue
            if number not in positions:
                positions[number] = Positions(self._texts[number])
            line, column = positions[number].find(violation.pointer)
            self.findings.append(Finding(self.files[number], line, column, violation))


def _json_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def _has_models(document: object) -> bool:
    """Whether any top-level object looks like an element of a model."""
    items = document if isinstance(document, list) else [document]
    return any(
        isinstance(item, dict) and {"@id", "@type", "@context"} & set(item) for item in items
    )
