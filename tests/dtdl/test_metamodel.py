"""The tables of the package agree with the published metamodel digest, fact by fact."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twinhold.dtdl import quantities
from twinhold.dtdl.extensions import COTYPES
from twinhold.dtdl.limits import CORE, EXTENSIONS, Limits
from twinhold.dtdl.metamodel import CLASSES, COMPLEX_KINDS, VERSIONS, Form, PropertyRule
from twinhold.dtdl.standard import ELEMENTS
from twinhold.dtdl.vocabulary import CONTEXTS

Digest = dict[str, Any]
FORMS = {
    "string": Form.TEXT,
    "langString": Form.LANGUAGE,
    "boolean": Form.BOOLEAN,
    "integer": Form.INTEGER,
    "decimal": Form.NUMBER,
    "duration": Form.DURATION,
    "IRI": Form.PROPERTY,
}


@pytest.fixture(scope="module")
def digest(material: Callable[[str], Path]) -> Digest:
    """The metamodel as the reference parser publishes it."""
    data = gzip.decompress(material("dtdl-digest.json.gz").read_bytes())
    loaded: Digest = json.loads(data.decode("utf-8-sig"))
    return loaded


def test_terms(digest: Digest) -> None:
    """Every context defines the same terms with the same meaning."""
    for context, terms in digest["contexts"].items():
        assert CONTEXTS.get(context, {}) == terms, context


def test_classes(digest: Digest) -> None:
    """The classes that documents can use, and the names of their properties."""
    for version in VERSIONS:
        ours = {kind: set(rule.properties) for kind, rule in CLASSES[version].items()}
        theirs = {}
        for kind, facts in digest["materialClasses"].items():
            usable = (
                not facts["abstract"]
                and version in facts["dtdlVersions"]
                and not facts["elements"].get(str(version))
            )
            if (usable and (facts["overt"] or kind.endswith("LatentType"))) or kind == "Object":
                allowed = [
                    name
                    for name, prop in facts["properties"].items()
                    if prop.get(str(version), {}).get("allowed")
                ]
                theirs[kind] = set(allowed)
        theirs.pop("CommandPayload", None) if version > 2 else None
        assert ours == theirs


@pytest.mark.parametrize("version", VERSIONS)
def test_properties(digest: Digest, version: int) -> None:
    """Form, counts, versions, ranges and patterns of every property."""
    for kind, rule in CLASSES[version].items():
        for name, ours in rule.properties.items():
            prop = digest["materialClasses"][kind]["properties"][name]
            check_property(ours, prop["_"], prop[str(version)])


def check_property(ours: PropertyRule, general: Digest, theirs: Digest) -> None:
    """Compare one rule with its facts, which have a general part and one for the version."""
    required = not general.get("optional") or theirs.get("minCount", 0) > 0
    assert ours.required is required, ours
    assert ours.plural is bool(general.get("plural")), ours
    if "class" in theirs:
        assert ours.form is Form.ELEMENT, ours
        assert sorted(ours.versions) == sorted(theirs["versions"]), ours
        assert ours.id_required is theirs["idRequired"] or ours.members, ours
        assert (ours.inferred is not None) is not theirs["typeRequired"], ours
        assert set(ours.unique) == set(theirs.get("uniqueProperties", [])), ours
        assert ours.members == (frozenset(theirs["values"]) if "values" in theirs else None), ours
        if ours.plural and ours.name != "contents":
            assert ours.most == theirs.get("maxCount"), ours
    elif "datatype" in general:
        assert ours.form is FORMS[general["datatype"]], ours
    assert (ours.pattern is None) or f"^{ours.pattern}$" == theirs.get("pattern"), ours
    if ours.name == "maxMultiplicity":
        assert (ours.minimum, ours.maximum) == (theirs["minInclusive"], theirs.get("maxInclusive"))


def test_cotypes(digest: Digest) -> None:
    """Every co-type: on which classes and versions, with which properties, beside which others."""
    assert set(COTYPES) == set(digest["supplementalTypes"])
    for dtmi, theirs in digest["supplementalTypes"].items():
        ours = COTYPES[dtmi]
        assert ours.abstract is theirs["abstract"] or dtmi.startswith("dtmi:dtdl:class:Alias"), dtmi
        if ours.abstract or not ours.kinds or ours.name == "BinaryUnit":
            continue  # not usable in documents; the digest lists them for the sake of units
        assert ours.kinds == set(theirs["cotypes"]), dtmi
        assert ours.versions == set(theirs["cotypeVersions"]), dtmi
        assert ours.semantic is (theirs["extensionKind"] == "SemanticType"), dtmi
        assert {name.rpartition(":")[2] for name in theirs.get("cocotypes", [])} == set(
            ours.needs
        ), dtmi
        excluded = {name for name in theirs.get("discotypes", []) if name in COTYPES}
        assert set(ours.excludes) == excluded, dtmi
        assert set(ours.properties) == set(theirs["properties"]), dtmi
        for name, rule in ours.properties.items():
            check_cotype_property(rule, theirs["properties"][name])


def check_cotype_property(ours: PropertyRule, theirs: Digest) -> None:
    """Compare the rule of a co-type's property with its facts."""
    assert ours.required is not theirs["optional"], ours
    assert ours.form is FORMS.get(theirs["typeName"], Form.ELEMENT), ours
    assert (f"^{ours.pattern}$" if ours.pattern else None) == theirs.get("pattern"), ours
    assert (ours.length, ours.minimum) == (theirs.get("maxLength"), theirs.get("minInclusive")), (
        ours
    )


def test_cotype_constraints(digest: Digest) -> None:
    """What co-types ask of schema, fields and container."""
    for dtmi, theirs in digest["supplementalTypes"].items():
        ours = COTYPES[dtmi]
        for constraint in theirs["constraints"] if not ours.abstract else []:
            names = constraint.get("requiredTypeNames", [])
            if constraint.get("inverse"):
                assert list(ours.container_cotypes) == names, dtmi
                assert ours.beside == constraint.get("someOtherType", "").rpartition(":")[2], dtmi
            elif constraint["property"] == "fields":
                assert list(ours.field_cotypes) == names, dtmi
            elif set(names) & COMPLEX_KINDS:
                assert ours.schema_kinds == set(names), dtmi
            elif "requiredValues" in constraint:
                assert ours.schema_terms == frozenset(constraint["requiredValues"]), dtmi
            elif "siblingKeyref" not in constraint:
                assert ours.schema_terms or ours.schema_cotype == names[0], dtmi


def test_quantities(digest: Digest) -> None:
    """Units of each unit type, and unit type of each quantity, in all four editions."""
    for edition, context in enumerate(digest["units"]):
        units = {name: tuple(sorted(found)) for name, found in digest["units"][context].items()}
        assert quantities.units(edition) == units
        assert quantities.types(edition) == digest["quantitativeTypes"][context]


def test_standard_elements(digest: Digest) -> None:
    """Standard schemas, units and command types exist, apart from parts of the geospatial ones."""
    parts = ("geospatial", ":unitprefix:", "CoordinateArray", ":position")
    for element in digest["elements"]:
        assert element["@id"] in ELEMENTS or any(part in element["@id"] for part in parts), element
    terms = {"point", "polygon", "lineString", "multiPoint", "multiPolygon", "multiLineString"}
    for version in VERSIONS:
        assert {f"dtmi:standard:schema:geospatial:{term};{version}" for term in terms} <= set(
            ELEMENTS
        )


@pytest.mark.parametrize(
    ("limits", "version", "spec"),
    [
        (CORE[2], "2", ""),
        (CORE[3], "3", ""),
        (CORE[4], "4", ""),
        (EXTENSIONS["dtmi:dtdl:limits:onvif;1"], "4", "onvif_1"),
        (EXTENSIONS["dtmi:dtdl:limits:aio;1"], "4", "aio_1"),
    ],
)
def test_limits(digest: Digest, limits: Limits, version: str, spec: str) -> None:
    """Lengths, depths and counts by version and limits extension."""
    interface = digest["materialClasses"]["Interface"]["properties"]
    name = digest["materialClasses"]["Property"]["properties"]["name"]
    lengths = name[version]["maxLength"]
    assert limits.name == lengths.get(spec, lengths[""])
    for term, ours in (
        ("displayName", limits.display_name),
        ("description", limits.description),
        ("comment", limits.comment),
    ):
        assert ours == interface[term][version]["maxLength"][spec]
    ids = digest["identifierDefinition"]
    assert limits.id == ids[version]["maxLength"][spec]
    assert limits.interface_id == ids["Interface"][version]["maxLength"][spec]
    assert limits.bytes == digest["partitions"][version].get("maxBytes", {}).get(spec)
    controls = [
        item for item in digest["descendantControls"] if item["dtdlVersion"] == int(version)
    ]
    [extends] = [item for item in controls if item["properties"] == ["extends"]]
    assert limits.extends_depth == extends["maxDepth"][spec]
    assert limits.extends_all == extends.get("maxCount", {}).get(spec)
    depths = {
        item["maxDepth"][spec]
        for item in controls
        if item["properties"] == ["elementSchema", "schema"]
    }
    assert {limits.schema_depth} == depths
    counts = [
        item["maxCount"][spec]
        for item in controls
        if "contents" in item["properties"] and "maxCount" in item
    ]
    assert [limits.elements] == (counts or [None])
