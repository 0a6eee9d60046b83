"""Twins, relationships and models as lines of an exchange file: the JSON forms of Azure.

Source: spec/azure-digital-twins.md 2, "Jobs". What a registry decides for itself (times, ETags) is
left out when a line is written and passed over when one is read, so that a line says the same
wherever it comes from.
"""

import re
from typing import Any

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

_OWN = "$"
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
    return {name: value for name, value in members.items() if not name.startswith(_OWN)}


def _untimed(value: Any) -> Any:
    """A member of contents; a component without its time."""
    if isinstance(value, dict) and isinstance(value.get(METADATA), dict):
        return value | {METADATA: _without_time(value[METADATA])}
    return value


def _without_time(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != _UPDATED}


def _text(value: Any) -> str:
    return _encode(value).decode()
