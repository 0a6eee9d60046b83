"""The reference page: the operations tables as one HTML page, without scripts or foreign hosts."""

import json
from collections.abc import Iterable
from html import escape
from typing import Any, get_origin

import msgspec

from twinhold import __version__
from twinhold.api.kit.operations import JSON, Dialect, Operation

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2430; background: #fff }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dbe3 }
section { margin: 1.2rem 0; padding: .8rem 1rem; border: 1px solid #e3e8ee; border-radius: 8px }
h3 { margin: 0; font: 600 15px/1.6 ui-monospace, monospace }
.method { display: inline-block; min-width: 4.5em; color: #0b63b5 }
.name { float: right; color: #66707f; font-weight: 400 }
p { margin: .3rem 0 } table { border-collapse: collapse; font-size: 14px; width: 100% }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top }
code, pre { font-size: 14px } pre { overflow-x: auto } summary { cursor: pointer }
"""


def page(dialects: Iterable[Dialect]) -> bytes:
    """The page, as HTML."""
    chapters = "".join(_chapter(dialect) for dialect in dialects)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Twinhold {__version__}: reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>
<body><h1>Twinhold {__version__}</h1>
<p>Every operation of this server. The same as <a href="/openapi.json">OpenAPI 3.1</a>.
Send a user secret in the <code>Authorization</code> header.
The name on the right is the permission that a role must allow.</p>
{chapters}</body></html>""".encode()


def _chapter(dialect: Dialect) -> str:
    sections = "".join(_section(operation) for operation in dialect.operations)
    return f"<h2>{escape(dialect.title)}</h2>{sections}"


def _section(operation: Operation) -> str:
    permission = "public" if operation.public else operation.name
    return (
        f'<section id="{operation.name}"><h3><span class="name">{escape(permission)}</span>'
        f'<span class="method">{operation.method}</span>{escape(operation.path)}</h3>'
        f"<p>{escape(operation.summary)}</p>{_parameters(operation)}{_bodies(operation)}</section>"
    )


def _parameters(operation: Operation) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter.name)}</code></td><td>{_kind(parameter.type)}</td>"
        f"<td>{'' if parameter.default is None else escape(repr(parameter.default))}</td>"
        f"<td>{escape(parameter.summary)}</td></tr>"
        for parameter in operation.query
    )
    head = "<tr><th>query</th><th>type</th><th>default</th><th></th></tr>"
    return f"<table>{head}{rows}</table>" if rows else ""


def _kind(type_: Any) -> str:
    """What a type is called: a text where it is one of several."""
    return str(getattr(get_origin(type_) or type_, "__name__", "str"))


def _bodies(operation: Operation) -> str:
    takes = operation.request if operation.request_media is JSON else None
    bodies = (("takes", takes), ("answers", operation.response))
    parts = [_body(label, type_) for label, type_ in bodies if type_ is not None]
    return f"<p>{operation.status}</p>{''.join(parts)}" if parts else ""


def _body(label: str, type_: Any) -> str:
    """What a body holds, to be unfolded."""
    (described,), components = msgspec.json.schema_components([type_], ref_template="{name}")
    name = _name(described)
    schema = escape(json.dumps(components, indent=2, ensure_ascii=False))
    summary = f"<summary>{label} <code>{escape(name)}</code></summary>"
    return f"<details>{summary}<pre>{schema}</pre></details>"


def _name(described: dict[str, Any]) -> str:
    """What a schema is called: the name of a struct, or what it is instead."""
    if "items" in described:
        return f"array of {_name(described['items'])}"
    kind = described.get("additionalProperties")
    if isinstance(kind, dict):
        return f"object of {_name(kind)}"
    return str(described.get("$ref") or described.get("type", "any value"))
