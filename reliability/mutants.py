"""Plant faults in a copy of the source, one at a time, and see a named test notice each.

A test that cannot fail proves nothing. Every fault here is one that a careful person could make.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_COPIED = ("src", "tests", "reliability", "pyproject.toml")
_SECONDS = 300
_FAILED = 1
"""What pytest ends with when tests ran and failed."""


class Fault(NamedTuple):
    """A fault, and the tests that must notice it.

    Attributes:
        name: what is done wrong.
        file: below `src/twinhold`.
        right: a text that is in the file once.
        wrong: what stands there instead.
        tests: below `tests`, as pytest is told them.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: str


FAULTS = (
    Fault(
        "answer before the commit",
        "store/sqlite.py",
        '            self._writer.execute("COMMIT")\n',
        "            self._loop.call_soon_threadsafe(_acknowledge, outcomes)\n"
        '            self._writer.execute("COMMIT")\n',
        "process/test_reliability.py",
    ),
    Fault(
        "sync the log late",
        "store/sqlite.py",
        '"PRAGMA synchronous = FULL"',
        '"PRAGMA synchronous = NORMAL"',
        "process/test_reliability.py",
    ),
    Fault(
        "answer a group before its commit on PostgreSQL",
        "store/postgres/writes.py",
        "            await groups.run(connection, members)\n",
        "            await groups.run(connection, members)\n"
        "            for write, member in zip(going, members, strict=True):\n"
        "                answer(write.answer, member.result)\n",
        "process/test_kill.py",
    ),
    Fault(
        "answer before the commit is on disk, on PostgreSQL",
        "store/postgres/connections.py",
        '    "jit": "off",\n',
        '    "jit": "off",\n    "synchronous_commit": "off",\n',
        "process/test_reliability.py",
    ),
    Fault(
        "keep what a failed write did",
        "store/sqlite.py",
        "if outcome.error is not None and self._writer.total_changes() != before:",
        "if outcome.error is not None and self._writer.total_changes() == before:",
        "store/test_store.py",
    ),
    Fault(
        "skip the check of the generation on SQLite",
        "store/sqlite.py",
        "if number is not None and number != self.number:",
        "if number is None and number != self.number:",
        "contract/test_access_takes_effect.py",
    ),
    Fault(
        "skip the check of the generation on PostgreSQL",
        "store/postgres/transaction.py",
        '            raise AccessChangedError("Access has changed.")\n',
        "            pass\n",
        "contract/test_access_takes_effect.py",
    ),
    Fault(
        "forget who owns a twin",
        "registry/access.py",
        "    if call.actor.account != twin.owner:\n        raise NotOwnerError",
        "    if not twin.owner:\n        raise NotOwnerError",
        "contract/test_access_oracle.py",
    ),
    Fault(
        "show foreign twins to roles without a rule",
        "registry/access.py",
        "return call.actor.account == twin.owner",
        "return bool(twin.owner)",
        "dialect/trusted_twin/test_twins.py",
    ),
    Fault(
        "a cursor off by one",
        "store/twins.py",
        "IS NOT NULL THEN last END",
        "IS NOT NULL THEN (SELECT min(uuid) FROM twins WHERE owner = :owner AND uuid > last) END",
        "dialect/trusted_twin/test_scan.py",
    ),
    Fault(
        "a window of a search that is too narrow",
        "store/searches.py",
        "uuid <= :until",
        "uuid < :until",
        "registry/test_attribute_indexes.py",
    ),
    Fault(
        "a predicate of SQL that is too narrow",
        "rules/sql.py",
        '"le": "<="',
        '"le": "<"',
        "rules/test_sql.py",
    ),
    Fault(
        "leave relationships that arrive at a deleted twin",
        "registry/relationships.py",
        "for statement in (stored.DELETE_OUTGOING, stored.DELETE_INCOMING):",
        "for statement in (stored.DELETE_OUTGOING,):",
        "process/test_reliability.py",
    ),
    Fault(
        "carry out a part of a ledger's transaction",
        "registry/ledgers/writing.py",
        "        if not self._terms.whole:\n            return\n",
        "        if self._call:\n            return\n",
        "dialect/trusted_twin/test_ledger_conditions.py::TestTransaction",
    ),
)


class Outcome(NamedTuple):
    """What became of a fault: by which test it was noticed, if by one."""

    fault: Fault
    noticed_by: str | None


def faultless() -> list[str]:
    """The named tests that fail without a fault; there must be none."""
    with TemporaryDirectory(prefix="twinhold-mutants-") as folder:
        copy = _copied(Path(folder))
        files = sorted({fault.tests for fault in FAULTS})
        return [file for file in files if _noticed_by(copy, file)]


def plant() -> Iterator[Outcome]:
    """Plant each fault alone."""
    for fault in FAULTS:
        with TemporaryDirectory(prefix="twinhold-mutants-") as folder:
            copy = _copied(Path(folder))
            file = copy / "src/twinhold" / fault.file
            file.write_text(mutated(fault))
            yield Outcome(fault, _noticed_by(copy, fault.tests))


def mutated(fault: Fault) -> str:
    """The file with the fault in it.

    Raises:
        LookupError: the source has changed, and the fault no longer fits.
    """
    text = (ROOT / "src/twinhold" / fault.file).read_text()
    if text.count(fault.right) != 1:
        raise LookupError(f"{fault.file} does not have once what is to go wrong: {fault.name}")
    return text.replace(fault.right, fault.wrong)


def _copied(folder: Path) -> Path:
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def _noticed_by(copy: Path, tests: str) -> str | None:
    """The first test that fails, if one does; a test that hangs has noticed, too."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    try:
        outcome = subprocess.run(
            [*command, f"tests/{tests}"],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{tests}, which did not end"
    if outcome.returncode == 0:
        return None
    if outcome.returncode != _FAILED:
        raise RuntimeError(f"{tests} cannot be run: {outcome.stdout[-2000:]}")
    lines = outcome.stdout.splitlines()
    failed = [
        line.partition(" ")[2].partition(" - ")[0]
        for line in lines
        if line.startswith(("FAILED ", "ERROR "))
    ]
    return failed[0] if failed else tests
