"""What the tests start and talk to: real servers, real databases, the vendor's own client."""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from trustedtwin.tt_api import TTRESTService

ROOT = Path(__file__).parent.parent
TWINHOLD = [sys.executable, "-m", "twinhold"]
ENGINES = ("sqlite", "postgresql")
START_SECONDS = 30
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """An account and its administrator, as the registry printed them."""

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
