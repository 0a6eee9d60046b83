"""A folder in which the commands of the documentation run."""

import sys
from pathlib import Path

import pytest


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder that looks like a clone."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path
