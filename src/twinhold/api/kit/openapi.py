"""The OpenAPI 3.1 document, generated from the operations tables."""

from collections.abc import Iterable
from typing import Any

import msgspec

from twinhold import __version__
from twinhold.api.kit.operations import Dialect, Operation

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"


def document(dialects: Iterable[Dialect]) -> Json:
    """The description of every operation of the dialects."""
    dialects = tuple(dialects)
    paths: Json = {}
    for dialect in dialects:
        for operation in dialect.operations:
            methods = paths.setdefault(operation.path, {})
            methods[operation.method.lower()] = _operation(dialect, operation)
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
            "schemas": _components(dialects),
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


def _operation(dialect: Dialect, operation: Operation) -> Json:
    entry: Json = {
        "operationId": operation.name,
        "tags": [dialect.title],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(dialect, operation),
        "security": [] if operation.public else [{"secret": []}],
    }
    if operation.request is not None:
        entry["requestBody"] = {"content": _json_content(operation.request)}
    return entry


def _path_parameters(operation: Operation) -> list[Json]:
    segments = operation.path.split("/")
    return [
        {"name": segment[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for segment in segments
        if segment.startswith("{")
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    return [
        {
            "name": parameter.name,
            "in": "query",
            "description": parameter.summary,
            "schema": msgspec.json.schema(parameter.type)
            | ({} if parameter.default is None else {"default": parameter.default}),
        }
        for parameter in operation.query
    ]


def _responses(dialect: Dialect, operation: Operation) -> Json:
    success: Json = {"description": operation.summary}
    if operation.response is not None:
        success["content"] = _json_content(operation.response)
    error = {"description": "An error.", "content": _json_content(dialect.error)}
    return {str(operation.status): success, "4XX": error, "5XX": error}


def _json_content(type_: Any) -> Json:
    (described,), _ = msgspec.json.schema_components([type_], ref_template=_REF)
    return {"application/json": {"schema": described}}


def _components(dialects: Iterable[Dialect]) -> Json:
    types = {
        type_
        for dialect in dialects
        for operation in dialect.operations
        for type_ in (operation.request, operation.response, dialect.error)
        if type_ is not None
    }
    ordered = sorted(types, key=lambda type_: str(type_.__name__))
    _, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    return dict(components)
