"""The model face of twins: put, read and patch twins that follow a model.

An id of the model dialects is the name of a twin of the caller's account, from which its UUID is
made, or else the UUID of a twin (design: "One twin, two faces").
"""

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from twinhold.registry import (
    access,
    attribute_indexes,
    capabilities,
    contents,
    documents,
    ids,
    json_patch,
)
from twinhold.registry.errors import (
    InvalidValueError,
    PreconditionFailedError,
    Problem,
    TwinInvalidError,
    TwinNotFoundError,
    quoted,
)
from twinhold.registry.json_patch import PatchOperation
from twinhold.registry.ledgers import gathering
from twinhold.registry.principal import Call
from twinhold.registry.twins import require_alive
from twinhold.registry.validation import Deviations, Validation
from twinhold.store import Transaction
from twinhold.store import modelled_twins as stored
from twinhold.store.shape import NOTHING, Shape
from twinhold.store.statement import Statement
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.dtdl import Model

_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")
_PUT_ATTEMPTS = 3
_OF_CONTENTS = frozenset({"CONTENTS", "twin_updated_ts"})
"""What rules read that changes with the contents of a twin."""
_TO_CHANGE = stored.SELECT_FOR_UPDATE.shaped(NOTHING)
_SOME_TO_CHANGE = stored.SELECT_SOME_FOR_UPDATE.shaped(NOTHING)


class Draft(msgspec.Struct, frozen=True):
    """A twin as a client wants it; nothing of it is checked yet.

    Attributes:
        validation: how far its contents must follow its model.
    """

    id: str
    model: str
    contents: Any
    validation: Validation = "strict"


class Condition(msgspec.Struct, frozen=True):
    """What must hold for a change (RFC 9110, section 13.1).

    Attributes:
        versions: the twin is in one of these; None asks nothing.
        exists: whether the twin is there; None asks nothing.
    """

    versions: frozenset[int] | None = None
    exists: Literal[True, False] | None = None


ALWAYS = Condition()


class Patch(msgspec.Struct, frozen=True):
    """A JSON Patch on the document `{"modelId", "contents"}` of a twin.

    Attributes:
        validation: how far the contents that come out must follow the model.
    """

    id: str
    operations: list[PatchOperation]
    condition: Condition = ALWAYS
    validation: Validation = "strict"


class Face(NamedTuple):
    """What is kept of the model face: its contents as JSON."""

    id: str
    model: str
    contents: str
    external_id: str | None


class Checked(NamedTuple):
    """What is kept of a draft, and where that does not follow its model."""

    face: Face
    deviations: Deviations | None


class Written(NamedTuple):
    """A twin in the shape asked for.

    Attributes:
        version: when it was changed last.
        deviations: where it does not follow its model, if it was put and that was looked for.
    """

    document: str
    version: int
    deviations: Deviations | None = None


def check_id(text: object, pointer: str = "/id") -> list[Problem]:
    """What is wrong with the id of a twin: it has 1 to 128 characters, none of control."""
    if isinstance(text, str) and _ID.fullmatch(text):
        return []
    what = quoted(text) if isinstance(text, str) else documents.kind(text)
    return [Problem(pointer, f"The id must have 1 to 128 printable characters, not {what}.")]


async def check(transaction: Transaction, call: Call, draft: Draft) -> Checked:
    """What is kept of a draft, when all of it is as it must be.

    It reads the model and no twin, so that no write has to wait for it; it counts as long as access
    does not change.

    Raises:
        TwinInvalidError: its id, model or contents are not what they must be; names all that is.
        DocumentTooLargeError: the contents are too large to be kept.
    """
    require_id(draft.id)
    model = await contents.model_of(transaction, call, draft.model)
    return checked(draft, model, call.now)


async def put(
    transaction: Transaction, call: Call, face: Face, shape: Shape, condition: Condition = ALWAYS
) -> Written:
    """Create a twin, or replace the model and contents of one; its relationships stay.

    Args:
        transaction: the transaction.
        call: who asks.
        face: what `check` has answered.
        shape: of the answer.
        condition: what must hold of the twin that is there.

    Raises:
        PermissionDeniedError: the caller may not create, or not update.
        TwinForbiddenError, NotOwnerError, TwinTerminatedError: there is a twin that may not change.
        PreconditionFailedError: the condition does not hold.
    """
    if condition is ALWAYS and (written := await _replace(transaction, call, face, shape)):
        return written
    for _ in range(_PUT_ATTEMPTS):
        twin = await _find(transaction, call, face.id, _TO_CHANGE)
        if twin is not None:
            access.require_permission(call.actor, "update_twin")
            require_change(call, twin, condition)
            return await _update(transaction, call, twin, face, shape)
        access.require_permission(call.actor, "create_twin")
        _require_absent(face.id, condition)
        made = await _insert(transaction, call, face, shape)
        if made is not None:
            return made
    raise RuntimeError("A twin can neither be found nor inserted.")


async def get(transaction: Transaction, call: Call, id_: str, shape: Shape) -> Written:
    """Read a twin that has a model face.

    Raises:
        TwinNotFoundError: there is none of this id.
        TwinForbiddenError: the caller may not see it.
    """
    twin = await find(transaction, call, id_, shape)
    return Written(twin.document, twin.updated)


async def get_some(
    transaction: Transaction, call: Call, wanted: Iterable[str], shape: Shape
) -> list[Facts]:
    """Those of some twins that there are and that the caller may see, in the order asked for."""
    found = await find_each(transaction, call, wanted, shape)
    return list({twin.uuid: twin for twin in found.values()}.values())


async def patch(transaction: Transaction, call: Call, change: Patch, shape: Shape) -> Written:
    """Change parts of a twin by a JSON Patch on `{"modelId", "contents"}`; all of it or nothing.

    Raises:
        InvalidValueError: an operation cannot be applied.
        TwinInvalidError: what comes out does not conform to the model.
        TwinNotFoundError, TwinForbiddenError, NotOwnerError, TwinTerminatedError: the twin may not
            be changed.
        PreconditionFailedError: the condition does not hold.
    """
    twin = await find_to_change(transaction, call, change.id, change.condition)
    document = {"modelId": twin.model, "contents": documents.decode(twin.contents or "{}")}
    changed = json_patch.apply(document, change.operations)
    dtmi = changed.get("modelId") if isinstance(changed, dict) else None
    if not isinstance(dtmi, str):
        raise InvalidValueError("The patch must leave the twin with a modelId that is a text.", "")
    held = changed.get("contents", {})
    draft = Draft(twin.id or change.id, dtmi, held, change.validation)
    face, deviations = await check(transaction, call, draft)
    written = await _update(transaction, call, twin, face, shape)
    return written._replace(deviations=deviations)


async def find(transaction: Transaction, call: Call, id_: str, shape: Shape = NOTHING) -> Facts:
    """A twin of an id that has a model face and that the caller may see.

    Raises:
        TwinNotFoundError: there is none of this id.
        TwinForbiddenError: the caller may not see it.
    """
    twin = _required(await _find(transaction, call, id_, stored.SELECT.shaped(shape)), id_)
    access.require_twin(call, twin)
    return twin


async def find_each(
    transaction: Transaction, call: Call, wanted: Iterable[str], shape: Shape = NOTHING
) -> dict[str, Facts]:
    """Those of some twins that there are and that the caller may see, by the ids asked for."""
    twins = await _find_some(transaction, call, wanted, stored.SELECT_SOME.shaped(shape))
    return {
        id_: twin
        for id_, twin in twins.items()
        if twin and twin.id is not None and access.sees_twin(call, twin)
    }


def uuids_of(call: Call, id_: str) -> tuple[str, str]:
    """The UUID of the twin of a name, and the one that is given instead of a name."""
    named = ids.named_twin_uuid(call.actor.account, id_)
    if len(id_) != len(named):
        return named, named
    lowered = id_.lower()
    return named, lowered if ids.is_uuid(lowered) else named


async def find_to_change(
    transaction: Transaction, call: Call, id_: str, condition: Condition = ALWAYS
) -> Facts:
    """A twin that the caller may change, held until the transaction ends.

    Raises:
        TwinNotFoundError: there is none of this id.
        TwinForbiddenError, NotOwnerError, TwinTerminatedError: it may not be changed.
        PreconditionFailedError: the condition does not hold.
    """
    twin = _required(await _find(transaction, call, id_, _TO_CHANGE), id_)
    require_change(call, twin, condition)
    return twin


async def find_pair_to_change(
    transaction: Transaction, call: Call, one: str, other: str
) -> tuple[Facts, Facts]:
    """Two twins of the caller's account, held until the transaction ends.

    Raises:
        TwinNotFoundError: one of them does not exist in the account.
        TwinForbiddenError: the caller may not see one of them.
    """
    found = await find_some_to_change(transaction, call, (one, other))
    return require_end(call, found[one], one), require_end(call, found[other], other)


async def find_some_to_change(
    transaction: Transaction, call: Call, wanted: Iterable[str]
) -> dict[str, Facts | None]:
    """The twins of some ids, held until the transaction ends, whether they may be changed or not.

    One that is not there, or has no model face, may be in it all the same.
    """
    return await _find_some(transaction, call, wanted, _SOME_TO_CHANGE)


async def hold_all(
    transaction: Transaction, call: Call, uuids: Collection[str]
) -> dict[str, Facts]:
    """Those of some UUIDs that are twins, held until the transaction ends."""
    return await _find_all(transaction, call, uuids, _SOME_TO_CHANGE)


async def find_all(
    transaction: Transaction, call: Call, uuids: Collection[str]
) -> dict[str, Facts]:
    """Those of some UUIDs that are twins, whether the caller may see them or not."""
    return await _find_all(transaction, call, uuids, stored.SELECT_SOME.shaped(NOTHING))


def require_end(call: Call, twin: Facts | None, id_: str) -> Facts:
    """Let only a twin pass at which a relationship of the caller's account may end.

    Raises:
        TwinNotFoundError: it does not exist in the account.
        TwinForbiddenError: the caller may not see it.
        NotOwnerError: another account owns it.
    """
    found = _required(twin, id_)
    access.require_twin(call, found)
    access.require_ownership(call, found)
    return found


async def _find_some(
    transaction: Transaction, call: Call, wanted: Iterable[str], statement: Statement
) -> dict[str, Facts | None]:
    """The twin of each of some names or UUIDs, whether it has a model face or not."""
    uuids = {id_: uuids_of(call, id_) for id_ in wanted}
    sought = {uuid for pair in uuids.values() for uuid in pair}
    found = await _find_all(transaction, call, sought, statement)
    return {id_: found.get(named) or found.get(given) for id_, (named, given) in uuids.items()}


async def _find_all(
    transaction: Transaction, call: Call, uuids: Collection[str], statement: Statement
) -> dict[str, Facts]:
    """Twins by their UUIDs."""
    sought = msgspec.json.encode(sorted(uuids)).decode()
    rows = await transaction.all(statement, {"uuids": sought})
    return {twin.uuid: twin for twin in await gathering.twins_of(transaction, call, rows)}


async def _find(
    transaction: Transaction, call: Call, id_: str, statement: Statement
) -> Facts | None:
    """The twin of a name or UUID, whether it has a model face or not."""
    named, given = uuids_of(call, id_)
    rows = await transaction.all(statement, {"named": named, "given": given})
    if not rows:
        return None
    row = next((row for row in rows if row[0] == named), rows[0])
    return await gathering.twin_of(transaction, call, row)


def _required(twin: Facts | None, id_: str) -> Facts:
    if twin is None or twin.id is None:
        raise TwinNotFoundError(f"The twin {quoted(id_)} does not exist, or has no model.")
    return twin


def require_change(call: Call, twin: Facts, condition: Condition = ALWAYS) -> None:
    """Let only a twin pass that the caller may change now.

    Raises:
        TwinForbiddenError, NotOwnerError, TwinTerminatedError: it may not be changed.
        PreconditionFailedError: the condition does not hold.
    """
    access.require_twin(call, twin)
    access.require_ownership(call, twin)
    require_alive(twin)
    if condition.exists is False:
        raise PreconditionFailedError(f"The twin {quoted(twin.id or twin.uuid)} exists.")
    if condition.versions is not None and twin.updated not in condition.versions:
        raise PreconditionFailedError("The twin has changed since it was read.")


def _require_absent(id_: str, condition: Condition) -> None:
    if condition.exists or condition.versions is not None:
        raise PreconditionFailedError(f"The twin {quoted(id_)} does not exist.")


def require_id(id_: str) -> None:
    """Let only the id of a twin pass.

    Raises:
        TwinInvalidError: it is none.
    """
    problems = check_id(id_)
    if problems:
        raise TwinInvalidError(problems)


def checked(draft: Draft, model: "Model", now: int) -> Checked:
    """What is kept of a draft with a good id, when its contents follow its model as they must.

    Raises:
        TwinInvalidError: they do not; names every violation.
        DocumentTooLargeError: they are too large to be kept.
    """
    deviations = contents.check(model, draft.contents, draft.validation)
    return Checked(face(draft, model, now), deviations)


def face(draft: Draft, model: "Model", now: int) -> Face:
    """What is kept of a draft whose contents follow its model.

    Raises:
        DocumentTooLargeError: they are too large to be kept.
    """
    kept = contents.kept(model, draft.contents, now)
    external_id = capabilities.external_id(model, draft.contents)
    return Face(draft.id, draft.model, kept, external_id)


async def _replace(
    transaction: Transaction, call: Call, face: Face, shape: Shape
) -> Written | None:
    """A named twin with other contents, in one statement; None where more has to be looked at.

    What the caller may not do is refused when it is done, and undone with the transaction; so this
    is only for callers whose rule reads nothing that is changed here.
    """
    rule = call.actor.twin_rule
    if rule is not None and not rule.variables.isdisjoint(_OF_CONTENTS):
        return None
    uuid = ids.named_twin_uuid(call.actor.account, face.id)
    row = await transaction.one(stored.REPLACE_CONTENTS.shaped(shape), _columns(call, uuid, face))
    if row is None:
        return None
    access.require_permission(call.actor, "update_twin")
    twin = await gathering.twin_of(transaction, call, row)
    access.require_twin(call, twin)
    return Written(twin.document, twin.updated)


async def _insert(transaction: Transaction, call: Call, face: Face, shape: Shape) -> Written | None:
    """A new twin; None when somebody else was quicker."""
    owner = call.actor.account
    uuid = ids.named_twin_uuid(owner, face.id)
    row = await transaction.one(stored.INSERT.shaped(shape), _columns(call, uuid, face))
    if row is None:
        return None
    await attribute_indexes.put(transaction, owner, uuid, call.actor.indexes.kept, None)
    return Written(row[0], call.now)


async def _update(
    transaction: Transaction, call: Call, twin: Facts, face: Face, shape: Shape
) -> Written:
    """The twin with another face; a twin that had none is known by its UUID from now on."""
    kept = face._replace(id=twin.id or twin.uuid)
    indexed = (kept.id, kept.model, kept.external_id)
    same = indexed == (twin.id, twin.model, twin.external_id)
    statement = stored.UPDATE_CONTENTS if same else stored.UPDATE
    row = await transaction.one(statement.shaped(shape), _columns(call, twin.uuid, kept))
    if row is None:
        raise RuntimeError("A twin that is held has gone.")
    return Written(row[0], call.now)


def _columns(call: Call, uuid: str, face: Face) -> dict[str, object]:
    """What the caller's account keeps of a twin now."""
    return {
        "uuid": uuid,
        "owner": call.actor.account,
        "now": call.now,
        "id": face.id,
        "model": face.model,
        "contents": face.contents,
        "external_id": face.external_id,
    }
