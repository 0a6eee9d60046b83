"""The client side of the commands: a running server asked over HTTP."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

_SECONDS = 30


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


def _post(url: str, secret: str, path: str, members: dict[str, str]) -> Any:
    try:
        request = urllib.request.Request(  # noqa: S310 - the operator names the server
            url + path,
            data=json.dumps(members).encode(),
            headers={"Authorization": secret, "Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ServerError(f"{url} refused: {_description(error)}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise ServerError(f"{url} cannot be reached: {error}") from None


def _description(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["description"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"
