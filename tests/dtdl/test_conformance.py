"""The public cases of the reference parser: models, value checks and DTMI syntax.

The score is printed by version and suite (`pytest -s`); below the promised figures the test fails.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from twinhold import dtdl
from twinhold.dtdl import dtmi

VALID_ACCEPTED = 0.995
INVALID_REFUSED = 0.99
VALUES_JUDGED = 0.995
POLICY = {
    "always": dtdl.Undefined.ALLOW,
    "never": dtdl.Undefined.REFUSE,
    None: dtdl.Undefined.BY_VERSION,
}

Case = dict[str, Any]
Outcome = tuple[Case, dtdl.ModelSet | None, dtdl.InvalidModelError | None]


def options(case: Case) -> dtdl.Options:
    """The parser options that a case asks for."""
    quirks = case.get("quirks") or []
    return dtdl.Options(
        undefined=POLICY[case.get("undefined_extensions")],
        limits=tuple(case.get("acceptable_limits") or ()),
        max_version=case.get("max_dtdl_version") or 4,
        tolerate="TolerateSolecismsInParse" in quirks,
        tolerate_resolved="TolerateSolecismsInResolve" in quirks,
    )


def resolver(case: Case) -> dtdl.Resolver | None:
    """Serves the documents of a case in their order; None when the case has no resolver."""
    if not case.get("resolution"):
        return None
    steps = iter(case["resolution"])

    def resolve(dtmis: Sequence[str]) -> list[object] | None:
        step = next(steps)
        assert sorted(step["request"]) == sorted(dtmis)
        response: list[object] | None = step["response"]
        return response

    return resolve


@pytest.fixture(scope="module")
def outcomes(material: Callable[[str], Path]) -> list[Outcome]:
    """Every case with what parsing it gave; any other exception is a crash."""
    found: list[Outcome] = []
    with gzip.open(material("dtdl-cases.jsonl.gz"), "rt") as lines:
        for line in lines:
            case = json.loads(line)
            try:
                models = dtdl.parse(case["inputs"], resolver(case), options(case))
                found.append((case, models, None))
            except dtdl.InvalidModelError as error:
                found.append((case, None, error))
    return found


def share(good: int, wrong: int) -> float:
    """The share of good ones, 1 when there are none at all."""
    return good / (good + wrong) if good + wrong else 1.0


def test_models_are_judged_as_the_reference_parser_judges_them(outcomes: list[Outcome]) -> None:
    """Valid models are accepted and invalid ones refused, in the promised shares."""
    score: Counter[tuple[str, int, bool, bool]] = Counter()
    wrong = []
    for case, models, _ in outcomes:
        accepted = models is not None
        score[case["suite"], case["version"], case["expect_valid"], accepted] += 1
        if accepted is not case["expect_valid"]:
            wrong.append(case["name"])
    print_table(score)
    totals: Counter[tuple[bool, bool]] = Counter()
    for (_, _, valid, accepted), count in score.items():
        totals[valid, accepted] += count
    assert share(totals[True, True], totals[True, False]) >= VALID_ACCEPTED, wrong[:20]
    assert share(totals[False, False], totals[False, True]) >= INVALID_REFUSED, wrong[:20]


def print_table(score: Counter[tuple[str, int, bool, bool]]) -> None:
    """Print accepted of valid and refused of invalid cases, by suite and version."""
    print(f"\n{'suite':<16}{'version':>8}{'valid accepted':>20}{'invalid refused':>20}")  # noqa: T201 - the score
    for suite, version in sorted({(suite, version) for suite, version, _, _ in score}):
        good = [score[suite, version, valid, valid] for valid in (True, False)]
        all_ = [
            good[0] + score[suite, version, True, False],
            good[1] + score[suite, version, False, True],
        ]
        cells = [f"{part}/{whole}" for part, whole in zip(good, all_, strict=True)]
        print(f"{suite:<16}{version:>8}{cells[0]:>20}{cells[1]:>20}")  # noqa: T201 - the score


def test_values_are_judged_as_the_reference_parser_judges_them(outcomes: list[Outcome]) -> None:
    """Values conform, violate, or are refused because their subject is no schema."""
    wrong, count = [], Counter[int]()
    for case, models, _ in outcomes:
        for check in case.get("instances") or []:
            assert models is not None
            count[case["version"]] += 1
            try:
                conforms = not models.validate_json(check["subject"], check["submit"])
            except KeyError:
                conforms = None
            if conforms is not (None if check.get("throws") else check["conforms"]):
                wrong.append((case["name"], check))
    print(f"\nvalue checks by version: {dict(count)}, wrong: {len(wrong)}")  # noqa: T201 - the score
    assert sum(count.values()) > 1000
    assert share(sum(count.values()) - len(wrong), len(wrong)) >= VALUES_JUDGED, wrong[:20]


def test_what_cannot_be_resolved_is_named(outcomes: list[Outcome]) -> None:
    """Incomplete models say exactly which DTMIs are missing; layering, which is refused, apart."""
    seen = 0
    for case, _, error in outcomes:
        expected = (case.get("expect") or {}).get("unresolvedIdentifiers")
        if expected and "extension:layering" not in json.dumps(case["inputs"]):
            seen += 1
            assert error is not None
            assert sorted(error.unresolved) == sorted(expected), case["name"]
    assert seen > 10


def expected_interfaces(case: Case) -> Iterator[tuple[str, dict[str, str]]]:
    """DTMI and contents (name to DTMI) of the Interfaces that a case lists."""
    for element in (case.get("expect") or {}).get("elements", []):
        contents = element.get("properties", {}).get("contents")
        if element.get("type") == "Interface" and isinstance(contents, dict):
            yield element["id"], contents


def test_contents_are_those_of_the_reference_parser(outcomes: list[Outcome]) -> None:
    """Names and DTMIs of contents, inherited and generated ones too, are as in the cases."""
    seen = 0
    for case, models, _ in outcomes:
        for id_, contents in expected_interfaces(case) if models is not None else ():
            assert models is not None
            ours = {name: content.dtmi for name, content in models[id_].contents.items()}
            assert contents.items() <= ours.items(), case["name"]
            seen += 1
    assert seen > 150


def test_every_violation_is_documented_and_placed(outcomes: list[Outcome]) -> None:
    """Codes are in the catalogue, pointers lead into the document, messages are one sentence."""
    for case, _, error in outcomes:
        for violation in error.violations if error else ():
            assert violation.code in dtdl.CODES
            assert violation.message.endswith("."), violation
            assert "\n" not in violation.message
            if violation.document < len(case["inputs"]):
                follow(case["inputs"][violation.document], violation.pointer)


def test_every_code_for_models_occurs(outcomes: list[Outcome]) -> None:
    """No code is dead: the cases raise them all, but one that needs a very large document."""
    seen = {found.code for _, _, error in outcomes for found in (error.violations if error else ())}
    known = {code for code in dtdl.CODES if code.startswith("dtdl.")}
    assert known - seen == {"dtdl.too_large"}


def follow(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; fails when the pointer leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document.get(key)
    return document


def test_dtmi_syntax(material: Callable[[str], Path]) -> None:
    """All DTMI cases are accepted, taken apart, or refused as expected."""
    cases = json.loads(material("dtmi-cases.json").read_text())
    assert len(cases) == 34
    for name, text, valid, expected in cases:
        if not valid:
            with pytest.raises(ValueError, match="is not a DTMI"):
                dtmi.parse(text)
            assert not dtmi.is_dtmi(text), name
            continue
        parsed = dtmi.parse(text)
        assert str(parsed) == text, name
        assert {
            "MajorVersion": parsed.major,
            "MinorVersion": parsed.minor,
            "CompleteVersion": parsed.complete_version,
            "Versionless": parsed.versionless,
            "Labels": list(parsed.labels),
            "IsReserved": parsed.is_reserved,
            "Fragment": parsed.fragment,
        } == expected, name


JUNK: list[Any] = [
    *(None, True, 0, -1, 3.5, float("inf"), 10**30, "", "a", "\ud800", [], {}, [[]], [{}], [None]),
    *(
        "Interface",
        "Property",
        "Object",
        "double",
        "dtmi:foo:bar;1",
        "dtmi:x;1#f",
        "dtmi:dtdl:context;3",
    ),
    *(
        {"@id": "dtmi:a:b;1"},
        {"@value": 3},
        {"@type": "Enum"},
        {"en": 1},
        ["x", {"@value": "y"}],
        {"@type": []},
    ),
]


def mutate(document: Any, dice: random.Random) -> None:
    """Replace, move or remove a few values of a document."""
    places: list[tuple[Any, Any]] = []
    pending = [document]
    while pending:
        node = pending.pop()
        items = (
            node.items()
            if isinstance(node, dict)
            else enumerate(node)
            if isinstance(node, list)
            else ()
        )
        for key, value in items:
            places.append((node, key))
            pending.append(value)
    for _ in range(dice.randint(1, 3) if places else 0):
        holder, key = dice.choice(places)
        other, other_key = dice.choice(places)
        with contextlib.suppress(KeyError, IndexError):
            if dice.random() < 0.5:
                holder[key] = copy.deepcopy(dice.choice(JUNK))
            elif dice.random() < 0.6:
                holder[key] = copy.deepcopy(other[other_key])
            else:
                del holder[key]


def test_no_mutation_of_a_case_crashes(outcomes: list[Outcome]) -> None:
    """Documents that are almost right are accepted or refused; what is accepted can be stored."""
    dice = random.Random(20250901)
    accepted = 0
    for _ in range(3000):
        case = dice.choice(outcomes)[0]
        documents = copy.deepcopy(case["inputs"])
        mutate(documents, dice)
        with contextlib.suppress(dtdl.InvalidModelError):
            models = dtdl.parse(documents, options=options(case))
            assert list(dtdl.ModelSet.load(models.dump())) == list(models)
            accepted += 1
    assert accepted > 50
