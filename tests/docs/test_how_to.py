"""The how-to pages work as they are written."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.harness import ROOT, serving


@pytest.mark.parametrize("page", ["share-a-twin.md"])
def test_the_commands_of_a_page_work(page: str, shell: Path) -> None:
    text = (ROOT / "docs/how-to" / page).read_text()
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    with serving(shell / "twinhold-data"):
        done = subprocess.run(
            ["sh", "-euc", commands], cwd=shell, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
