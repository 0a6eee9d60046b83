"""Files and folders of models: findings with line and column, and where a JSON pointer leads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold.dtdl.files import validate_files
from twinhold.dtdl.positions import Positions
from twinhold.dtdl.violations import escape

Make = Callable[..., dict[str, Any]]


def write(folder: Path, name: str, document: object) -> Path:
    """A file with an indented document."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
    return path


def test_good_files_make_a_set(tmp_path: Path, interface: Make) -> None:
    """Files are checked together, so they may refer to each other; folders are searched."""
    write(tmp_path, "a.json", interface("a", extends="dtmi:test:b;1"))
    write(tmp_path, "deep/er/b.jsonld", [interface("b"), interface("c")])
    write(tmp_path, "deep/notes.json", {"renovate": True})
    write(tmp_path, "deep/list.json", ["x"])
    write(tmp_path, "readme.md", "# nothing")
    checked = validate_files([tmp_path])
    assert checked.findings == ()
    assert checked.models is not None
    assert set(checked.models) == {"dtmi:test:a;1", "dtmi:test:b;1", "dtmi:test:c;1"}
    assert [path.name for path in checked.files] == ["a.json", "b.jsonld"]
    assert [path.name for path in checked.skipped] == ["list.json", "notes.json"]


def test_findings_read_like_those_of_a_compiler(tmp_path: Path, interface: Make) -> None:
    """File, line, column, code and sentence; by file and line."""
    content = {"@type": "Property", "name": "1st", "schema": "double"}
    first = write(
        tmp_path, "first.json", interface("a", contents=[content], extends="dtmi:gone:x;1")
    )
    second = write(tmp_path, "second.json", interface("b", foo=1))
    checked = validate_files([second, first])
    assert checked.models is None
    assert [str(finding).rpartition(": ")[0] for finding in checked.findings] == [
        f"{second}:5:10: dtdl.property_unknown",
        f"{first}:8:15: dtdl.name_invalid",
        f"{first}:12:14: dtdl.reference_unresolved",
    ]
    assert checked.findings[2].violation.message.startswith("'dtmi:gone:x;1' is not defined;")


def test_a_byte_order_mark_is_tolerated(tmp_path: Path, interface: Make) -> None:
    """Some editors write one."""
    path = tmp_path / "bom.json"
    path.write_text(json.dumps(interface()), encoding="utf-8-sig")
    assert validate_files([str(path)]).findings == ()


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ('{\n  "a": }', "2:8", "file.not_json"),
        ("", "1:1", "file.not_json"),
        ("[" * 100_000, "1:1", "file.not_json"),
        ("[1", "1:3", "file.not_json"),
        ('{"renovate": true}', "1:1", "dtdl.context_invalid"),
        ("5", "1:1", "dtdl.document_invalid"),
    ],
)
def test_files_that_are_no_models(tmp_path: Path, text: str, place: str, code: str) -> None:
    """A file that is named must hold models."""
    path = write(tmp_path, "bad.json", text)
    [finding] = validate_files([path]).findings
    assert str(finding).startswith(f"{path}:{place}: {code}: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing files, empty folders and other encodings are findings, too."""
    (tmp_path / "empty").mkdir()
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"a": "\xe9"}')
    checked = validate_files([tmp_path / "gone.json", tmp_path / "empty", latin])
    assert [found.violation.code for found in checked.findings] == [
        "file.not_found",
        "file.not_found",
        "file.not_json",
    ]
    assert checked.models is None


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path, interface: Make) -> None:
    """The rest is still checked as a set."""
    write(tmp_path, "a.json", "{")
    write(tmp_path, "b.json", interface("b", foo=1))
    codes = [found.violation.code for found in validate_files([tmp_path]).findings]
    assert codes == ["file.not_json", "dtdl.property_unknown"]


def test_findings_in_resolved_documents_name_the_element(tmp_path: Path, interface: Make) -> None:
    """They are in no file."""
    path = write(tmp_path, "a.json", interface("a", extends="dtmi:test:b;1"))
    [finding] = validate_files([path], lambda _: [interface("b", foo=1)]).findings
    assert str(finding).startswith("dtmi:test:b;1:1:1: dtdl.property_unknown: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(value: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """All values inside a value, by pointer."""
    yield pointer, value
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from places(item, f"{pointer}/{escape(key)}")


@given(value=JSON, indent=st.sampled_from([None, 2]), ascii_=st.booleans())
def test_every_pointer_leads_to_its_value(
    value: object, indent: int | None, *, ascii_: bool
) -> None:
    """Decoding from the place that was found gives the value meant."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    positions = Positions(text)
    lines = text.split("\n")
    for pointer, expected in places(value):
        line, column = positions.find(pointer)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == expected


def test_a_missing_value_is_found_at_what_is_around_it() -> None:
    """So that something which should be there can be reported where it should be."""
    positions = Positions('{\n  "a": [1, {"b": 2}]\n}')
    assert positions.find("/a/1/c") == (2, 12)
    assert positions.find("/x/y") == (1, 1)
    assert positions.find("") == (1, 1)


def test_very_deep_texts_have_places() -> None:
    """Without recursion."""
    positions = Positions("[" * 10_000 + "]" * 10_000)
    assert positions.find("/0/0/0") == (1, 4)
