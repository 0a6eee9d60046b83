"""The OpenAPI 3.1 document, generated from the operations tables."""

from collections.abc import Iterable
from typing import Any

import msgspec

from twinhold import __version__
from twinhold.api.kit.operations import JSON, Dialect, Operation

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"


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
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(dialect, operation, schemas),
        "security": [] if operation.public else [{"secret": []}],
    }
    if operation.streams:
        entry["requestBody"] = {"content": {"application/octet-stream": {}}}
    if operation.request is not None:
        content = schemas.content(operation.request, operation.request_media)
        entry["requestBody"] = {"content": content}
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


def _responses(dialect: Dialect, operation: Operation, schemas: "_Schemas") -> Json:
    success: Json = {"description": operation.summary}
    if operation.response is not None:
        success["content"] = schemas.content(operation.response)
    error = {"description": "An error.", "content": schemas.content(dialect.error)}
    return {str(operation.status): success, "4XX": error, "5XX": error}


class _Schemas:
    """The schemas of all bodies, described together: so that equal names are told apart."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        types = dict.fromkeys(
            type_
            for dialect in dialects
            for operation in dialect.operations
            for type_ in (operation.request, operation.response, dialect.error)
            if type_ is not None
        )
        described, components = msgspec.json.schema_components(types, ref_template=_REF)
        self._of = dict(zip(types, described, strict=True))
        self.components: Json = dict(sorted(components.items()))

    def content(self, type_: Any, media: str = JSON) -> Json:
        """The content of a body of this type."""
        return {media: {"schema": self._of[type_]}}
