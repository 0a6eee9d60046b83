"""Imports of models: the lines of a file as one set, in any order, stored whole or not at all.

Models that the account has already are left as they are, whatever the file says of them.
"""

import asyncio
from collections.abc import Iterable, Sequence

from twinhold.registry import access, exchange_lines, models
from twinhold.registry.calls import Calls
from twinhold.registry.errors import ModelInvalidError, Problem, RegistryError
from twinhold.registry.imports import Line, LineProblem, Outcome, problems_of
from twinhold.registry.model_uploads import Upload
from twinhold.registry.principal import Call
from twinhold.store import Transaction


class ModelImport:
    """An import of models, which keeps what it worked out when it has to start over."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._named: list[tuple[Line, str]] = []
        self._new: list[Line] = []
        self._upload: Upload | None = None

    async def run(self, calls: Calls) -> Outcome:
        """Store the models, all or none.

        Raises:
            PermissionDeniedError: the caller may not.
            AccessChangedError: run it again.
        """
        self._named, problems = await asyncio.to_thread(_named, self._lines)
        known = await calls.read(_known, [dtmi for _, dtmi in self._named])
        if problems:
            return Outcome(0, problems)
        new = [line for line, dtmi in self._named if dtmi not in known]
        if not new:
            return Outcome(len(self._lines), [])
        if self._upload is None or new != self._new:
            self._new = new
            self._upload = Upload(b"[" + b",".join(line.text for line in new) + b"]")
        try:
            await self._upload.run(calls)
        except ModelInvalidError as error:
            return Outcome(0, [_in_line(new, problem) for problem in _told(error)])
        return Outcome(len(self._lines), [])


def _named(lines: Iterable[Line]) -> tuple[list[tuple[Line, str]], list[LineProblem]]:
    found, problems = [], []
    for line in lines:
        try:
            found.append((line, exchange_lines.read_model(line.text)))
        except RegistryError as error:
            problems += problems_of(line.number, error)
    return found, problems


async def _known(transaction: Transaction, call: Call, dtmis: list[str]) -> set[str]:
    access.require_permission(call.actor, "upload_models")
    return set(await models.versions(transaction, call, dtmis))


def _told(error: ModelInvalidError) -> Sequence[Problem]:
    return error.problems or (Problem("/0", error.message),)


def _in_line(lines: Sequence[Line], problem: Problem) -> LineProblem:
    """A problem of an array of models as one of the line that the model is from."""
    position, _, rest = problem.pointer.removeprefix("/").partition("/")
    pointer = f"/{rest}" if rest else ""
    return LineProblem(lines[int(position)].number, pointer, problem.message)
