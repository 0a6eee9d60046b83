"""The pages that lead through a task work as they are written."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.harness import ROOT, serving
from tests.material import ontology


@pytest.mark.parametrize(
    "page",
    [
        "how-to/follow-a-product.md",
        "how-to/share-a-twin.md",
        "how-to/move-a-registry.md",
        "operate/backup.md",
        "tutorial/model-a-building.md",
    ],
)
def test_the_commands_of_a_page_work(page: str, shell: Path) -> None:
    text = (ROOT / "docs" / page).read_text()
    if "ontology.jsonld" in text:
        shutil.copy(ontology(), shell / "ontology.jsonld")
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    with serving(shell / "twinhold-data"):
        done = subprocess.run(
            ["sh", "-euc", commands], cwd=shell, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
