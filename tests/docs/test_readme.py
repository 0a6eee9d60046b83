"""The README's tour works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT, serving

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_tour_works(shell: Path) -> None:
    with serving(shell / "twinhold-data") as server:
        tour = "\n".join(blocks("python"))
        assert "terminate_twin" in tour
        done = subprocess.run(
            [sys.executable, "-c", tour], cwd=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        for command in blocks("sh"):
            if "pip install" in command or "scripts/" in command:
                continue
            local = command.replace("http://127.0.0.1:8000", server.url)
            done = subprocess.run(
                ["sh", "-euc", local], cwd=shell, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            shown = ('"account"', '"creation_certificate"', '"levelNumber":2')
            assert any(member in done.stdout for member in shown)


def test_there_are_exactly_two_commands_to_start_with() -> None:
    assert [block.strip() for block in blocks("sh")[:2]] == ["scripts/run", "scripts/test"]
    for name in ("run", "test"):
        assert (ROOT / "scripts" / name).stat().st_mode & 0o111
