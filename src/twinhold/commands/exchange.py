"""The commands `twinhold import` and `twinhold export`: what they print and how they end."""

import argparse
import gc
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Never

from twinhold.commands import exchange_files, options
from twinhold.commands.exchange_files import Batch, Position
from twinhold.commands.exchange_progress import Progress, ProgressFile
from twinhold.commands.options import FAILED, THROUGH, Commands, Formatter, counted, reached
from twinhold.commands.progress_bar import progress
from twinhold.commands.reach import Reached
from twinhold.registry.imports import LineProblem, Outcome

if TYPE_CHECKING:
    from tqdm import tqdm

    from twinhold.registry.exports import Section
    from twinhold.registry.imports import Section as LineSection

_LEFT_OUT = {
    "twins": "they have no model or are terminated",
    "relationships": "a twin at one of their ends is not exported",
}
_SECTIONS: "tuple[Section, ...]" = ("models", "twins", "relationships")


def add_to(commands: Commands) -> None:
    """Add the commands."""
    importing = commands.add_parser(
        "import",
        formatter_class=Formatter,
        help="load models, twins and relationships from a file",
        description="Load models, twins and relationships from a file of JSON lines, as Azure "
        "Digital Twins imports them and twinhold export writes them. Everything is checked against "
        "the models. Models come as one set, all or none, and those that the account has are left "
        "as they are; twins and relationships are made or replaced. Bad lines are reported on "
        "standard error and left out, and the exit code is 1. When it is interrupted, the same "
        "command goes on where it stopped. " + THROUGH,
    )
    importing.add_argument("file", type=Path, metavar="FILE", help="the file, ending in .ndjson")
    importing.add_argument(
        "--strict",
        action="store_true",
        help="check the whole file first, and store nothing when any line is bad",
    )
    options.add_account_options(importing)
    importing.set_defaults(run=import_file)

    exporting = commands.add_parser(
        "export",
        formatter_class=Formatter,
        help="write models, twins and relationships to a file",
        description="Write all models, the twins that have a model and are not terminated, and the "
        "relationships between them as JSON lines, in an order that depends on nothing else. "
        + THROUGH,
    )
    exporting.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="where to write; the standard output when it is - or not given",
    )
    options.add_account_options(exporting)
    exporting.set_defaults(run=export_file)


def import_file(flags: argparse.Namespace) -> int:
    """Import a file; exit code 1 when lines of it were left out."""
    file: Path = flags.file
    try:
        size = file.stat().st_size
        with reached(flags) as registry, progress(size, "B") as bar:
            return _Import(file, registry, bar).run(strict=flags.strict)
    except OSError as error:
        sys.stderr.write(f"twinhold: {file} cannot be read: {error.strerror}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; the same command goes on where it stopped.\n")
        raise


def export_file(flags: argparse.Namespace) -> int:
    """Export an account; what is left out is said on standard error."""
    try:
        with reached(flags) as registry, exchange_files.writing(flags.file) as file:
            file.write(exchange_files.mark("header"))
            file.write(json.dumps(exchange_files.HEADER).encode() + b"\n")
            with progress(None, " lines") as bar:
                for section in _SECTIONS:
                    file.write(exchange_files.mark(section))
                    for line in _exported(registry, section, bar):
                        file.write(line)
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except OSError as error:
        sys.stderr.write(f"twinhold: {flags.file} cannot be written: {error.strerror}\n")
        return FAILED
    return 0


def _exported(registry: Reached, section: "Section", bar: "tqdm[Never]") -> Iterator[bytes]:
    """The lines of a section; then say what was left out."""
    bar.set_description(section.capitalize())
    left_out = 0
    for page in registry.export_pages(section):
        for line in page.lines:
            yield line.encode() + b"\n"
        bar.update(len(page.lines))
        left_out += page.left_out
    if left_out:
        verb = "is" if left_out == 1 else "are"
        what = counted(left_out, section[:-1])
        bar.write(f"{what} {verb} left out: {_LEFT_OUT[section]}.", file=sys.stderr)


class _Import:
    """One run of an import."""

    def __init__(self, file: Path, registry: Reached, bar: "tqdm[Never]") -> None:
        self._file, self._registry, self._bar = file, registry, bar
        self._kept = ProgressFile(file)
        self._progress = Progress("", 0, 0)

    def run(self, *, strict: bool) -> int:
        """Import the file from where it stands; answer the exit code."""
        # Looking for garbage among so many lines takes a fifth of the time: batch by batch.
        gc.freeze()
        gc.disable()
        self._progress = self._kept.begin(self._registry.account())
        begins = self._progress.position == Position()
        if strict and begins and not self._is_good():
            self._bar.write("Nothing is stored.", file=sys.stderr)
            return FAILED
        if not begins:
            line = self._progress.position.line
            self._bar.write(f"Going on behind line {line}.", file=sys.stderr)
        with self._file.open("rb") as opened:
            self._show("Importing", self._progress.position)
            batches = exchange_files.read(
                opened, self._progress.position, self._registry.lines_together
            )
            for section, group in groupby(batches, lambda batch: batch.section):
                if not self._store(section, group):
                    return FAILED
        self._kept.remove()
        self._bar.close()
        return self._report()

    def _is_good(self) -> bool:
        """Check the whole file; report all that is wrong with it."""
        from twinhold.commands.exchange_checks import Checks  # noqa: PLC0415 - see `LoadedModels.add`

        checks, good = Checks(self._registry), True
        with self._file.open("rb") as opened:
            for batch in exchange_files.read(opened, Position(), self._registry.lines_together):
                self._show("Checking", batch.end)
                problems = [*batch.problems, *checks.check(batch)]
                for problem in sorted(problems, key=lambda problem: problem.line):
                    self._tell(problem)
                good = good and not problems
        return good

    def _store(self, section: str, batches: Iterable[Batch]) -> bool:
        """Store the batches of a section; whether the next section can follow."""
        if section == "models":
            return all(self._store_models(batch) for batch in batches)
        if section not in {"twins", "relationships"}:
            for batch in batches:
                self._finish(batch, Outcome(0, []))
            return True
        waiting: deque[Batch] = deque()

        def lines() -> Iterator[list[bytes]]:
            for batch in batches:
                waiting.append(batch)
                yield batch.lines

        kind: LineSection = "twins" if section == "twins" else "relationships"
        for outcome in self._registry.import_lines(kind, lines()):
            self._finish(waiting.popleft(), outcome)
        return True

    def _store_models(self, batch: Batch) -> bool:
        outcome = Outcome(0, [])
        if batch.lines and not batch.problems:
            outcome = self._registry.import_models(batch.text)
        if batch.problems or outcome.problems:
            self._tell_all(batch, outcome)
            message = "The models are loaded as one set: nothing is imported before all are valid."
            self._bar.write(message, file=sys.stderr)
            return False
        self._finish(batch, outcome)
        return True

    def _finish(self, batch: Batch, outcome: Outcome) -> None:
        """Say what became of a batch and remember it."""
        kept = self._progress
        kept.skipped += self._tell_all(batch, outcome)
        kept.stored[batch.section] = kept.stored.get(batch.section, 0) + outcome.stored
        kept.position = batch.end
        self._kept.keep(kept)
        gc.collect()
        self._show("Importing", batch.end)

    def _tell_all(self, batch: Batch, outcome: Outcome) -> int:
        """Report all that is wrong in a batch; answer with how many lines."""
        placed = [
            LineProblem(batch.numbers[found.line - 1], found.pointer, found.message)
            for found in outcome.problems
        ]
        problems = sorted((*batch.problems, *placed), key=lambda problem: problem.line)
        for problem in problems:
            self._tell(problem)
        return len({problem.line for problem in problems})

    def _tell(self, problem: LineProblem) -> None:
        place = f"{problem.pointer}: " if problem.pointer else ""
        self._bar.write(f"{self._file}:{problem.line}: {place}{problem.message}", file=sys.stderr)

    def _show(self, what: str, position: Position) -> None:
        self._bar.set_description(what, refresh=False)
        self._bar.n = position.offset
        self._bar.refresh()

    def _report(self) -> int:
        stored = self._progress.stored
        counts = [counted(stored.get(section, 0), section[:-1]) for section in _SECTIONS]
        skipped = self._progress.skipped
        more = f"; {counted(skipped, 'line')} skipped" if skipped else ""
        sys.stdout.write(f"{counts[0]}, {counts[1]} and {counts[2]} imported{more}.\n")
        return FAILED if skipped else 0
