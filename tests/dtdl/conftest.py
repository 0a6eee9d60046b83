"""Shared material of the model language's tests: public cases, a real ontology, small models."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twinhold import dtdl

DATA = Path(__file__).parents[3] / "shared" / "data"
EXAMPLE = Path(__file__).parents[3] / "shared" / "seeds" / "004_bfe6d898a31faba7.txt"


def _material(path: Path) -> Path:
    """A file of the test material; a test without it is skipped, except in CI, where it fails."""
    if path.exists():
        return path
    message = f"test material {path.name} is not beside the project (in ../shared)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{message}, and CI must have it")
    pytest.skip(message)


@pytest.fixture(scope="session")
def material() -> Callable[[str], Path]:
    """The path of a file of the test material, by name."""
    return lambda name: _material(DATA / name)


@pytest.fixture(scope="session")
def willow_document() -> list[dict[str, Any]]:
    """The real ontology, decoded: one array of 3,699 Interfaces."""
    loaded: list[dict[str, Any]] = json.loads(
        _material(DATA / "willow-ontology.jsonld").read_text()
    )
    return loaded


@pytest.fixture(scope="session")
def willow(willow_document: list[dict[str, Any]]) -> dtdl.ModelSet:
    """The real ontology, parsed."""
    return dtdl.parse([willow_document])


@pytest.fixture(scope="session")
def level_twin() -> dict[str, Any]:
    """The `contents` of the vendor's example twin, a Level."""
    page = _material(EXAMPLE).read_text()
    start = page.index('{"levelNumber"')
    contents: dict[str, Any] = json.JSONDecoder().raw_decode(page, start)[0]
    return contents


@pytest.fixture
def interface() -> Callable[..., dict[str, Any]]:
    """Makes an Interface document; keyword `v` is the DTDL version, the rest are members."""

    def make(name: str = "thing", v: int = 3, **members: Any) -> dict[str, Any]:
        members = {key.replace("at_", "@"): value for key, value in members.items()}
        head = {
            "@context": f"dtmi:dtdl:context;{v}",
            "@id": f"dtmi:test:{name};1",
            "@type": "Interface",
        }
        return head | members

    return make


@pytest.fixture
def codes() -> Callable[..., set[str]]:
    """Parses documents; gives the codes of all violations, none when they are accepted."""

    def parse(*documents: object, **options: Any) -> set[str]:
        try:
            dtdl.parse(documents, options=dtdl.Options(**options))
        except dtdl.InvalidModelError as error:
            return {violation.code for violation in error.violations}
        return set()

    return parse


@pytest.fixture
def refused() -> Callable[..., list[tuple[str, str]]]:
    """Parses documents that must be refused; gives code and pointer of each violation."""

    def parse(*documents: object, **options: Any) -> list[tuple[str, str]]:
        with pytest.raises(dtdl.InvalidModelError) as caught:
            dtdl.parse(documents, options=dtdl.Options(**options))
        for violation in caught.value.violations:
            assert violation.code in dtdl.CODES
            assert violation.message.endswith((".", "!"))
        return [(violation.code, violation.pointer) for violation in caught.value.violations]

    return parse
