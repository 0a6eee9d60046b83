"""The OpenAPI 3.1 document, generated from the operations tables."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from twinhold import __version__
from twinhold.api.kit.forms import described
from twinhold.api.kit.operations import JSON, Dialect, Operation, Parameter

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_DICTIONARY = Parameter(
    "X-TrustedTwin",
    Annotated[str, described(format="dictionary")],
    None,
    "A dictionary for rules: the base64 of a JSON object.",
)
_TOO_MANY: Json = {
    "description": "More requests than the operator allows.",
    "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
    "content": {"text/plain; charset=utf-8": {"schema": {"type": "string"}}},
}


def document(dialects: Iterable[Dialect]) -> Json:
    """The description of every operation of the dialects."""
    dialects = tuple(dialects)
    schemas = _Schemas(dialects)
    paths: Json = {}
    for dialect in dialects:
        for operation in dialect.operations:
            methods = paths.setdefault(operation.path, {})
            methods[operation.method.lower()] = _operation(dialect, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Twinhold",
            "version": __version__,
            "summary": "A self-hosted digital twin registry.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": dialect.title} for dialect in dialects],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "secret": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "A user secret, alone or after the word Bearer.",
                }
            },
        },
    }


def _operation(dialect: Dialect, operation: Operation, schemas: "_Schemas") -> Json:
    entry: Json = {
        "operationId": operation.name,
        "tags": [dialect.title],
        "summary": operation.summary,
        "parameters": [*_path_parameters(dialect, operation), *_parameters(operation)],
        "responses": _responses(dialect, operation, schemas),
        "security": [] if operation.public else [{"secret": []}],
    }
    if operation.streams:
        entry["requestBody"] = {"content": {"application/octet-stream": {}}}
    if operation.request is not None:
        content = schemas.content(operation.request, operation.request_media)
        if operation.other_media:
            content |= schemas.content(operation.request, operation.other_media)
        is_required = schemas.is_required(operation.request)
        entry["requestBody"] = {"content": content, "required": is_required}
    return entry


def _path_parameters(dialect: Dialect, operation: Operation) -> list[Json]:
    types = {**dialect.path_types, **operation.path_types}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": msgspec.json.schema(types.get(name, str)),
        }
        for name in operation.path_parameters
    ]


def _parameters(operation: Operation) -> list[Json]:
    headers = operation.headers if operation.public else (*operation.headers, _DICTIONARY)
    return [
        {
            "name": parameter.name,
            "in": place,
            "required": parameter.required,
            "description": parameter.summary,
            "schema": msgspec.json.schema(parameter.type)
            | ({} if parameter.default is None else {"default": parameter.default}),
        }
        for place, parameters in (("query", operation.query), ("header", headers))
        for parameter in parameters
    ]


def _responses(dialect: Dialect, operation: Operation, schemas: "_Schemas") -> Json:
    success: Json = {"description": operation.summary}
    if operation.response is not None:
        success["content"] = schemas.content(operation.response)
    elif operation.response_media != JSON:
        success["content"] = {operation.response_media: {}}
    if links := _links(dialect, operation):
        success["links"] = links
    error = {"description": "An error.", "content": schemas.errors(dialect, operation)}
    responses = {str(operation.status): success, "4XX": error, "5XX": error}
    if any(f"{operation.path}/".startswith(f"{group}/") for group in dialect.limited_groups):
        responses["429"] = _TOO_MANY
    return responses


def _links(dialect: Dialect, operation: Operation) -> Json:
    """Where to go with what the answer gives: all operations whose path asks for some of it."""
    links: Json = {}
    for other in dialect.operations:
        names = set(other.path_parameters)
        given = names & set(operation.gives)
        if given:
            links[other.name] = {
                "operationId": other.name,
                "parameters": {name: f"$response.body#{operation.gives[name]}" for name in given}
                | {
                    name: f"$request.path.{name}"
                    for name in names & set(operation.path_parameters) - given
                },
            }
    return links


class _Schemas:
    """The schemas of all bodies, described together: so that equal names are told apart."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        dialects = tuple(dialects)
        types = [
            type_
            for dialect in dialects
            for operation in dialect.operations
            for type_ in (operation.request, operation.response, operation.error, dialect.error)
            if type_ is not None
        ]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
        self._of = list(zip(types, schemas, strict=True))
        self.components: Json = dict(sorted(components.items()))
        lenient = [
            self._schema(operation.request)
            for dialect in dialects
            if dialect.null_is_absent
            for operation in dialect.operations
        ]
        for name in self._reachable(lenient, set()):
            _allow_nulls(self.components[name])

    def content(self, type_: Any, media: str = JSON) -> Json:
        """The content of a body of this type."""
        return {media: {"schema": self._schema(type_)}}

    def errors(self, dialect: Dialect, operation: Operation) -> Json:
        """The content of an error of this operation."""
        if operation.error is None:
            return self.content(dialect.error)
        either = [self._schema(operation.error), self._schema(dialect.error)]
        return {JSON: {"schema": {"anyOf": either}}}

    def is_required(self, type_: Any) -> bool:
        """Whether a body of this type must be sent; where not, an absent one is empty."""
        schema = self._schema(type_)
        named = self.components.get(_name(schema), {})
        is_array = schema.get("type") == "array"
        return is_array or bool(schema.get("required") or named.get("required"))

    def _schema(self, type_: Any) -> Json:
        return next((schema for known, schema in self._of if known == type_), {})

    def _reachable(self, schema: Any, found: set[str]) -> set[str]:
        """The names of the components that a schema refers to, and those that these do."""
        values = schema.values() if isinstance(schema, dict) else schema
        if isinstance(schema, dict) and (name := _name(schema)) and name not in found:
            found.add(name)
            self._reachable(self.components[name], found)
        if isinstance(schema, dict | list):
            for value in values:
                self._reachable(value, found)
        return found


def _name(schema: Json) -> str:
    """The name of the component that a schema refers to, or an empty text."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _allow_nulls(component: Json) -> None:
    """Let the optional members of an object be null."""
    members = component.get("properties", {})
    for name in set(members) - set(component.get("required", ())):
        members[name] = {"anyOf": [members[name], {"type": "null"}]}
