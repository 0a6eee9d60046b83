"""The check of a whole file before anything of it is stored: `twinhold import --strict`.

Twins and relationships are held against the models of the file and of the registry by the same
functions that store them, and the registry is asked whether the caller may change the twins that
it has already.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from twinhold import dtdl
from twinhold.commands.exchange_files import Batch
from twinhold.commands.reach import Reached
from twinhold.registry import documents, exchange_lines, modelled_twins, relationships
from twinhold.registry.errors import (
    Problem,
    RegistryError,
    RelationshipInvalidError,
    TwinInvalidError,
    quoted,
)
from twinhold.registry.imports import LineProblem, Section, problems_of

if TYPE_CHECKING:
    from twinhold.dtdl import Model

_ASKED_TOGETHER = 1000


class Checks:
    """Checks batch after batch; remembers of each twin its id and its model."""

    def __init__(self, registry: Reached) -> None:
        self._registry = registry
        self._models: dict[str, Model | None] = {}
        self._twins: dict[str, str] = {}
        self._room: dict[tuple[str, str], set[str]] = {}

    def check(self, batch: Batch) -> Iterator[LineProblem]:
        """All that is wrong in a batch."""
        if batch.section == "models":
            yield from self._check_models(batch)
        elif batch.section == "twins":
            yield from self._check_twins(batch)
        elif batch.section == "relationships":
            yield from self._check_relationships(batch)

    def _check_models(self, batch: Batch) -> Iterator[LineProblem]:
        known = {dtmi for dtmi, _ in self._registry.list_models()}
        numbers, found = [], []
        for number, line in zip(batch.numbers, batch.lines, strict=True):
            try:
                if exchange_lines.read_model(line) not in known:
                    found.append(documents.parse_object(line))
                    numbers.append(number)
            except RegistryError as error:
                yield from problems_of(number, error)
        try:
            parsed = dtdl.parse(found, self._registry.find_models)
        except dtdl.InvalidModelError as error:
            for violation in error.violations:
                number = numbers[min(violation.document, len(numbers) - 1)]
                yield LineProblem(number, violation.pointer, violation.message)
        else:
            self._models |= {dtmi: parsed[dtmi] for dtmi in parsed}

    def _check_twins(self, batch: Batch) -> Iterator[LineProblem]:
        good: dict[str, int] = {}
        conforming = exchange_lines.ConformingTwins()
        for number, line in zip(batch.numbers, batch.lines, strict=True):
            try:
                draft = self._twin(line, conforming)
            except RegistryError as error:
                yield from problems_of(number, error)
            else:
                good[draft.id] = number
        yield from self._refused("twins", good)

    def _refused(self, section: Section, lines: Mapping[str, int]) -> Iterator[LineProblem]:
        """What the registry has against twins that it has already, by the lines that name them."""
        ids = list(lines)
        for start in range(0, len(ids), _ASKED_TOGETHER):
            asked = ids[start : start + _ASKED_TOGETHER]
            for problem in self._registry.refused_twins(section, asked).problems:
                yield LineProblem(lines[asked[problem.line - 1]], problem.pointer, problem.message)

    def _twin(
        self, line: bytes, conforming: exchange_lines.ConformingTwins
    ) -> modelled_twins.Draft:
        """The twin in a line, which can be stored."""
        if (known := conforming.read(line)) is not None:
            draft, model = known
            self._twins[draft.id] = draft.model
            modelled_twins.face(draft, model, 0)
            return draft
        draft = exchange_lines.read_twin(line)
        # Even one that is refused is there for relationships: each fault is told once.
        self._twins[draft.id] = draft.model
        found = self._model(draft.model)
        if found is None:
            message = f"The model {quoted(draft.model)} does not exist."
            raise TwinInvalidError([Problem("/modelId", message)])
        modelled_twins.checked(draft, found, 0)
        conforming.meet(found)
        return draft

    def _check_relationships(self, batch: Batch) -> Iterator[LineProblem]:
        drafts: list[tuple[int, relationships.Draft]] = []
        for number, line in zip(batch.numbers, batch.lines, strict=True):
            try:
                drafts.append((number, exchange_lines.read_relationship(line)))
            except RegistryError as error:
                yield from problems_of(number, error)
        ends = {id_ for _, draft in drafts for id_ in (draft.source, draft.target)}
        stored = self._stored(sorted(ends - self._twins.keys()))
        sources: dict[str, int] = {}
        for number, draft in drafts:
            try:
                self._check_relationship(draft, stored)
            except RegistryError as error:
                yield from problems_of(number, error)
            else:
                if draft.source in stored:
                    sources.setdefault(draft.source, number)
        yield from self._refused("relationships", sources)

    def _check_relationship(self, draft: relationships.Draft, stored: dict[str, str]) -> None:
        if draft.source == draft.target:
            message = "A twin cannot have a relationship with itself."
            raise RelationshipInvalidError([Problem("/targetId", message)])
        source = self._end(draft.source, stored, "/sourceId")
        target = self._end(draft.target, stored, "/targetId")
        relationships.check(draft, source, target)
        most = relationships.kind_of(draft, source).max_multiplicity
        if most is not None:
            edges = self._room.setdefault((draft.source, draft.name), set())
            edges.add(draft.id or draft.target)
            if len(edges) > most:
                message = f"The source may have at most {most} of {draft.name}."
                raise RelationshipInvalidError([Problem("/name", message)])

    def _end(self, id_: str, stored: dict[str, str], pointer: str) -> "Model":
        """The model of a twin at an end."""
        dtmi = self._twins.get(id_) or stored.get(id_)
        model = None if dtmi is None else self._model(dtmi)
        if model is None:
            message = f"The twin {quoted(id_)} does not exist, or has no model."
            raise RelationshipInvalidError([Problem(pointer, message)])
        return model

    def _stored(self, ids: Sequence[str]) -> dict[str, str]:
        """The models of twins that are not in the file."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), _ASKED_TOGETHER):
            found |= self._registry.find_twins(ids[start : start + _ASKED_TOGETHER])
        return found

    def _model(self, dtmi: str) -> "Model | None":
        """A model of the file or of the registry."""
        if dtmi not in self._models:
            documents_ = self._registry.find_models([dtmi])
            parsed = dtdl.parse(documents_, self._registry.find_models) if documents_ else {}
            self._models |= {name: parsed[name] for name in parsed}
            self._models.setdefault(dtmi, None)
        return self._models[dtmi]
