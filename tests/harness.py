"""What the tests start and talk to: real servers, real databases, the vendor's own client."""

import asyncio
import base64
import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
from trustedtwin.tt_api import TTRESTService

from twinhold import server as composition
from twinhold.blobs import open_blobs
from twinhold.registry import Registry
from twinhold.store import open_store

ROOT = Path(__file__).parent.parent
TWINHOLD = [sys.executable, "-m", "twinhold"]
ENGINES = ("sqlite", "postgresql")
START_SECONDS = 30
_PR_SET_PDEATHSIG = 1
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOTHING = {"effect": "allow", "actions": None}
EVERYTHING = {"effect": "deny", "actions": None}

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """An account and a user of it with their credential: at first its administrator's secret."""

    url: str
    account: str
    user: str
    role: str
    secret: str

    def client(self) -> TTRESTService:
        """The vendor's client, unmodified."""
        return TTRESTService(tt_auth=self.secret, tt_base=self.url)

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A plain request with the account's secret."""
        headers = {"Authorization": self.secret} | kwargs.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=60, **kwargs)

    def using(self, credential: str) -> "Account":
        """The same user with another credential."""
        return replace(self, secret=credential)

    def token(self, **members: Any) -> "Account":
        """The same user with a token that this credential makes."""
        return self.using(body(self.client().create_user_token(body=members))["token"])

    def new_role(self, statement: Any = None, **rules: str | None) -> str:
        """Make a role; by default with the caller's statement at its widest."""
        members = {"statement": statement or EVERYTHING, "rules": rules}
        uuid: str = body(self.client().create_user_role(body=members))["uuid"]
        return uuid

    def new_user(self, role: str, **members: Any) -> "Account":
        """Make a user with a role, and fetch their secret as they would."""
        user = body(self.client().create_user(body={"role": role} | members))["uuid"]
        return replace(self, user=user, role=role).renewed(self)

    def renewed(self, administrator: "Account", **members: Any) -> "Account":
        """This user with a new secret, which ends the one that they had."""
        pin = body(administrator.client().create_user_secret_pin(self.user, body=members))["pin"]
        return self.using(body(self.client().create_user_secret(self.account, pin))["secret"])

    def member(
        self, statement: Any = None, description: Any = None, **rules: str | None
    ) -> "Account":
        """Make a user with a role of their own."""
        return self.new_user(self.new_role(statement, **rules), description=description)


class Server:
    """A `twinhold serve` of its own, on a free port of the loopback."""

    def __init__(self, data: Path, *options: str, program: Sequence[str] = TWINHOLD) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*program, "serve", "--port", "0", "--data", str(data), *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only makes one system call
                env=_environment(),
            )
        assert self.process.stdout is not None
        banner = self.process.stdout.readline()
        match = re.search(r"http://\S+", banner)
        if match is None:
            self.process.wait(START_SECONDS)
            raise RuntimeError(f"no server: {self.log.read_text()}")
        self.url = match[0]

    @property
    def operator(self) -> Account:
        """The account of the first start."""
        return Account(**json.loads((self.data / "credentials.json").read_text()))

    def account(self, name: str = "Test") -> Account:
        """A fresh account."""
        answer = self.operator.request("POST", "/accounts", json={"name": name})
        assert answer.status_code == 201, answer.text
        return Account(url=self.url, **answer.json())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it and answer its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(40)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def serving(data: Path, *options: str) -> Generator[Server, None, None]:
    """A server for the length of a block."""
    server = Server(data, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def twinhold(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*TWINHOLD, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=_environment() | environment,
    )


def in_registry(
    data: Path, database: str | None, check: Callable[[Registry], Coroutine[Any, Any, None]]
) -> None:
    """Run a check on an open registry of its own, in this process."""

    async def run() -> None:
        store = await open_store(data, database)
        try:
            blobs = await open_blobs(data, None)
            await check(await Registry.open(store, composition._ACTIONS, blobs))
        finally:
            await store.close()

    asyncio.run(run())


def body(answer: tuple[int, str]) -> Any:
    """The decoded body of a successful answer of the vendor's client."""
    status, text = answer
    assert status < 400, text
    return json.loads(text)


def error(answer: tuple[int, str]) -> tuple[int, str]:
    """Status and subcode of an error; checks that its body has exactly the vendor's members."""
    status, text = answer
    members = json.loads(text)
    assert set(members) == {"subcode", "trace", "description"}
    assert members["subcode"].startswith(str(status))
    return status, members["subcode"]


def answered(answer: tuple[int, str], struct: type[T]) -> T:
    """The body of a successful answer, held strictly to the struct that describes it."""
    return msgspec.convert(body(answer), struct)


def reason(answer: tuple[int, str]) -> str:
    """The description of an error."""
    text: str = json.loads(answer[1])["description"]
    return text


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Like `error`, of a plain request."""
    assert answer.status_code >= 400, answer.text
    return error((answer.status_code, answer.text))


def problem(answer: requests.Response) -> tuple[int, dict[str, list[str]]]:
    """Status and places of an error of the Willow dialect; checks the form of its body."""
    assert answer.status_code >= 400, answer.text
    members = answer.json()
    assert set(members) == {"type", "title", "status", "detail", "instance", "errors"}
    assert members["status"] == answer.status_code
    assert members["title"]
    return answer.status_code, members["errors"]


def own_refusal(answer: requests.Response) -> tuple[int, str]:
    """Status and code of an error of an operation that is Twinhold's own."""
    assert answer.status_code >= 400, answer.text
    members = answer.json()
    assert set(members) == {"code", "message", "hint", "trace"}
    return answer.status_code, members["code"]


def dictionary(members: Any) -> dict[str, str]:
    """The header X-TrustedTwin that carries a dictionary."""
    return {"X-TrustedTwin": base64.b64encode(json.dumps(members).encode()).decode()}


def create(client: TTRESTService, **members: Any) -> Any:
    """Create a twin with the vendor's client."""
    return body(client.create_twin(body=members))


def uuid_of(twin: Any) -> str:
    """The UUID in a twin's certificate."""
    uuid: str = twin["creation_certificate"]["uuid"]
    return uuid


def _environment() -> dict[str, str]:
    """The machine's environment without settings of Twinhold that would leak into a test."""
    return {key: value for key, value in os.environ.items() if not key.startswith("TWINHOLD_")}


def _die_with_parent() -> None:
    """No server outlives a test run that is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
