"""Test material beside the project: a real ontology and the vendor's example twin of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.harness import ROOT

SHARED = ROOT.parent / "shared"
PREFIX = "dtmi:com:willowinc:"
COUNT = 3699


def material(name: str) -> Path:
    """A file of the material; a test without it is skipped, except in CI, where it fails."""
    path = SHARED / name
    if path.exists():
        return path
    message = f"test material {name} is not beside the project (in ../shared)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{message}, and CI must have it")
    pytest.skip(message)


def ontology() -> Path:
    """One array of 3,699 Interfaces."""
    return material("data/willow-ontology.jsonld")


def level_twin() -> dict[str, Any]:
    """The `contents` of the vendor's example twin, a Level."""
    page = material("seeds/004_bfe6d898a31faba7.txt").read_text()
    contents: dict[str, Any] = json.JSONDecoder().raw_decode(page, page.index('{"levelNumber"'))[0]
    return contents


def interface(name: str, **members: Any) -> dict[str, Any]:
    """An Interface document."""
    return {
        "@context": "dtmi:dtdl:context;3",
        "@id": f"dtmi:test:{name};1",
        "@type": "Interface",
        **members,
    }


def component(name: str, of: str) -> dict[str, Any]:
    """A content that is a component."""
    return {"@type": "Component", "name": name, "schema": f"dtmi:test:{of};1"}
