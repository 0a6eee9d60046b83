"""Twins, relationships and models as lines of an exchange file: the JSON forms of Azure.

Source: spec/azure-digital-twins.md 2, "Jobs". What a registry decides for itself (times, ETags) is
left out when a line is written and passed over when one is read, so that a line says the same
wherever it comes from.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import msgspec

from twinhold.registry import documents, modelled_twins, relationships
from twinhold.registry.documents import kind
from twinhold.registry.errors import (
    InvalidValueError,
    Problem,
    RelationshipInvalidError,
    TwinInvalidError,
)
from twinhold.registry.validation import METADATA
from twinhold.store.relationships import EdgeRow

if TYPE_CHECKING:
    from twinhold.dtdl import Model

_OWN = "$"
_MODEL = re.compile(rb'"\$model"\s*:\s*"([^"]*)"')
_OFTEN = 200
"""Lines after which the type of their model is made, which costs as much as it saves in as many."""
_UPDATED = "$lastUpdateTime"
_PLACES = {
    "/id": "/$dtId",
    "/modelId": f"/{METADATA}/$model",
    "/contents": "",
    "/properties": "",
    "/name": "/$relationshipName",
    "/sourceId": "/$sourceId",
    "/targetId": "/$targetId",
}
_FIRST = re.compile(r"/[^/]*")
_encode = msgspec.json.Encoder().encode


def read_twin(line: bytes) -> modelled_twins.Draft:
    """The twin in a line.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the line is no JSON object.
        TwinInvalidError: its id or model is missing; points at members of the line.
    """
    members = _object(line)
    id_, metadata = members.get("$dtId"), members.get(METADATA)
    model = metadata.get("$model") if isinstance(metadata, dict) else None
    problems = modelled_twins.check_id(id_, "/$dtId")
    if not isinstance(model, str) or not model:
        message = "The $model must be the DTMI of a model."
        problems.append(Problem(f"/{METADATA}/$model", message))
    if problems:
        raise TwinInvalidError(problems)
    return modelled_twins.Draft(str(id_), str(model), _others(members))


class ConformingTwins:
    """Reads lines of twins that follow their models, each in half the time of those that may not.

    Whoever reads other lines of twins tells of their models: what comes often is known from then
    on. Such a line is decoded into the type of its model, which checks it on the way, and must have
    had no member that is not decoded or that another one of the same name replaced.
    """

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()
        self._known: dict[bytes, tuple[Model, Callable[[bytes], dict[str, Any]]]] = {}

    def read(self, line: bytes) -> "tuple[modelled_twins.Draft, Model] | None":
        """The twin in a line and its model; None where the line has to be looked at closer."""
        named = _MODEL.search(line)
        known = None if named is None else self._known.get(named[1])
        if known is None:
            return None
        model, decode = known
        try:
            members = decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if not documents.says_all(members, line):
            return None
        id_, metadata = members.pop("$dtId", None), members.pop(METADATA, None)
        if metadata is None or modelled_twins.check_id(id_):
            return None
        return modelled_twins.Draft(str(id_), model.dtmi, members), model

    def meet(self, model: "Model") -> None:
        """Take notice of a model that a line follows."""
        dtmi = model.dtmi
        self._met[dtmi] += 1
        if self._met[dtmi] == _OFTEN:
            metadata = TypedDict("metadata", {"$model": Literal[dtmi]})  # type: ignore[valid-type]
            line = model.decoded_type({"$dtId": str, METADATA: metadata})
            self._known[dtmi.encode()] = model, msgspec.json.Decoder(line).decode


def write_twin(id_: str, model: str, contents: str) -> str:
    """The line of a twin, whose contents are as they are kept."""
    if f'"{METADATA}"' in contents:
        held = {name: _untimed(value) for name, value in documents.decode(contents).items()}
        contents = _text(held)
    more = f",{contents[1:]}" if len(contents) > len("{}") else "}"
    return f'{{"$dtId":{_text(id_)},"{METADATA}":{{"$model":{_text(model)}}}{more}'


def read_relationship(line: bytes) -> relationships.Draft:
    """The relationship in a line, which may name its source as `$sourceId` or `$dtId`.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the line is no JSON object.
        RelationshipInvalidError: an end, the name or the id is missing or no text.
    """
    members = _object(line)
    source = members.get("$sourceId", members.get("$dtId"))
    target, name = members.get("$targetId"), members.get("$relationshipName")
    id_ = members.get("$relationshipId")
    texts = {"$sourceId": source, "$targetId": target, "$relationshipName": name}
    problems = [
        Problem(f"/{member}", f"The {member} must be a text, not {kind(text)}.")
        for member, text in texts.items()
        if not isinstance(text, str)
    ]
    if id_ is not None:
        problems += relationships.check_id(id_, "/$relationshipId")
    if problems:
        raise RelationshipInvalidError(problems)
    properties = _others(members)
    return relationships.Draft(str(source), str(target), str(name), properties, id_ or "")


def write_relationship(edge: EdgeRow) -> str:
    """The line of a relationship."""
    members = {
        "$relationshipId": edge.relationship,
        "$sourceId": edge.source_id,
        "$targetId": edge.target_id,
        "$relationshipName": edge.name,
    }
    written = _text(members)
    return written if edge.properties is None else f"{written[:-1]},{edge.properties[1:]}"


def read_model(line: bytes) -> str:
    """The id of the model in a line; empty where it has none, which the model language refuses.

    Raises:
        NotUtf8Error, NotJsonError, InvalidValueError: the line is no JSON object.
    """
    id_ = _object(line).get("@id")
    return id_ if isinstance(id_, str) else ""


def write_model(document: str) -> str:
    """The line of a model: its document without the blanks between its tokens."""
    return msgspec.json.format(document, indent=-1)


def in_line(problem: Problem) -> Problem:
    """A problem of a draft, with a pointer into the line that it was read from."""
    match = _FIRST.match(problem.pointer)
    if match is None or match[0] not in _PLACES:
        return problem
    return Problem(_PLACES[match[0]] + problem.pointer[match.end() :], problem.message)


def _object(line: bytes) -> dict[str, Any]:
    members = documents.parse_object(line)
    if not members:
        raise InvalidValueError("The line must hold a JSON object with members.", "")
    return members


def _others(members: dict[str, Any]) -> dict[str, Any]:
    """The members that are not the format's own; no name of the model language begins like them."""
    return {name: value for name, value in members.items() if name[:1] != _OWN}


def _untimed(value: Any) -> Any:
    """A member of contents; a component without its time."""
    if isinstance(value, dict) and isinstance(value.get(METADATA), dict):
        return value | {METADATA: _without_time(value[METADATA])}
    return value


def _without_time(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != _UPDATED}


def _text(value: Any) -> str:
    return _encode(value).decode()
