"""The package alone: it needs nothing else of the project, and is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twinhold import dtdl

IMPORTS = """
import sys
before = set(sys.modules)
import twinhold.dtdl, twinhold.dtdl.files
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
print(*sorted(name for name in sys.modules if name.startswith("twinhold") and "dtdl" not in name))
"""


def test_importable_alone() -> None:
    """Only the standard library and msgspec are loaded, and no other part of the project."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    packages, ours = done.stdout.strip("\n").split("\n")
    known = {"twinhold", "msgspec", "typing_extensions"}  # msgspec takes the last if it is there
    foreign = set(packages.split()) - set(sys.stdlib_module_names) - known
    assert foreign == set()
    assert ours == "twinhold"


def test_public_names() -> None:
    """Everything that is announced exists and has a docstring."""
    assert sorted(dtdl.__all__) == list(dict.fromkeys(sorted(dtdl.__all__)))
    for name in dtdl.__all__:
        thing = getattr(dtdl, name)
        assert thing.__doc__ or name in {"Content", "Resolver", "Schema", "CODES"}, name


def test_typed() -> None:
    """Type checkers see the annotations."""
    assert (Path(dtdl.__file__).parents[1] / "py.typed").exists()
