"""`twinhold import` and `twinhold export`: files, with and without a server, on both engines."""

import json
import os
import pty
import re
import signal
import subprocess
import termios
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.harness import TWINHOLD, serving, twinhold
from tests.material import PREFIX, component, interface, level_twin, ontology
from tests.process.running import complaint, started, until

Options = Callable[[], list[str]]

ROOM = "dtmi:test:Room;1"
MODELS = [
    interface(
        "Room",
        extends="dtmi:test:Space;1",
        contents=[
            component("lamp", "Lamp"),
            {
                "@type": "Relationship",
                "name": "leadsTo",
                "target": "dtmi:test:Space;1",
                "properties": [{"@type": "Property", "name": "note", "schema": "string"}],
            },
        ],
    ),
    interface("Lamp", contents=[{"@type": "Property", "name": "power", "schema": "double"}]),
    interface("Space", contents=[{"@type": "Property", "name": "area", "schema": "double"}]),
]


def room(id_: str, **contents: Any) -> dict[str, Any]:
    """The line of a twin."""
    return {"$dtId": id_, "$metadata": {"$model": ROOM}, **contents}


def door(id_: str, source: str, target: str, **properties: Any) -> dict[str, Any]:
    """The line of a relationship."""
    ends = {"$sourceId": source, "$targetId": target}
    return {"$relationshipId": id_, **ends, "$relationshipName": "leadsTo", **properties}


def write(path: Path, end: str = "\n", **sections: Iterable[Any]) -> Path:
    """Write a file of the sections given."""
    lines = []
    for name, items in sections.items():
        lines += [{"Section": name.capitalize()}, *items]
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes("".join(text + end for text in texts).encode())
    return path


def run(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return twinhold(command, *map(str, arguments))


def done(outcome: subprocess.CompletedProcess[str]) -> str:
    """What a successful command printed."""
    assert outcome.returncode == 0, outcome
    return outcome.stdout


def lines_of(path: Path) -> list[Any]:
    """The decoded lines of a file."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with all sections, in which nothing stands where it will be exported."""
    return write(
        tmp_path / "house.ndjson",
        header=[{"fileVersion": "1.0.0", "author": "x", "organization": "y"}],
        models=MODELS,
        twins=[
            room("b", area=1.5, lamp={"$metadata": {}, "power": 60}),
            room("a", lamp={"$metadata": {"$lastUpdateTime": "2020-01-01T00:00:00Z"}}),
            room('ü" /%\\ \u2028🏠', area=1e300),
        ],
        relationships=[door("2", "b", "a", note="ß"), door("1", "b", "a"), door("x", "a", "b")],
    )


class TestRoundTrip:
    def test_directly(self, file: Path, tmp_path: Path, options: Options) -> None:
        first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
        for source, copy in ((file, first), (first, second)):
            here = ("--data", tmp_path / copy.stem, *options())
            printed = done(run("import", source, *here))
            assert printed == "3 models, 3 twins and 3 relationships imported.\n"
            outcome = run("export", copy, *here)
            assert done(outcome) == ""
            assert outcome.stderr.count("\n") == 1
        assert first.read_bytes() == second.read_bytes()
        assert lines_of(first) == [
            {"Section": "Header"},
            {"fileVersion": "1.0.0", "author": "twinhold", "organization": "twinhold"},
            {"Section": "Models"},
            MODELS[1], MODELS[2], MODELS[0],
            {"Section": "Twins"},
            room("a", lamp={"$metadata": {}}),
            room("b", area=1.5, lamp={"power": 60, "$metadata": {}}),
            room('ü" /%\\ \u2028🏠', area=1e300),
            {"Section": "Relationships"},
            door("x", "a", "b"), door("1", "b", "a"), door("2", "b", "a", note="ß"),
        ]  # fmt: skip
        assert sorted(path.name for path in tmp_path.glob("*.*")) == [
            "first.ndjson", "house.ndjson", "second.ndjson",
        ]  # fmt: skip

    def test_through_a_server(self, file: Path, tmp_path: Path, options: Options) -> None:
        engine = options()
        with serving(tmp_path / "data", *engine) as server:
            here = ("--url", server.url, "--data", server.data)
            printed = done(run("import", file, *here))
            assert printed == "3 models, 3 twins and 3 relationships imported.\n"
            outcome = run("export", *here)
            assert outcome.stderr == f"Asking the server at {server.url}.\n"
            other = server.account()
            there = ("--url", server.url, "--secret", other.secret)
            copy = tmp_path / "copy.ndjson"
            copy.write_text(done(outcome), newline="")
            done(run("import", copy, *there))
            assert done(run("export", "-", *there)) == outcome.stdout
        assert done(run("export", "--data", tmp_path / "data", *engine)) == outcome.stdout

    def test_of_a_real_ontology(self, tmp_path: Path) -> None:
        models = json.loads(ontology().read_text())
        level = {"$dtId": "L", "$metadata": {"$model": f"{PREFIX}Level;1"}, **level_twin()}
        first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
        source = write(tmp_path / "all.ndjson", models=models, twins=[level])
        for file, copy in ((source, first), (first, second)):
            here = ("--data", tmp_path / copy.stem)
            assert "3699 models, 1 twin and 0" in done(run("import", file, *here))
            done(run("export", copy, *here))
        assert first.read_bytes() == second.read_bytes()
        seen: set[str] = set()
        for model in lines_of(first)[3:3702]:
            bases = model.get("extends", [])
            assert seen.issuperset([bases] if isinstance(bases, str) else bases)
            seen.add(model["@id"])


class TestForms:
    @pytest.mark.parametrize("start", ["", "\ufeff"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " \n"])
    def test_that_a_file_may_have(self, tmp_path: Path, start: str, end: str) -> None:
        file = write(tmp_path / "a", end, header=[], models=MODELS, twins=[room("a")])
        file.write_bytes(start.encode() + file.read_bytes())
        printed = done(run("import", file, "--data", tmp_path / "data"))
        assert printed == "3 models, 1 twin and 0 relationships imported.\n"

    def test_sections_may_be_missing_and_the_last_line_end(self, tmp_path: Path) -> None:
        here = ("--data", tmp_path / "data")
        empty = tmp_path / "empty"
        empty.touch()
        assert "0 models, 0 twins" in done(run("import", empty, *here))
        done(run("import", write(tmp_path / "models", models=MODELS), *here))
        twins = write(tmp_path / "twins", twins=[room("a"), room("b")])
        twins.write_bytes(twins.read_bytes().rstrip(b"\n"))
        assert "0 models, 2 twins" in done(run("import", twins, *here))
        edges = write(tmp_path / "edges", relationships=[door("1", "a", "b")])
        assert "and 1 relationship imported" in done(run("import", edges, *here))

    @pytest.mark.parametrize(
        ("lines", "complaint"),
        [
            (['{"a": 1}'], "1: The line stands before any section"),
            (['{"Section": "Header"}', '{"fileVersion": "2.0"}'], "2: The file has version"),
            (['{"Section": "Header"}', "x"], "2: The header must be a JSON object"),
            (['{"Section": "Other"}', "x"], "1: /Section: The section"),
        ],
    )
    def test_that_are_not_known(self, tmp_path: Path, lines: list[str], complaint: str) -> None:
        file = tmp_path / "a"
        file.write_text("\n".join(lines))
        outcome = run("import", file, "--data", tmp_path / "data")
        assert outcome.returncode == 1
        assert f"{file}:{complaint}" in outcome.stderr

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        outcome = run("import", tmp_path / "gone", "--data", tmp_path / "data")
        assert "gone cannot be read" in complaint(outcome)
        outcome = run("export", tmp_path / "no" / "folder", "--data", tmp_path / "data")
        assert "folder cannot be written" in complaint(outcome)


class TestBadLines:
    @pytest.fixture
    def bad(self, tmp_path: Path) -> Path:
        """A file with bad lines among good ones."""
        return write(
            tmp_path / "bad.ndjson",
            models=MODELS,
            twins=[room("a"), room("b", area="x"), "{", "x" * 300_000, room("c")],
            relationships=[door("1", "a", "c", note=5), door("2", "a", "c"), door("3", "a", "x")],
        )

    @pytest.mark.parametrize("served", [False, True])
    def test_are_told_and_left_out(self, bad: Path, tmp_path: Path, served: bool) -> None:  # noqa: FBT001
        with serving(tmp_path / "data") as server:
            if not served:
                server.stop()
            outcome = run("import", bad, "--data", server.data)
        assert outcome.returncode == 1
        assert outcome.stdout == "3 models, 2 twins and 1 relationship imported; 5 lines skipped.\n"
        _, *told = outcome.stderr.splitlines()
        places = [re.sub(r".*bad.ndjson:(\d+: (?:/\w+)?).*", r"\1", line) for line in told]
        assert places == ["7: /area", "8: ", "9: ", "12: /note", "14: "]
        assert not Path(f"{bad}.progress").exists()

    @pytest.mark.parametrize("served", [False, True])
    def test_keep_all_out_when_strict(self, bad: Path, tmp_path: Path, served: bool) -> None:  # noqa: FBT001
        with serving(tmp_path / "data") as server:
            if not served:
                server.stop()
            here = ("--data", server.data)
            outcome = run("import", bad, "--strict", *here)
            assert (outcome.returncode, outcome.stdout) == (1, "")
            _, *told, last = outcome.stderr.splitlines()
            assert last == "Nothing is stored."
            places = [re.sub(r".*bad.ndjson:(\d+: (?:/\$?\w+)?).*", r"\1", line) for line in told]
            assert places == ["7: /area", "8: ", "9: ", "12: /note", "14: /$targetId"]
            assert len(done(run("export", *here)).splitlines()) == 5

    @pytest.mark.parametrize("served", [False, True])
    def test_of_a_twin_that_never_changes_again(self, tmp_path: Path, served: bool) -> None:  # noqa: FBT001
        first = write(tmp_path / "a", models=MODELS, twins=[room("a"), room("b")])
        more = write(
            tmp_path / "b",
            twins=[room("c"), room("a")],
            relationships=[door("1", "b", "c"), door("2", "c", "b")],
        )
        with serving(tmp_path / "data") as server:
            here = ("--data", server.data)
            done(run("import", first, *here))
            for id_ in "ab":
                uuids = server.operator.request("GET", f"/twins?match=twin_id=='{id_}'").json()
                server.operator.request("DELETE", f"/twins/{uuids['twins'][0]}")
            if not served:
                server.stop()
            outcome = run("import", more, "--strict", *here)
            assert (outcome.returncode, outcome.stdout) == (1, "")
            _, *told, last = outcome.stderr.splitlines()
            assert last == "Nothing is stored."
            assert [line.split(":")[1] for line in told] == ["3", "5"]
            assert all("is terminated" in line for line in told)
            assert '"c"' not in done(run("export", *here))

    def test_a_bad_model_ends_the_import(self, tmp_path: Path) -> None:
        wrong = interface("Wrong", extends="dtmi:test:Gone;1")
        file = write(tmp_path / "a", models=[*MODELS, wrong], twins=[room("a")])
        for flags in ((), ("--strict",)):
            outcome = run("import", file, *flags, "--data", tmp_path / "data")
            assert (outcome.returncode, outcome.stdout) == (1, "")
            assert f"{file}:5: /extends: " in outcome.stderr
        assert len(done(run("export", "--data", tmp_path / "data")).splitlines()) == 5

    def test_a_strict_import_knows_what_the_registry_has(
        self, tmp_path: Path, options: Options
    ) -> None:
        here = ("--data", tmp_path / "data", *options())
        done(run("import", write(tmp_path / "a", models=MODELS, twins=[room("a")]), *here))
        more = write(
            tmp_path / "b",
            models=[interface("Attic", extends=ROOM)],
            twins=[room("b") | {"$metadata": {"$model": "dtmi:test:Attic;1"}}, room("c")],
            relationships=[door("1", "a", "b"), door("2", "b", "c")],
        )
        assert "1 model, 2 twins and 2 " in done(run("import", more, "--strict", *here))


class TestLeftOut:
    def test_is_said(self, file: Path, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            done(run("import", file, "--data", server.data))
            server.operator.request("POST", "/twins")
            uuids = server.operator.request("GET", "/twins?match=twin_id=='a'").json()["twins"]
            server.operator.request("DELETE", f"/twins/{uuids[0]}")
            served = run("export", "--data", server.data)
        direct = run("export", "--data", tmp_path / "data")
        assert done(served) == done(direct)
        for outcome in (served, direct):
            assert outcome.stderr.splitlines()[1:] == [
                "2 twins are left out: they have no model or are terminated.",
                "3 relationships are left out: a twin at one of their ends is not exported.",
            ]


def _mind_interrupts() -> None:
    """Not to ignore Ctrl-C, as what runs in the background does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class TestInterrupted:
    @pytest.fixture
    def large(self, tmp_path: Path) -> Path:
        """A file of several batches, with a bad line at its end."""
        twins = [room(f"{number:06}", area=1.5) for number in range(40_000)]
        return write(tmp_path / "large.ndjson", models=MODELS, twins=[*twins, "{"])

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
    @pytest.mark.parametrize("served", [False, True])
    def test_the_same_command_goes_on(
        self,
        large: Path,
        tmp_path: Path,
        number: signal.Signals,
        served: bool,  # noqa: FBT001
    ) -> None:
        data, kept = tmp_path / "data", Path(f"{large}.progress")
        with started(data) as server:
            if not served:
                server.stop()
            command = [*TWINHOLD, "import", str(large), "--data", str(data)]
            first = subprocess.Popen(
                command,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=_mind_interrupts,  # noqa: PLW1509 - it only makes one system call
            )
            until(lambda: kept.exists() and json.loads(kept.read_text())["stored"].get("twins"))
            first.send_signal(number)
            _, told = first.communicate(timeout=60)
            assert first.returncode == (130 if number == signal.SIGINT else -9)
            assert ("goes on" in told) is (number == signal.SIGINT)
            before = json.loads(kept.read_text())["position"]["line"]
            second = run("import", large, "--data", data)
            assert f"Going on behind line {before}." in second.stderr
            assert second.stdout.startswith("3 models, 40000 twins and 0 relationships")
            assert second.returncode == 1
            assert not kept.exists()
            found = done(run("export", "--data", data)).splitlines()
        assert sum('"$dtId"' in line for line in found) == 40_000

    def test_another_file_or_account_begins_anew(self, file: Path, tmp_path: Path) -> None:
        here = ("--data", tmp_path / "data")
        done(run("import", file, *here))
        kept = Path(f"{file}.progress")
        facts = file.stat()
        other = {"account": "x", "size": facts.st_size, "changed": facts.st_mtime_ns}
        for text in (json.dumps(other | {"position": {"offset": 9999}}), "{", "[]"):
            kept.write_text(text)
            outcome = run("import", file, *here)
            assert "Going on" not in outcome.stderr
            assert "3 models, 3 twins and 3" in done(outcome)
            assert not kept.exists()


def test_an_export_that_fails_leaves_the_old_file(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_text("old")
    outcome = run("export", copy, "--url", "http://127.0.0.1:1", "--secret", "x")
    assert "cannot be reached" in complaint(outcome)
    assert copy.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "house.ndjson"]


def test_a_terminal_sees_how_far_it_is(file: Path, tmp_path: Path) -> None:
    """A bar where standard error is a terminal, and only there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (25, 80))
    command = [*TWINHOLD, "import", str(file), "--data", str(tmp_path / "data")]
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    shown = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert outcome.stdout == b"3 models, 3 twins and 3 relationships imported.\n"
    assert "Importing: 100%" in shown
