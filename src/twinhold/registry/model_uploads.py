"""Uploads of models: all or nothing, checked as a whole against what the account has already.

Thousands of models take their time to parse, so that happens in a thread and before the
transaction, which only has to see that nothing it was based on has changed since.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from twinhold.registry import documents, models
from twinhold.registry.calls import Calls
from twinhold.registry.errors import (
    InvalidValueError,
    ModelExistsError,
    ModelInvalidError,
    Problem,
)
from twinhold.registry.models import StoredModel
from twinhold.registry.principal import Call
from twinhold.store import AccessChangedError, Transaction
from twinhold.store import models as stored
from twinhold.store.keys import ALONE
from twinhold.store.models import DocumentRow, VersionRow

if TYPE_CHECKING:
    from twinhold.dtdl import Interface, InvalidModelError, ModelSet, Violation

MOST_MODELS = 20_000
"""Models of an upload; the largest ontologies have some thousands."""

_MOST_VIOLATIONS = 100


class Draft(msgspec.Struct, frozen=True):
    """A model as it was sent.

    Attributes:
        position: in the array.
        dtmi: empty where it has none that could be an id.
        fingerprint: of the JSON value, so that layout and order of members do not count.
    """

    position: int
    dtmi: str
    text: str
    value: dict[str, Any]
    fingerprint: str


class Prepared(msgspec.Struct, frozen=True):
    """An upload ready to be stored: rows as JSON, and what they are based on.

    Attributes:
        dtmis: every model of the upload, those that are there already too.
        based_on: the content of each model that was looked at, None where there was none.
    """

    dtmis: list[str]
    based_on: dict[str, str | None]
    contents: str
    models: str
    edges: str
    ancestors: str


async def upload(calls: Calls, body: bytes) -> list[StoredModel]:
    """Store the models of a JSON array; see `Upload`."""
    return await Upload(body).run(calls)


class Upload:
    """An upload, which keeps what it worked out when it has to start over.

    Parsing thousands of models takes longer than a busy registry may leave access unchanged.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._drafts: list[Draft] = []
        self._prepared: Prepared | None = None

    async def run(self, calls: Calls) -> list[StoredModel]:
        """Store the models of a JSON array, in any order; answer all of them as they are stored.

        A model that the account has with the same JSON value stays as it is, so that an upload can
        be repeated.

        Raises:
            NotUtf8Error, NotJsonError, InvalidValueError: the body is no array of objects.
            ModelExistsError: the account has other models of the same ids; names them.
            ModelInvalidError: models are invalid or incomplete; names every violation.
            AccessChangedError: run it again.
        """
        self._drafts = self._drafts or await asyncio.to_thread(_drafts, self._body)
        if self._prepared is None or not await calls.read(_is_current, self._prepared):
            self._prepared = await _prepared(calls, self._drafts)
        if self._prepared is None:
            return await calls.search(_stored, [draft.dtmi for draft in self._drafts])
        return await calls.write(_store, self._prepared)


async def _prepared(calls: Calls, drafts: Sequence[Draft]) -> Prepared | None:
    """What is to be stored; None when everything is there already."""
    dtmis = [draft.dtmi for draft in drafts]
    known = await calls.read(models.versions, dtmis)
    new = _new(drafts, known)
    if not new:
        return None
    library, parsed = await _parse_with_stored(calls, new)
    based_on = {dtmi: known[dtmi].content if dtmi in known else None for dtmi in dtmis}
    based_on |= {row.dtmi: row.content for row in library.values()}
    return await asyncio.to_thread(_prepare, new, parsed, (dtmis, based_on))


def _drafts(body: bytes) -> list[Draft]:
    values = documents.parse_array(body, MOST_MODELS)
    if not values:
        raise InvalidValueError("The array must hold at least one model.", "")
    for position, value in enumerate(values):
        if not isinstance(value, dict):
            kind = documents.kind(value)
            raise InvalidValueError(f"A model must be a JSON object, not {kind}.", f"/{position}")
    texts = documents.item_texts(body)
    return [_draft(*item) for item in zip(range(len(values)), values, texts, strict=True)]


def _draft(position: int, value: dict[str, Any], text: str) -> Draft:
    from twinhold.dtdl import dtmi  # noqa: PLC0415 - see `LoadedModels.add`

    name = value.get("@id")
    known = name if isinstance(name, str) and dtmi.is_dtmi(name) else ""
    canonical = msgspec.json.encode(value, order="deterministic")
    return Draft(position, known, text, value, _digest(canonical))


def _new(drafts: Sequence[Draft], known: Mapping[str, VersionRow]) -> list[Draft]:
    """The drafts that are not stored yet.

    Raises:
        ModelExistsError: some are stored with another value.
    """
    there = [draft for draft in drafts if draft.dtmi in known]
    differing = [one.dtmi for one in there if known[one.dtmi].fingerprint != one.fingerprint]
    if differing:
        raise ModelExistsError(
            f"Other models of the same id exist: {models.listed(sorted(set(differing)))}."
        )
    return [draft for draft in drafts if draft.dtmi not in known]


async def _parse_with_stored(
    calls: Calls, drafts: Sequence[Draft]
) -> tuple[dict[str, DocumentRow], "ModelSet"]:
    """Parse drafts together with the stored models that they need, which are answered too."""
    from twinhold.dtdl import InvalidModelError  # noqa: PLC0415 - see `LoadedModels.add`

    library: dict[str, DocumentRow] = {}
    try:
        return library, await asyncio.to_thread(_parse, drafts, library)
    except InvalidModelError as error:
        if error.unresolved:
            library = await calls.search(_library, error.unresolved)
        if not library:
            raise _invalid(drafts, error) from None
    try:
        return library, await asyncio.to_thread(_parse, drafts, library)
    except InvalidModelError as error:
        raise _invalid(drafts, error) from None


def _parse(drafts: Sequence[Draft], library: Mapping[str, DocumentRow]) -> "ModelSet":
    from twinhold import dtdl  # noqa: PLC0415 - see `LoadedModels.add`

    def resolve(dtmis: Sequence[str]) -> list[object]:
        return [documents.decode(library[dtmi].document) for dtmi in dtmis if dtmi in library]

    parsed = dtdl.parse([draft.value for draft in drafts], resolve)
    own = {draft.dtmi for draft in drafts}
    inline = [dtmi for dtmi in parsed if dtmi not in own and dtmi not in library]
    if inline:
        raise ModelInvalidError(
            f"Interfaces are defined inside of others: {models.listed(inline)}. "
            "Each must be an item of the array."
        )
    return parsed


async def _library(
    transaction: Transaction, call: Call, dtmis: Sequence[str]
) -> dict[str, DocumentRow]:
    """Models of the account by id, and all that they depend on."""
    parameters = {"account": call.actor.account, "roots": models.names(dtmis)}
    rows = await transaction.all(stored.DOCUMENTS, parameters)
    return {row[0]: DocumentRow._make(row) for row in rows}


def _invalid(drafts: Sequence[Draft], error: "InvalidModelError") -> ModelInvalidError:
    shown = error.violations[:_MOST_VIOLATIONS]
    lines = [_line(drafts, violation) for violation in shown]
    problems = [
        Problem(_place(drafts, violation), violation.message)
        for violation in shown
        if violation.document < len(drafts)
    ]
    more = len(error.violations) - _MOST_VIOLATIONS
    if more > 0:
        lines.append(f"And {more} more.")
    count = len(error.violations)
    what = "1 violation" if count == 1 else f"{count} violations"
    message = "\n".join([f"The models have {what}; nothing is stored.", *lines])
    return ModelInvalidError(message, problems)


def _line(drafts: Sequence[Draft], violation: "Violation") -> str:
    """A violation with its place in the body; what a stored model says has none."""
    place = violation.dtmi
    if violation.document < len(drafts):
        place += f" at {_place(drafts, violation)}"
    return f"{place.strip()}: {violation.code}: {violation.message}"


def _place(drafts: Sequence[Draft], violation: "Violation") -> str:
    """A JSON pointer into the body."""
    return f"/{drafts[violation.document].position}{violation.pointer}"


def _prepare(
    drafts: Sequence[Draft], parsed: "ModelSet", base: tuple[list[str], dict[str, str | None]]
) -> Prepared:
    contents, rows, edges, ancestors = [], [], [], []
    for draft in drafts:
        interface = parsed[draft.dtmi].interface
        content = _content(draft, interface)
        contents.append(content)
        rows.append((draft.dtmi, draft.fingerprint, content[0]))
        edges += edges_of(interface)
        ancestors += [(ancestor, draft.dtmi) for ancestor in interface.ancestors]
    return Prepared(*base, _rows(contents), _rows(rows), _rows(edges), _rows(ancestors))


def _content(draft: Draft, interface: "Interface") -> tuple[str, ...]:
    """The row of a content."""
    compiled, notes = interface.dump(), interface.notes
    return (
        content_digest(draft.text, compiled),
        draft.text,
        compiled.hex(),
        msgspec.json.encode(notes.display_name).decode(),
        msgspec.json.encode(notes.description).decode(),
    )


def content_digest(document: str, compiled: bytes) -> str:
    """What a content is known by.

    What a model is compiled to depends on what it extends; so the digest is of both, and accounts
    share a row only where both are the same.
    """
    return _digest(document.encode() + b"\0" + compiled)


def edges_of(interface: "Interface") -> list[tuple[str, str, str]]:
    """What a model depends on directly: its id, the other's, and `extends` or `component`."""
    extended = set(interface.extends)
    components = set(interface.depends_on) - extended
    return [(interface.dtmi, dtmi, "extends") for dtmi in extended] + [
        (interface.dtmi, dtmi, "component") for dtmi in components
    ]


async def _store(transaction: Transaction, call: Call, prepared: Prepared) -> list[StoredModel]:
    """Store what was prepared, when nothing that it is based on has changed."""
    await transaction.run(ALONE, {})
    if not await _is_current(transaction, call, prepared):
        raise AccessChangedError("Models have changed during the upload.")
    owner = {"account": call.actor.account}
    await transaction.run(stored.INSERT_CONTENTS, {"rows": prepared.contents})
    await transaction.run(stored.INSERT_MODELS, owner | {"rows": prepared.models, "now": call.now})
    await transaction.run(stored.INSERT_EDGES, owner | {"rows": prepared.edges})
    await transaction.run(stored.INSERT_ANCESTORS, owner | {"rows": prepared.ancestors})
    await transaction.change_access()
    return await _stored(transaction, call, prepared.dtmis)


async def _is_current(transaction: Transaction, call: Call, prepared: Prepared) -> bool:
    """Whether the models that an upload is based on are as they were."""
    now = await models.versions(transaction, call, prepared.based_on)
    contents = {dtmi: version.content for dtmi, version in now.items()}
    return all(contents.get(dtmi) == content for dtmi, content in prepared.based_on.items())


async def _stored(transaction: Transaction, call: Call, dtmis: Sequence[str]) -> list[StoredModel]:
    """Models in the order in which they are named."""
    parameters = {"account": call.actor.account, "dtmis": models.names(dtmis), "whole": False}
    rows = await transaction.all(stored.SELECT_SOME, parameters)
    found = {row[0]: StoredModel._make(row) for row in rows}
    return [found[dtmi] for dtmi in dtmis]


def _rows(rows: Sequence[tuple[str, ...]]) -> str:
    return msgspec.json.encode(rows).decode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
