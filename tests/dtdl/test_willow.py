"""A real ontology of 3,699 Interfaces: it loads without a violation, fast, and makes sense."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import timeit
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twinhold import dtdl
from twinhold.dtdl.files import validate_files

PREFIX = "dtmi:com:willowinc:"


@pytest.fixture
def level(willow: dtdl.ModelSet) -> dtdl.Model:
    """The model of the vendor's example twin."""
    return willow[f"{PREFIX}Level;1"]


def test_contents(willow: dtdl.ModelSet) -> None:
    """Known counts of Interfaces and contents."""
    assert len(willow) == 3699
    kinds = Counter(
        type(content).__name__ for model in willow.values() for content in model.interface.contents
    )
    assert kinds["Component"] == 60
    assert kinds["Relationship"] == 108
    assert 1300 < kinds["Property"] < 1350
    assert len(willow[f"{PREFIX}HeatRecoveryCoil;1"].contents) == 136


def test_inheritance(willow: dtdl.ModelSet) -> None:
    """Known roots, descendants and depth."""
    roots = {dtmi for dtmi, model in willow.items() if not model.ancestors}
    assert len(roots) == 13
    assert len(willow.descendants(f"{PREFIX}Capability;1")) == 2510
    assert willow.descendants(f"{PREFIX}Account;1") == (f"{PREFIX}UtilityAccount;1",)
    assert max(len(model.ancestors) for model in willow.values()) == 14
    order = {dtmi: number for number, dtmi in enumerate(willow.in_dependency_order())}
    for dtmi, model in willow.items():
        assert all(order[needed] < order[dtmi] for needed in model.interface.depends_on)


def test_the_level(level: dtdl.Model) -> None:
    """33 contents, from itself and from Space."""
    assert len(level.contents) == 33
    assert list(level.components) == ["area", "capacity"]
    assert "isPartOf" in level.relationships
    assert level.ancestors == (f"{PREFIX}Space;1",)
    assert level.display_name() == "Level"


def test_the_example_twin_conforms(level: dtdl.Model, level_twin: dict[str, Any]) -> None:
    """The one of the vendor's documentation, as it stands."""
    assert len(level_twin) == 10
    assert level.validate(level_twin) == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"levelNumber": "0"}, "/levelNumber", "value.type"),
        ({"levelNumber": 1.5}, "/levelNumber", "value.type"),
        ({"levelNumber": 2147483648}, "/levelNumber", "value.range"),
        ({"nope": 1}, "/nope", "value.unknown"),
        ({"elevationUnit": "metres"}, "/elevationUnit", "value.enum"),
        ({"area": {"grossArea": "x"}}, "/area/grossArea", "value.type"),
        ({"area": {"foo": 1}}, "/area/foo", "value.unknown"),
        ({"externalIds": {"a": 1}}, "/externalIds/a", "value.type"),
        ({"customTags": {"a": "x"}}, "/customTags/a", "value.type"),
        ({"mappedIds": {}}, "/mappedIds", "value.type"),
        ({"mappedIds": [{"foo": "x"}]}, "/mappedIds/0/foo", "value.unknown"),
        ({"mappedIds": [{"dateCreated": "today"}]}, "/mappedIds/0/dateCreated", "value.format"),
        (
            {"alternateClassification": {"brick": {}}},
            "/alternateClassification/brick",
            "value.unknown",
        ),
        ({"isPartOf": "x"}, "/isPartOf", "value.relationship"),
    ],
)
def test_changed_twins_do_not(
    level: dtdl.Model, level_twin: dict[str, Any], change: dict[str, Any], pointer: str, code: str
) -> None:
    """Each change is refused at the culprit, and alone."""
    [found] = level.validate(level_twin | change)
    assert (found.pointer, found.code) == (pointer, code)


@pytest.mark.parametrize(
    "change",
    [
        {"elevationUnit": "metre"},
        {"area": {}},
        {"area": {"$metadata": {}, "grossArea": 12}},
        {"elevation": 3},
    ],
)
def test_some_changes_are_fine(
    level: dtdl.Model, level_twin: dict[str, Any], change: dict[str, Any]
) -> None:
    """Units by name, empty components, metadata, whole numbers for doubles."""
    assert level.validate(level_twin | change) == []


def test_relationship_properties(willow: dtdl.ModelSet) -> None:
    """The substance of isFedBy is one of an Enum."""
    ahu = willow[f"{PREFIX}AirHandlingUnit;1"]
    assert ahu.validate_relationship("isFedBy", {"substance": "ChilledWater"}) == []
    assert [
        found.code for found in ahu.validate_relationship("isFedBy", {"substance": "Lava"})
    ] == ["value.enum"]


def test_every_model_checks_an_empty_twin(willow: dtdl.ModelSet) -> None:
    """All validators compile, in a fraction of a second."""
    start = time.process_time()
    assert not any(model.validate({}) for model in willow.values())
    assert time.process_time() - start < 2


def test_a_twin_is_checked_in_microseconds(level: dtdl.Model, level_twin: dict[str, Any]) -> None:
    """The example twin takes less than 40 µs of processor time, at the best of several tries."""
    level.validate(level_twin)
    times = timeit.repeat(
        lambda: level.validate(level_twin), timer=time.process_time, number=500, repeat=5
    )
    best = min(times) / 500
    assert best < 40e-6


def test_one_model_is_loaded_from_bytes_at_once(
    willow: dtdl.ModelSet, level_twin: dict[str, Any]
) -> None:
    """A stored set is of the size of its text and ready in milliseconds."""
    data = willow.dump()
    assert len(data) < 4_000_000
    start = time.process_time()
    assert dtdl.ModelSet.load(data)[f"{PREFIX}Level;1"].validate(level_twin) == []
    assert time.process_time() - start < 0.2


MEASURE = r"""
import json, re, sys, time
from twinhold import dtdl
document = json.load(open(sys.argv[1]))
start = time.process_time()
models = dtdl.parse([document])
for model in models.values():
    model.validate({})
seconds = time.process_time() - start
peak = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())
print(json.dumps([seconds, int(peak[1]) / 1024]))
"""


def test_time_and_memory_ceilings(material: Callable[[str], Path]) -> None:
    """The whole ontology takes 2 s of processor time at most, and its process 150 MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak memory of a process is read from /proc")
    path = material("willow-ontology.jsonld")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(done.stdout)
    print(f"\nontology: {seconds:.2f} s, {megabytes:.0f} MB")  # noqa: T201 - the measurement
    assert seconds < 2
    assert megabytes < 150


def test_as_a_file(material: Callable[[str], Path]) -> None:
    """The check of files accepts it, too."""
    checked = validate_files([material("willow-ontology.jsonld")])
    assert checked.findings == ()
    assert checked.models is not None


def test_one_mistake_in_it_is_found_where_it_is(
    willow_document: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Line and column in a text of 60,000 lines."""
    broken = json.loads(json.dumps(willow_document))
    culprit = next(item for item in broken if item["@id"] == f"{PREFIX}Level;1")
    culprit["extends"] = f"{PREFIX}Spaec;1"
    path = tmp_path / "ontology.jsonld"
    path.write_text(json.dumps(broken, indent=2))
    findings = validate_files([path]).findings
    line = path.read_text().split("\n")[findings[0].line - 1]
    assert line[findings[0].column - 1 :].startswith(f'"{PREFIX}Spaec;1"')
    assert findings[0].violation.code == "dtdl.reference_unresolved"
