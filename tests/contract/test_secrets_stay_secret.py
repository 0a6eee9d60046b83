"""No secret is in a log, on the terminal or in the body of an error, whatever is asked and how.

Every operation is called as it should be, with a credential that is none, with a body that cannot
be read, and with the secrets of the call in places where they do not belong. Then everything that
the server said is searched for every secret that it ever gave out.
"""

import json
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from tests.contract.test_access_matrix import OPERATIONS, ROWS, Cast, Target
from tests.harness import Account, Server, serving, twinhold

from twinhold.api.kit.operations import Operation

Options = Callable[[], list[str]]

SECRETS = {"secret", "token", "access_token", "pin"}
"""Members of answers that are secrets as they are."""

URLS = {"url"}
"""Members whose last segment is one."""

SHORTEST = 6


class Wire:
    """Everything that went over the wire: the secrets that were given out, and the errors."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.errors: list[tuple[str, str]] = []

    def note(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        """Take note of an answer."""
        if answer.status_code >= 400:
            self.errors.append((f"{answer.request.method} {answer.url}", _said(answer)))
        elif answer.headers.get("Content-Type") == "application/json":
            self.secrets.update(_secrets(answer.json()))


def _said(answer: requests.Response) -> str:
    return "\n".join([answer.reason, *answer.headers.values(), answer.text])


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """The secrets in an answer."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _secrets(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner, name)
    elif isinstance(value, str) and name in SECRETS:
        yield value
    elif isinstance(value, str) and name in URLS and "://" in value:
        yield unquote(urlsplit(value).path.rpartition("/")[2])


@pytest.fixture(scope="module")
def own(
    options: Options, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server whose log is all ours."""
    data = tmp_path_factory.mktemp(f"secrets-{engine}") / "data"
    with serving(data, *options()) as server:
        yield server


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What goes over the wire, by whatever client."""
    noted = Wire()
    send = requests.Session.send

    def sending(*args: Any, **kwargs: Any) -> requests.Response:
        answer = send(*args, **kwargs)
        noted.note(answer)
        return answer

    monkeypatch.setattr(requests.Session, "send", sending)
    return noted


def test_no_operation_tells_a_secret(own: Server, wire: Wire) -> None:
    for operation in OPERATIONS:
        home = own.operator if ROWS[operation.name].operator else own.account()
        _drive(operation, Cast(home, own.account(), own.account()))
    printed = _rest_of_the_terminal(own)
    log = own.log.read_text()
    _require_kinds(wire)
    assert log.count('"error"') >= len(OPERATIONS)
    for secret in wire.secrets:
        seek = _seeking(secret)
        assert not seek.search(log), f"in the log: {secret}"
        assert not seek.search(printed), f"on the terminal: {secret}"
        for request, said in wire.errors:
            assert not seek.search(said), f"in the answer to {request}: {said}"


def _drive(operation: Operation, cast: Cast) -> None:
    """Call an operation well, and badly in many ways."""
    row = ROWS[operation.name]
    caller = row.credential(cast.home) if row.credential else cast.home
    target = row.target(cast)
    unreadable = {"data": f'{{"{caller.secret}": '}
    _ask(caller.using(caller.secret + "x"), operation, target)
    _ask(replace(caller, secret=f"{caller.secret[:-1]}.a.b"), operation, target)
    _ask(caller, operation, target, **unreadable)
    _ask(caller, operation, target, headers={"X-TrustedTwin": caller.secret})
    _ask(cast.other, operation, target)
    _ask(caller, operation, target, method="PROPFIND")
    _ask(caller, operation, target)
    _ask(caller, operation, target)  # what worked once may be gone or used up


def _ask(
    caller: Account, operation: Operation, target: Target, method: str = "", **kwargs: Any
) -> None:
    path = operation.path.format(**target.path)
    sent = {} if "data" in kwargs else {"json": target.sent}
    caller.request(method or operation.method, path, params=target.query, **sent, **kwargs)


def _require_kinds(wire: Wire) -> None:
    """The test has seen a secret of each kind, or it would prove nothing."""
    texts = wire.secrets
    assert all(len(text) >= SHORTEST for text in texts), texts
    assert any(re.fullmatch(r"[A-Z0-9]{6}", text) for text in texts), "no PIN"
    assert any(re.fullmatch(r"[A-Za-z0-9+/]{64}", text) for text in texts), "no secret"
    assert any(text.count(".") == 2 for text in texts), "no token"
    assert any(re.fullmatch(r"[\w-]{43}", text) for text in texts), "no upload URL"
    assert any(re.fullmatch(r"[\w-]{60,}", text) for text in texts), "no download URL"


def _rest_of_the_terminal(server: Server) -> str:
    """What was printed after the first start's own words, which show the first secret by intent."""
    shown = server.operator.secret
    server.process.send_signal(signal.SIGTERM)
    assert server.process.stdout is not None
    printed = server.process.stdout.read()
    assert server.stop() == 0
    return "".join(line for line in printed.splitlines() if shown not in line)


def _seeking(secret: str) -> re.Pattern[str]:
    """A secret as it is, in a URL or in JSON; a PIN only where it is a word."""
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    either = "|".join(map(re.escape, forms))
    return re.compile(rf"(?<![0-9A-Za-z-])(?:{either})(?![0-9A-Za-z-])")


def test_the_password_of_a_database_is_in_no_message(tmp_path: Path) -> None:
    address = "postgresql://someone:hidden-word@127.0.0.1:1/x"
    outcome = twinhold("serve", "--port", "0", "--data", str(tmp_path), TWINHOLD_DATABASE=address)
    assert outcome.returncode == 1
    assert "127.0.0.1" in outcome.stderr
    assert "hidden-word" not in outcome.stdout + outcome.stderr
