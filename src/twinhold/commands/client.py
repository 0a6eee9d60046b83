"""The client side of the commands: a running server asked over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import IO, Any, NamedTuple
from urllib.parse import quote

_SECONDS = 30
_LONG_SECONDS = 300
_NOT_FOUND = 404


class ServerError(Exception):
    """The server cannot be reached or refuses; the text is for the operator."""


def create_account(url: str, secret: str, name: str) -> dict[str, str]:
    """POST /accounts.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    made: dict[str, str] = _post(url, secret, "/accounts", {"name": name})
    return made


def rotate_keys(url: str, secret: str) -> int:
    """POST /keys/rotate; answer how many keys verify tokens now.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    return int(_post(url, secret, "/keys/rotate", {})["keys"])


def upload_models(url: str, secret: str, body: IO[bytes], size: int) -> int:
    """POST /models with an array of so many bytes; answer how many models it had.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    headers = {"Content-Length": str(size)}
    return len(_ask(url, secret, Question("POST", "/models", body, headers)))


def find_model(url: str, secret: str, dtmi: str) -> Any:
    """GET /models/{model}: the document of a model, or None when there is none.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    path = f"/models/{quote(dtmi, safe='')}?includeModelDefinition=true"
    found = _ask(url, secret, Question("GET", path, absent=_NOT_FOUND))
    return None if found is None else found["model"]


def list_models(url: str, secret: str) -> Iterator[tuple[str, dict[str, str]]]:
    """GET /models, page by page: ids and names by language.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    path = "/models?count=1000"
    while path:
        page = _ask(url, secret, Question("GET", path))
        yield from ((model["id"], model["displayName"]) for model in page["value"])
        path = page["nextLink"]


def delete_model(url: str, secret: str, dtmi: str) -> None:
    """DELETE /models/{model}.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    _ask(url, secret, Question("DELETE", f"/models/{quote(dtmi, safe='')}"))


def account(url: str, secret: str) -> str:
    """GET /whoami: the account of a secret.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    return str(_ask(url, secret, Question("GET", "/whoami"))["account"])


def find_twins(url: str, secret: str, ids: Sequence[str]) -> dict[str, str]:
    """POST /api/v3/twins/ids: the models of those of at most 1000 twins that there are.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    found = _post(url, secret, "/api/v3/twins/ids", list(ids))
    return {twin["id"]: twin["modelId"] for twin in found}


def import_lines(url: str, secret: str, section: str, lines: bytes) -> Any:
    """POST /imports: store lines of a section; answer how many, and what is wrong with others.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    return _import(url, secret, f"/imports?section={section}", lines)


def refused_twins(url: str, secret: str, section: str, ids: Sequence[str]) -> Any:
    """POST /imports?ids=true: what keeps twins of some ids from being imported.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    lines = "\n".join(map(json.dumps, ids)).encode()
    return _import(url, secret, f"/imports?section={section}&ids=true", lines)


def export_pages(url: str, secret: str, section: str) -> Iterator[tuple[list[str], int]]:
    """GET /exports, page by page: lines of a section, and how many records were left out.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    cursor: str | None = ""
    while cursor is not None:
        path = f"/exports?section={section}" + (f"&cursor={quote(cursor)}" if cursor else "")
        found = _answer(url, secret, Question("GET", path, seconds=_LONG_SECONDS))
        yield found.body.decode().split("\n")[:-1], int(found.headers["x-twinhold-left-out"])
        cursor = found.headers.get("x-twinhold-cursor")


class Question(NamedTuple):
    """What a server is asked; its answer counts as nothing when it has the status `absent`."""

    method: str
    path: str
    body: bytes | IO[bytes] | None = None
    headers: Mapping[str, str] = {}
    absent: int = 0
    seconds: int = _SECONDS


class Answer(NamedTuple):
    """What a server says."""

    body: bytes
    headers: Mapping[str, str] = {}


def _import(url: str, secret: str, path: str, lines: bytes) -> Any:
    headers = {"Content-Type": "application/x-ndjson"}
    return _ask(url, secret, Question("POST", path, lines, headers, seconds=_LONG_SECONDS))


def _post(url: str, secret: str, path: str, members: Any) -> Any:
    return _ask(url, secret, Question("POST", path, json.dumps(members).encode()))


def _ask(url: str, secret: str, question: Question) -> Any:
    text = _answer(url, secret, question).body
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise ServerError(f"{url} answers what cannot be read: {error}") from None


def _answer(url: str, secret: str, question: Question) -> Answer:
    try:
        request = urllib.request.Request(  # noqa: S310 - the operator names the server
            url + question.path,
            data=question.body,
            headers={
                "Authorization": secret,
                "Content-Type": "application/json",
                **question.headers,
            },
            method=question.method,
        )
        with urllib.request.urlopen(request, timeout=question.seconds) as answer:  # noqa: S310
            return Answer(answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        if error.code == question.absent:
            return Answer(b"")
        raise ServerError(f"{url} refused: {_description(error)}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise ServerError(f"{url} cannot be reached: {error}") from None


def _description(error: urllib.error.HTTPError) -> str:
    try:
        members = json.load(error)
        return str(members.get("description") or members["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"status {error.code}"
