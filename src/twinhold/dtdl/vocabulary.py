"""Which terms each context defines, and the DTMI that each term stands for."""

from __future__ import annotations

from twinhold.dtdl import quantities
from twinhold.dtdl.extensions import COTYPES, COTYPES_BY_CONTEXT
from twinhold.dtdl.metamodel import (
    COMMAND_TYPES,
    GEOSPATIAL,
    PRIMITIVES,
    VERSIONS,
    class_terms,
    property_terms,
)
from twinhold.dtdl.standard import EDITIONS, geospatial_dtmi, primitive_dtmi, quantities_prefix


def class_dtmi(term: str, version: int) -> str:
    """The DTMI of a class of the core language."""
    return f"dtmi:dtdl:class:{term};{version}"


def property_dtmi(term: str, version: int) -> str:
    """The DTMI of a property of the core language."""
    return f"dtmi:dtdl:property:{term};{version}"


def _core(version: int) -> dict[str, str]:
    terms = {term: class_dtmi(term, version) for term in class_terms(version)}
    terms |= {term: property_dtmi(term, version) for term in property_terms(version)}
    terms |= {term: primitive_dtmi(term, version) for term in PRIMITIVES[version]}
    terms |= {term: geospatial_dtmi(term, version) for term in GEOSPATIAL}
    terms |= {term: f"dtmi:dtdl:instance:CommandType:{term};{version}" for term in COMMAND_TYPES}
    if version == 2:
        units = {unit for group in quantities.units(0).values() for unit in group}
        terms |= {unit: f"dtmi:standard:unit:{unit};2" for unit in units}
        prefixes = {prefix for group in quantities.PREFIXES.values() for prefix in group.split()}
        prefixes = prefixes - {"deca"} | {"deka"}  # spelt so in v2 only
        terms |= {prefix: f"dtmi:standard:unitprefix:{prefix};2" for prefix in prefixes}
    if version > 2:
        terms |= {
            term: f"dtmi:dtdl:meta:{term};{version}"
            for term in ("DtdlExtension", "metamodel", "model")
        }
    if version > 3:
        terms["scaledDecimal"] = "dtmi:standard:schema:scaledDecimal;4"
    return terms


def _quantitative_types(edition: int) -> dict[str, str]:
    prefix = quantities_prefix(edition)
    groups = quantities.units(edition)
    terms = {name: f"{prefix}:enum:{name}" for name in (*groups, *quantities.PREFIXES)}
    terms |= {alias: f"{prefix}:enum:{name}" for alias, name in quantities.UNIT_ALIASES.items()}
    terms |= {unit: f"{prefix}:unit:{unit}" for group in groups.values() for unit in group}
    for group in quantities.PREFIXES.values():
        terms |= {term: f"{prefix}:unitprefix:{term}" for term in group.split()}
    return terms


def _contexts() -> dict[str, dict[str, str]]:
    contexts = {f"dtmi:dtdl:context;{version}": _core(version) for version in VERSIONS}
    for edition in EDITIONS:
        contexts[f"dtmi:dtdl:extension:quantitativeTypes;{edition}"] = _quantitative_types(edition)
    for context, cotypes in COTYPES_BY_CONTEXT.items():
        terms = contexts.setdefault(context, {})
        for cotype in cotypes:
            terms[cotype.name] = cotype.dtmi
            core = (
                dtmi for dtmi in cotype.properties if not dtmi.startswith("dtmi:dtdl:property:")
            )
            terms |= {cotype.properties[dtmi].name: dtmi for dtmi in core}
    contexts["dtmi:iotcentral:context;2"] |= {
        term: f"dtmi:iotcentral:schema:{term};2" for term in ("geopoint", "vector")
    }
    return contexts


CONTEXTS: dict[str, dict[str, str]] = _contexts()
CLASS_NAMES: dict[str, str] = {
    dtmi: term
    for version in VERSIONS
    for term, dtmi in CONTEXTS[f"dtmi:dtdl:context;{version}"].items()
    if dtmi.startswith("dtmi:dtdl:class:") and dtmi not in COTYPES
}
