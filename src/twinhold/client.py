"""The client side of the commands: a running server asked over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import IO, Any, NamedTuple
from urllib.parse import quote

_SECONDS = 30
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


class Question(NamedTuple):
    """What a server is asked; its answer counts as nothing when it has the status `absent`."""

    method: str
    path: str
    body: bytes | IO[bytes] | None = None
    headers: Mapping[str, str] = {}
    absent: int = 0


def _post(url: str, secret: str, path: str, members: dict[str, str]) -> Any:
    return _ask(url, secret, Question("POST", path, json.dumps(members).encode()))


def _ask(url: str, secret: str, question: Question) -> Any:
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
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        if error.code == question.absent:
            return None
        raise ServerError(f"{url} refused: {_description(error)}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise ServerError(f"{url} cannot be reached: {error}") from None


def _description(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["description"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"
