"""The import contracts hold, and each of them notices a violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness import ROOT

PLANTED = {
    "imports point downwards": ("store/keys.py", "import twinhold.registry.ids"),
    "dialects know the kit, never each other": (
        "api/twinhold/wire.py",
        "import twinhold.api.trusted_twin.wire",
    ),
    "the kit knows no dialect": ("api/kit/request.py", "import twinhold.api.trusted_twin.wire"),
    "the domain and the store know no HTTP": ("registry/ids.py", "import uvicorn"),
    "the languages stand alone": ("dtdl/dtmi.py", "import twinhold.registry.ids"),
    "only the store speaks to the engines": ("registry/ids.py", "import apsw"),
    "blobs know nothing of what they hold": ("blobs/folder.py", "import twinhold.registry.ids"),
    "only the blob store speaks to S3": ("registry/uploads.py", "import obstore"),
}


def contracts(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a tree."""
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sources and their contracts."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    outcome = contracts(copy)
    assert outcome.returncode == 0, outcome.stdout
    for name in PLANTED:
        assert f"{name} KEPT" in outcome.stdout


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_noticed(copy: Path, name: str) -> None:
    file, line = PLANTED[name]
    target = copy / "src/twinhold" / file
    target.write_text(f"{target.read_text()}\n{line}\n")
    outcome = contracts(copy)
    assert outcome.returncode != 0
    assert f"{name} BROKEN" in outcome.stdout
