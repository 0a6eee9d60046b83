"""`twinhold models ...`: files and folders, with and without a server, on both engines."""

import json
import os
import pty
import re
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness import TWINHOLD, Account, serving, twinhold
from tests.material import COUNT, PREFIX, interface, ontology
from tests.process.running import complaint, processor_seconds

Options = Callable[[], list[str]]

SPACE = interface("Space", displayName={"en": "Space"})
LEVEL = interface("Level", extends="dtmi:test:Space;1")
BAD = interface(
    "Bad", extends="dtmi:test:Gone;1", contents=[{"@type": "Property", "name": "1", "schema": "x"}]
)


def models(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return twinhold("models", *map(str, arguments))


def done(outcome: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that a successful command printed."""
    assert outcome.returncode == 0, outcome
    return outcome.stdout.splitlines()


def ids(account: Account) -> list[str]:
    """The ids of an account's models."""
    page = account.request("GET", "/models?count=1000").json()
    return [model["id"] for model in page["value"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Model files, one behind a byte order mark, one deeper, and what is no model."""
    folder = tmp_path / "ontology"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(LEVEL, indent=2).encode())
    (folder / "deeper" / "b.jsonld").write_text(json.dumps([SPACE, interface("Roof")]))
    (folder / "package.json").write_text('{"name": "no model"}')
    (folder / "README.md").write_text("No model.")
    return folder


class TestValidate:
    def test_reads_files_and_folders_as_one_set(self, folder: Path) -> None:
        assert done(models("validate", folder)) == ["3 models in 2 files are valid."]
        files = (folder / "a.json", folder / "deeper")
        assert done(models("validate", *files)) == ["3 models in 2 files are valid."]

    def test_findings_have_file_line_and_column(self, folder: Path, tmp_path: Path) -> None:
        (folder / "bad.json").write_text(json.dumps(BAD, indent=2))
        (folder / "broken.json").write_text("{")
        outcome = models("validate", folder)
        assert (outcome.returncode, outcome.stderr) == (1, "")
        *findings, summary = outcome.stdout.splitlines()
        assert summary == f"{len(findings)} findings in 3 files."
        for finding in findings:
            assert re.fullmatch(r".+\.json:\d+:\d+: [a-z]+\.[a-z_]+: .+\.", finding), finding
        assert f"{folder}/bad.json:5:14: dtdl.reference_unresolved" in outcome.stdout
        assert f"{folder}/broken.json:1:2: file.not_json" in outcome.stdout

    def test_what_is_missing_is_a_finding(self, tmp_path: Path) -> None:
        outcome = models("validate", tmp_path / "nothing", tmp_path)
        assert outcome.returncode == 1
        assert outcome.stdout.count("file.not_found") == 2

    def test_needs_paths(self) -> None:
        assert models("validate").returncode == 2

    def test_touches_no_registry(self, folder: Path, tmp_path: Path) -> None:
        outcome = subprocess.run(
            [*TWINHOLD, "models", "validate", str(folder)],
            cwd=tmp_path, capture_output=True, check=False,
        )  # fmt: skip
        assert outcome.returncode == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["ontology"]


class TestWithServer:
    def test_load_list_delete(self, folder: Path, tmp_path: Path, options: Options) -> None:
        with serving(tmp_path / "data", *options()) as server:
            here = ("--url", server.url, "--data", str(server.data))
            outcome = models("load", folder, *here)
            assert done(outcome) == ["3 models loaded."]
            assert outcome.stderr == f"Asking the server at {server.url}.\n"
            names = ["dtmi:test:Level;1", "dtmi:test:Roof;1", "dtmi:test:Space;1"]
            assert ids(server.operator) == names
            assert done(models("load", folder, *here)) == ["3 models loaded."]
            assert done(models("list", *here)) == [*names[:2], f"{names[2]}\tSpace"]
            assert "Level" in complaint(models("delete", names[2], *here))
            for name in (names[0], names[2]):
                assert done(models("delete", name, *here)) == [f"{name} is deleted."]
            assert "does not exist" in complaint(models("delete", names[0], *here))
            assert ids(server.operator) == [names[1]]

    def test_the_secret_says_whose_account(self, folder: Path, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            other = server.account()
            done(models("load", folder, "--url", server.url, "--secret", other.secret))
            assert len(ids(other)) == 3
            assert ids(server.operator) == []
            wrong = models("load", folder, "--data", server.data, "--account", other.account)
            assert "--secret instead of --account" in complaint(wrong)
            wrong = models("load", folder, "--url", server.url, "--secret", "wrong")
            assert "credential is not known" in complaint(wrong)

    def test_a_refusal_stores_nothing(self, folder: Path, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            here = ("--data", server.data)
            (folder / "bad.json").write_text(json.dumps(BAD))
            outcome = models("load", folder, *here)
            assert outcome.returncode == 1
            assert "bad.json:1:" in outcome.stdout
            assert ids(server.operator) == []
            (folder / "bad.json").unlink()
            done(models("load", folder, *here))
            (folder / "deeper" / "b.jsonld").write_text(json.dumps(SPACE | {"comment": "new"}))
            assert "dtmi:test:Space;1" in complaint(models("load", folder, *here))

    def test_models_may_need_what_is_loaded(self, folder: Path, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            done(models("load", folder, "--data", server.data))
            more = tmp_path / "attic.json"
            more.write_text(json.dumps(interface("Attic", extends="dtmi:test:Level;1")))
            assert done(models("load", more, "--data", server.data)) == ["1 model loaded."]


class TestWithoutServer:
    def test_load_list_delete(self, folder: Path, tmp_path: Path, options: Options) -> None:
        data, engine = tmp_path / "data", options()
        here = ("--data", str(data), *engine)
        outcome = models("load", folder, *here)
        assert done(outcome) == ["3 models loaded."]
        assert ("the database" if engine else str(data)) in outcome.stderr
        more = tmp_path / "attic.json"
        more.write_text(json.dumps(interface("Attic", extends="dtmi:test:Level;1")))
        assert done(models("load", more, *here)) == ["1 model loaded."]
        assert "Attic" in complaint(models("delete", "dtmi:test:Level;1", *here))
        done(models("delete", "dtmi:test:Attic;1", *here))
        assert len(done(models("list", *here))) == 3
        with serving(data, *engine) as server:
            assert len(ids(server.operator)) == 3
            assert ids(server.account()) == []

    def test_account_says_whose(self, folder: Path, tmp_path: Path) -> None:
        data = tmp_path / "data"
        other = json.loads(twinhold("account", "create", "B", "--data", str(data)).stdout)
        done(models("load", folder, "--data", data, "--account", other["account"]))
        assert done(models("list", "--data", data)) == []
        assert len(done(models("list", "--data", data, "--account", other["account"]))) == 3
        unknown = "00000000-0000-4000-8000-000000000000"
        outcome = models("load", folder, "--data", data, "--account", unknown)
        assert f"{unknown} does not exist" in complaint(outcome)
        assert "UUID" in complaint(models("list", "--data", data, "--account", "x"))


def test_a_terminal_sees_how_far_it_is(folder: Path, tmp_path: Path) -> None:
    """A bar where standard error is a terminal, and only there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (25, 80))
    command = [*TWINHOLD, "models", "load", str(folder), "--data", str(tmp_path / "data")]
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    shown = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert outcome.stdout == b"3 models loaded.\n"
    assert "Loading: 100%" in shown


def test_a_real_ontology_is_loaded_once(tmp_path: Path, options: Options) -> None:
    """A later start does not parse it again: it costs about as much as without."""
    data, engine, twin = tmp_path / "data", options(), f"/models/{PREFIX}Level;1"

    def start() -> float:
        with serving(data, *engine) as server:
            status = server.operator.request("GET", twin).status_code
            assert status == (200 if loaded else 404)
            return processor_seconds(server)

    loaded = False
    start()
    empty = min(start() for _ in range(3))
    assert done(models("load", ontology(), "--data", data, *engine)) == [f"{COUNT} models loaded."]
    loaded = True
    full = min(start() for _ in range(3))
    assert full < empty + 0.25
    with serving(data, *engine) as server:
        here = ("--url", server.url, "--data", str(data))
        again = models("load", ontology(), *here)
        assert done(again) == [f"{COUNT} models loaded."]
        assert len(done(models("list", *here))) == COUNT
        assert server.operator.request("GET", twin).json()["displayName"] == {"en": "Level"}
