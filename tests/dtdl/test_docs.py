"""The documentation of the model language: code runs, output is right, lists are complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from twinhold import dtdl

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference" / "dtdl.md"
TUTORIAL = DOCS / "tutorial" / "check-your-ontology.md"
DIFFERENCES = DOCS / "explanation" / "dtdl-differences.md"
PAGES = [REFERENCE, TUTORIAL, DIFFERENCES]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of the fenced blocks of a page."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def in_shell(text: str) -> str:
    """What commands print where the reader has put Twinhold on their path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TWINHOLD_")}
    done = subprocess.run(
        ["sh", "-uc", text], capture_output=True, text=True, check=False, env=clean | {"PATH": path}
    )
    assert done.returncode in (0, 1), done.stderr
    assert "twinhold: " not in done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [REFERENCE, TUTORIAL], ids=lambda page: page.stem)
def test_code_runs_and_prints_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The blocks of a page run one after another; a text block is what was printed since."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), names)
        elif language == "sh":
            sys.stdout.write(in_shell(text))
        elif language == "text":
            assert capsys.readouterr().out == text
    assert capsys.readouterr().out == ""


def test_every_code_is_documented() -> None:
    """The table of codes in the reference is that of the package."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", REFERENCE.read_text(), re.MULTILINE)
    assert {code: meaning for code, meaning in rows if "." in code} == dtdl.CODES


def test_every_option_is_documented() -> None:
    """The options of the parser, with their defaults."""
    text = REFERENCE.read_text()
    for name in dtdl.Options.__struct_fields__:
        assert f"| `{name}` |" in text
    assert dtdl.Options() == dtdl.Options(dtdl.Undefined.BY_VERSION, (), 4, tolerate=False)


def test_every_public_member_is_documented() -> None:
    """What models and sets offer is in the reference."""
    text = REFERENCE.read_text()
    for kind in (dtdl.Model, dtdl.ModelSet):
        for name in vars(kind):
            if not name.startswith("_"):
                assert f"`{name}" in text or f".{name}" in text, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_one_sentence_a_line(page: Path) -> None:
    """So that changes read well."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for line in prose.split("\n"):
        if line and not line.startswith(("|", "#", "*")):
            assert not re.search(r"[a-z)`][.?!] [A-Z]", line), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    """Pages link to pages that exist."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
