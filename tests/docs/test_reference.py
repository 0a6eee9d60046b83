"""The reference says what the code does."""

import importlib.util
import re
from types import ModuleType

import pytest
from tests.harness import ROOT

from twinhold.api import trusted_twin, willow
from twinhold.api.kit import openapi
from twinhold.api.trusted_twin.errors import SUBCODES
from twinhold.registry.errors import RegistryError

VENDORS = (trusted_twin.DIALECT, willow.DIALECT)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["errors.md", "operations.md", "commands.md"])
def test_a_generated_page_is_current(generator: ModuleType, name: str) -> None:
    kept = (ROOT / "docs/reference" / name).read_text()
    assert kept == generator.PAGES[name](), "run scripts/docs"


def test_every_error_is_mapped_and_has_a_code_of_its_own(generator: ModuleType) -> None:
    errors = list(generator._subclasses(RegistryError))
    assert set(SUBCODES) == set(errors)
    assert len({error.code for error in errors}) == len(errors)
    assert all(error.hint and error.__doc__ for error in errors)


def test_every_operation_has_a_summary_and_a_name_of_its_own() -> None:
    operations = [operation for dialect in VENDORS for operation in dialect.operations]
    assert len({operation.name for operation in operations}) == len(operations)
    assert all(operation.summary.endswith(".") for operation in operations)


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_openapi_document_describes_every_operation() -> None:
    document = openapi.document(VENDORS)
    described = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    every = [operation for dialect in VENDORS for operation in dialect.operations]
    assert described == {operation.name for operation in every}
    upload = document["paths"]["/models"]["post"]
    assert upload["requestBody"]["content"]["application/json"]["schema"]["type"] == "array"
    assert "content" not in document["paths"]["/models/{model}"]["delete"]["responses"]["204"]


def test_links_lead_from_what_an_operation_makes_to_those_that_take_it() -> None:
    document = openapi.document(VENDORS)
    operations = [one for path in document["paths"].values() for one in path.values()]
    linked = [
        link
        for operation in operations
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert {link["operationId"] for link in linked} <= {one["operationId"] for one in operations}
    made = document["paths"]["/twins"]["post"]["responses"]["201"]["links"]
    assert made["get_twin"]["parameters"] == {"twin": "$response.body#/creation_certificate/uuid"}
    put = document["paths"]["/api/v3/twins"]["put"]["responses"]["200"]["links"]
    assert put["DeleteTwin"]["parameters"] == {"id": "$response.body#/id"}


def test_a_null_is_described_where_it_counts_as_absent() -> None:
    """Willow's bodies may have a null for any member that may be left out, others may not."""
    schemas = openapi.document(VENDORS)["components"]["schemas"]
    assert {"type": "null"} in schemas["GetTwinsRequest"]["properties"]["pageSize"]["anyOf"]
    assert "anyOf" not in schemas["ExplainInput"]["properties"]["rule"]
    assert "anyOf" not in schemas["DigitalTwin"]["properties"]["id"]


def test_a_body_is_required_where_an_empty_one_would_not_do() -> None:
    paths = openapi.document(VENDORS)["paths"]
    assert paths["/api/v3/twins/ids"]["post"]["requestBody"]["required"]
    assert paths["/rules/explain"]["post"]["requestBody"]["required"]
    assert not paths["/twins"]["post"]["requestBody"]["required"]
