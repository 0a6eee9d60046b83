"""The client side of the commands: a running server asked over HTTP."""

import json
import urllib.error
import urllib.request

_SECONDS = 30


class ServerError(Exception):
    """The server cannot be reached or refuses; the text is for the operator."""


def create_account(url: str, secret: str, name: str) -> dict[str, str]:
    """POST /accounts.

    Raises:
        ServerError: the server cannot be reached or refuses.
    """
    request = urllib.request.Request(  # noqa: S310 - the operator names the server
        f"{url.rstrip('/')}/accounts",
        data=json.dumps({"name": name}).encode(),
        headers={"Authorization": secret, "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            made: dict[str, str] = json.load(answer)
            return made
    except urllib.error.HTTPError as error:
        raise ServerError(f"{url} refused: {_description(error)}") from None
    except (OSError, ValueError) as error:
        raise ServerError(f"{url} cannot be reached: {error}") from None


def _description(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["description"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"
