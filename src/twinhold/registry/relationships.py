"""Relationships: edges from one twin of an account to another, as the source's model has them.

An edge is seen by whoever sees both its ends, and changed by whoever may change its source.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from twinhold.registry import access, documents, modelled_twins, validation
from twinhold.registry.errors import (
    ModelNotFoundError,
    Problem,
    RelationshipInvalidError,
    RelationshipNotFoundError,
    TwinRelatedError,
    quoted,
)
from twinhold.registry.ledgers import gathering
from twinhold.registry.models import get as get_model
from twinhold.registry.principal import Call
from twinhold.registry.twins import require_alive
from twinhold.registry.validation import Deviations, Validation
from twinhold.store import Transaction
from twinhold.store import relationships as stored
from twinhold.store.relationships import Edge, EdgeRow
from twinhold.store.shape import NOTHING, Shape
from twinhold.store.twins import Facts

if TYPE_CHECKING:
    from twinhold.dtdl import Model, Relationship

Direction = Literal["outgoing", "incoming"]
LONGEST_ID = 1024
_ID = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{LONGEST_ID}}}")
_STATEMENTS = {"outgoing": stored.OUTGOING, "incoming": stored.INCOMING}
_ALONE = {"outgoing": stored.OUTGOING_ALONE, "incoming": stored.INCOMING_ALONE}


class Draft(msgspec.Struct, frozen=True):
    """A relationship as a client wants it.

    Attributes:
        source: the id of the twin that it leaves.
        target: the id of the twin that it arrives at.
        name: as the source's model has it.
        properties: of the edge, nothing checked yet.
        id: the one to give it; empty to derive it.
        validation: how far its properties must follow the model.
    """

    source: str
    target: str
    name: str
    properties: Any = msgspec.field(default_factory=dict)
    id: str = ""
    validation: Validation = "strict"


class Paths(msgspec.Struct, frozen=True):
    """Which relationships of a twin are meant, seen from it.

    Attributes:
        directions: those that leave it, those that arrive at it, or both.
        names: empty for any.
        models: of the twins at the other ends; None for any.
    """

    directions: tuple[Direction, ...]
    names: tuple[str, ...] = ()
    models: tuple[str, ...] | None = None

    @property
    def is_named(self) -> bool:
        """Whether they have to be of some names."""
        return bool(self.names)

    @property
    def is_modelled(self) -> bool:
        """Whether the twins at the other ends have to be of some models."""
        return self.models is not None

    @property
    def parameters(self) -> dict[str, str]:
        """Names and models, as statements take them."""
        return {
            "names": msgspec.json.encode(self.names).decode(),
            "related": msgspec.json.encode(self.models or ()).decode(),
        }


class Ends(NamedTuple):
    """The twins at the ends of an edge."""

    source: Facts
    target: Facts


class Fit(NamedTuple):
    """The kind of relationship that a draft is one of, and where it does not follow it."""

    kind: "Relationship"
    deviations: Deviations | None


class Written(NamedTuple):
    """A relationship in the shape asked for, and where it does not follow its kind."""

    document: str
    deviations: Deviations | None


async def put(transaction: Transaction, call: Call, draft: Draft, shape: Shape) -> Written:
    """Make a relationship; one of the same ends, name and properties is made only once.

    Raises:
        TwinNotFoundError, TwinForbiddenError, NotOwnerError: a twin at an end is not the account's.
        TwinTerminatedError: the source never changes again.
        RelationshipInvalidError: the model of the source has no such relationship.
    """
    if draft.id:
        require_id(draft.id)
    found = await modelled_twins.find_pair_to_change(transaction, call, draft.source, draft.target)
    ends = Ends(*found)
    require_alive(ends.source)
    fit = await fitting(transaction, call, draft, ends)
    properties = _kept(draft.properties)
    relationship = draft.id or await _id(transaction, draft, ends, properties)
    await _require_room(transaction, fit.kind, ends, relationship)
    row = await transaction.one(
        stored.PUT.shaped(shape), edge(draft, ends, relationship)._asdict() | {"now": call.now}
    )
    if row is None:
        raise RuntimeError("A statement that puts a relationship answered none.")
    return Written(row[0], fit.deviations)


def check_id(text: object, pointer: str = "/id") -> list[Problem]:
    """What is wrong with the id of a relationship: it has 1 to 1024 characters, none of control."""
    if isinstance(text, str) and _ID.fullmatch(text):
        return []
    what = quoted(text) if isinstance(text, str) else documents.kind(text)
    message = f"The id must have 1 to {LONGEST_ID} printable characters, not {what}."
    return [Problem(pointer, message)]


def require_id(id_: str) -> None:
    """Let only the id of a relationship pass.

    Raises:
        RelationshipInvalidError: it is none.
    """
    problems = check_id(id_)
    if problems:
        raise RelationshipInvalidError(problems)


def edge(draft: Draft, ends: Ends, relationship: str) -> EdgeRow:
    """What is kept of a draft that is as it must be."""
    return EdgeRow(
        source=ends.source.uuid,
        relationship=relationship,
        name=draft.name,
        target=ends.target.uuid,
        source_id=ends.source.id or "",
        target_id=ends.target.id or "",
        properties=_kept(draft.properties),
    )


async def get(transaction: Transaction, call: Call, twin: str, id_: str, shape: Shape) -> str:
    """Read a relationship, found at its source.

    Raises:
        TwinNotFoundError, TwinForbiddenError: the source does not exist or is hidden.
        RelationshipNotFoundError: it has no such relationship, or the other end is hidden.
    """
    source = await modelled_twins.find(transaction, call, twin)
    row = await transaction.one(
        stored.SELECT_WITH_TARGET.shaped(shape), {"source": source.uuid, "relationship": id_}
    )
    ends = [] if row is None else [row[stored.FACTS_START :]]
    targets = await gathering.twins_of(transaction, call, ends)
    if row is None or not access.sees_twin(call, targets[0]):
        raise _not_found(id_)
    document: str = row[1]
    return document


async def get_all(
    transaction: Transaction, call: Call, twin: str, direction: Direction, shape: Shape
) -> list[str]:
    """The relationships that leave a twin or arrive at it, in the order of their ids.

    Raises:
        TwinNotFoundError, TwinForbiddenError: the twin does not exist or is hidden.
    """
    facts = await modelled_twins.find(transaction, call, twin)
    found = await of_twins(transaction, call, [facts.uuid], direction, shape)
    return found[facts.uuid]


async def of_twins(
    transaction: Transaction, call: Call, uuids: Sequence[str], direction: Direction, shape: Shape
) -> dict[str, list[str]]:
    """The relationships of each of some twins, in one statement."""
    sought = {"uuids": msgspec.json.encode(uuids).decode()}
    found: dict[str, list[str]] = {uuid: [] for uuid in uuids}
    if access.sees_all_own(call.actor):  # both ends of an edge are of one account
        for uuid, document in await transaction.all(_ALONE[direction].shaped(shape), sought):
            found[uuid].append(document)
        return found
    rows = await transaction.all(_STATEMENTS[direction].shaped(shape), sought)
    ends = (row[stored.FACTS_START :] for row in rows)
    others = await gathering.twins_of(transaction, call, ends)
    for row, other in zip(rows, others, strict=True):
        if access.sees_twin(call, other):
            found[row[0]].append(row[1])
    return found


async def related(
    transaction: Transaction, call: Call, uuids: Sequence[str], paths: Paths
) -> set[str]:
    """Those of some twins that have such a relationship with a twin that the caller may see."""
    found = set[str]()
    parameters = {"owner": call.actor.account, "uuids": msgspec.json.encode(uuids).decode()}
    for direction in paths.directions:
        statement = stored.ends(direction, named=paths.is_named, modelled=paths.is_modelled)
        rows = await transaction.all(statement.shaped(NOTHING), paths.parameters | parameters)
        others = await gathering.twins_of(transaction, call, (row[1:] for row in rows))
        seen = zip(rows, others, strict=True)
        found |= {row[0] for row, other in seen if access.sees_twin(call, other)}
    return found


async def delete(transaction: Transaction, call: Call, twin: str, id_: str) -> None:
    """Remove a relationship, found at its source.

    Raises:
        TwinNotFoundError, TwinForbiddenError, NotOwnerError, TwinTerminatedError: the source may
            not be changed.
        RelationshipNotFoundError: it has no such relationship.
    """
    source = await modelled_twins.find_to_change(transaction, call, twin)
    row = await transaction.one(stored.DELETE, {"source": source.uuid, "relationship": id_})
    if row is None:
        raise _not_found(id_)


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Remove the relationships that leave a twin or arrive at it."""
    for statement in (stored.DELETE_OUTGOING, stored.DELETE_INCOMING):
        await transaction.run(statement, {"uuid": twin})


async def require_none(transaction: Transaction, twin: Facts) -> None:
    """Let only a twin pass that has no relationships.

    Raises:
        TwinRelatedError: it has some.
    """
    if await transaction.one(stored.OF_TWIN, {"uuid": twin.uuid}):
        raise TwinRelatedError(f"The twin {quoted(twin.id or twin.uuid)} has relationships.")


async def fitting(transaction: Transaction, call: Call, draft: Draft, ends: Ends) -> Fit:
    """The kind of relationship in the model of the source, when a draft follows it as it must.

    Raises:
        RelationshipInvalidError: it does not; names every violation.
    """
    if ends.source.uuid == ends.target.uuid:
        raise _invalid("/targetId", "A twin cannot have a relationship with itself.")
    source = await _model_of(transaction, call, ends.source, "/sourceId")
    kind = kind_of(draft, source)
    target = None
    if kind.target:
        target = await _model_of(transaction, call, ends.target, "/targetId")
    return Fit(kind, check(draft, source, target))


def kind_of(draft: Draft, source: "Model") -> "Relationship":
    """The kind of relationship that the model of the source has.

    Raises:
        RelationshipInvalidError: it has none of the name.
    """
    kind = source.relationships.get(draft.name)
    if kind is None:
        known = ", ".join(sorted(source.relationships)) or "none"
        raise _invalid(
            "/name",
            f"The model {source.dtmi} has no relationship {quoted(draft.name)}; it has: {known}.",
        )
    return kind


def check(draft: Draft, source: "Model", target: "Model | None") -> Deviations | None:
    """Let only a draft pass that follows the kind that the model of its source has, as it must.

    Answers where the properties of one that passes do not.

    Raises:
        RelationshipInvalidError: it does not; names every violation.
    """
    kind = kind_of(draft, source)
    violations_of = partial(source.validate_relationship, draft.name)
    found, deviations = validation.judge(
        draft.validation, draft.properties, violations_of, "/properties"
    )
    problems = list(found)
    if kind.target and target is not None and not target.is_a(kind.target):
        message = f"{draft.name} leads to {kind.target}, and the target is a {target.dtmi}."
        problems.append(Problem("/targetId", message))
    if problems:
        raise RelationshipInvalidError(problems)
    return deviations


async def _model_of(transaction: Transaction, call: Call, twin: Facts, pointer: str) -> "Model":
    """The model of a twin, which may have been deleted since.

    Raises:
        RelationshipInvalidError: it has been.
    """
    try:
        return await get_model(transaction, call, twin.model or "")
    except ModelNotFoundError as error:
        raise _invalid(
            pointer, f"{error.message} The twin {quoted(twin.id or '')} needs it."
        ) from None


def _kept(properties: dict[str, Any]) -> str | None:
    """Properties as they are kept: those that are set, in the order of their names."""
    kept = {
        name: value
        for name, value in properties.items()
        if value is not None and name != validation.METADATA
    }
    return msgspec.json.encode(kept, order="sorted").decode() if kept else None


async def _id(transaction: Transaction, draft: Draft, ends: Ends, properties: str | None) -> str:
    """The id of the edge: that of the same one if it is there, else one that is free."""
    rows = await transaction.all(
        stored.BETWEEN,
        {"source": ends.source.uuid, "target": ends.target.uuid, "name": draft.name},
    )
    for edge in map(Edge._make, rows):
        if edge.properties == properties:
            return edge.relationship
    derived = _derived(draft, ends, properties)
    place = {"source": ends.source.uuid, "relationship": derived}
    taken = await transaction.one(stored.SELECT, place)
    # Names and ids may hold underscores, so two edges can derive the same id.
    return derived if taken is None else f"{derived}_{_digest(draft.name, ends.target.uuid)}"


def _derived(draft: Draft, ends: Ends, properties: str | None) -> str:
    """An id by the vendor's pattern: source, name, properties by name, target (spec 5 and 9)."""
    kept = {} if properties is None else documents.decode(properties)
    parts = [part for name in sorted(kept) for part in (name, _text(kept[name]))]
    source, target = ends.source.id or "", ends.target.id or ""
    whole = "_".join([source, draft.name, *parts, target])
    if _ID.fullmatch(whole):
        return whole
    return "_".join([source, draft.name, _digest(*parts), target])


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


async def _require_room(
    transaction: Transaction, kind: "Relationship", ends: Ends, relationship: str
) -> None:
    """Let only a source pass that may have this edge beside its others of the name.

    Raises:
        RelationshipInvalidError: it has as many as its model allows.
    """
    most = kind.max_multiplicity
    if most is None:
        return
    place = {"source": ends.source.uuid, "name": kind.name, "relationship": relationship}
    row = await transaction.one(stored.COUNT_OTHERS, place)
    if row is not None and row[0] >= most:
        raise _invalid("/name", f"The source may have at most {most} of {kind.name}.")


def _invalid(pointer: str, message: str) -> RelationshipInvalidError:
    return RelationshipInvalidError([Problem(pointer, message)])


def _not_found(id_: str) -> RelationshipNotFoundError:
    return RelationshipNotFoundError(f"The relationship {quoted(id_)} does not exist.")
