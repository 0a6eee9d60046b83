"""How the server starts, what it says and keeps, what it refuses, how it ends."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import apsw
import asyncpg
import pytest
from tests.harness import Server, serving, twinhold
from tests.process import load
from tests.process.load import Load
from tests.process.running import complaint, until

import twinhold as package

Options = Callable[[], list[str]]

VARIABLES = (
    "TWINHOLD_HOST",
    "TWINHOLD_PORT",
    "TWINHOLD_DATA",
    "TWINHOLD_DATABASE",
    "TWINHOLD_WORKERS",
)


@contextlib.contextmanager
def taken_port() -> Generator[int, None, None]:
    """A port of the loopback that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuses_connections(url: str) -> bool:
    """Whether nobody listens at a URL any more."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except ConnectionError:
        return True
    return False


PATIENCE_SECONDS = 1
"""Longer than a server stays that waits for no request."""

IDLE_SECONDS = 10
"""Far less than the server would wait for a request under way."""


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_under_load_exits_0_and_breaks_no_promise(
        self, tmp_path: Path, options: Options, number: int
    ) -> None:
        data, engine = tmp_path / "data", options()
        with serving(data, *engine) as server, Load(server.account()).running() as sent:
            sent.wait_for(100)
            assert server.stop(number) == 0
        assert sent.refused == []
        assert sent.failed == []
        with serving(data, *engine) as server:
            assert load.violations(replace(sent.account, url=server.url), sent.records) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_request_under_way_is_finished(
        self, tmp_path: Path, options: Options, number: int
    ) -> None:
        """Half of the request arrives before the signal, half after the server closed its door."""
        body = b'{"description": {"name": "pump"}}'
        with serving(tmp_path / "data", *options()) as server:
            address = urlsplit(server.url)
            with socket.create_connection((address.hostname or "", address.port or 0)) as client:
                head = (
                    f"POST /twins HTTP/1.1\r\nHost: {address.netloc}\r\n"
                    f"Authorization: {server.operator.secret}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n"
                )
                client.sendall(head.encode() + body[:10])
                # The head has been read when a request sent after it is answered.
                server.operator.request("GET", "/whoami")
                server.process.send_signal(number)
                until(lambda: refuses_connections(server.url))
                with pytest.raises(subprocess.TimeoutExpired):
                    server.process.wait(PATIENCE_SECONDS)
                client.sendall(body[10:])
                client.settimeout(20)
                answer = b"".join(iter(lambda: client.recv(65_536), b""))
            assert answer.startswith(b"HTTP/1.1 201 ")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["description"] == {"name": "pump"}
            assert server.stop(number) == 0

    def test_an_idle_connection_does_not_hold_the_end(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            address = urlsplit(server.url)
            with socket.create_connection((address.hostname or "", address.port or 0)) as client:
                client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
                before = time.monotonic()
                assert server.stop() == 0
                assert time.monotonic() - before < IDLE_SECONDS


class TestPort:
    def test_0_takes_a_free_one_and_says_which(self, tmp_path: Path) -> None:
        with serving(tmp_path / "one") as one, serving(tmp_path / "two") as two:
            assert urlsplit(one.url).port != urlsplit(two.url).port
            for server in (one, two):
                assert server.operator.url == server.url
                assert server.operator.request("GET", "/health").status_code == 200

    def test_in_use_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        with taken_port() as port:
            outcome = twinhold("serve", "--port", str(port), "--data", str(tmp_path / "data"))
        assert f"127.0.0.1:{port}" in complaint(outcome)
        assert "choose another --port" in outcome.stderr

    def test_in_use_by_another_twinhold_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        with serving(tmp_path / "one") as server:
            port = str(urlsplit(server.url).port)
            outcome = twinhold("serve", "--port", port, "--data", str(tmp_path / "two"))
            assert "choose another --port" in complaint(outcome)

    def test_can_be_taken_again_at_once(self, tmp_path: Path) -> None:
        """Connections of the last server that have not been forgotten yet are no obstacle."""
        data = tmp_path / "data"
        with serving(data) as server, Load(server.account(), clients=2).running() as sent:
            sent.wait_for(10)
            assert server.stop() == 0
        # `--port 0` of the harness comes first: the last flag wins.
        with serving(data, "--port", str(urlsplit(server.url).port)) as again:
            assert again.url == server.url


class TestDataDirectory:
    def test_a_second_server_refuses_and_names_the_first(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            outcome = twinhold("serve", "--port", "0", "--data", str(tmp_path / "data"))
            assert f"process {server.process.pid}" in complaint(outcome)
            assert str(tmp_path / "data") in outcome.stderr
            assert server.operator.request("POST", "/twins").status_code == 201

    def test_is_free_again_when_its_server_was_killed(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            server.stop(signal.SIGKILL)
        with serving(tmp_path / "data") as server:
            assert server.operator.request("GET", "/whoami").status_code == 200

    def test_two_servers_share_one_postgresql(
        self, tmp_path: Path, new_database: Callable[[], str]
    ) -> None:
        database = new_database()
        with (
            serving(tmp_path / "one", "--database", database) as one,
            serving(tmp_path / "two", "--database", database) as two,
        ):
            made = one.operator.request("POST", "/twins").json()
            assert not (tmp_path / "two" / "credentials.json").exists()
            path = f"/twins/{made['creation_certificate']['uuid']}"
            assert replace(one.operator, url=two.url).request("GET", path).json() == made

    def test_that_cannot_be_made_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        data = str(tmp_path / "file" / "data")
        assert data in complaint(twinhold("serve", "--port", "0", "--data", data))

    def test_without_a_registry_in_its_file_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        data.mkdir()
        (data / "twinhold.db").write_bytes(b"this is no database" * 1000)
        complaint(twinhold("serve", "--port", "0", "--data", str(data)))

    def test_of_a_later_twinhold_is_told_in_a_sentence(
        self, tmp_path: Path, options: Options
    ) -> None:
        """A schema newer than the program is refused and left as it is."""
        data, engine = tmp_path / "data", options()
        with serving(data, *engine):
            pass
        _raise_schema(data, engine)
        outcome = twinhold("serve", "--port", "0", "--data", str(data), *engine)
        assert "later" in complaint(outcome)


class TestCredentials:
    def test_are_a_private_file_with_exactly_these_members(
        self, tmp_path: Path, options: Options
    ) -> None:
        with serving(tmp_path / "data", *options()) as server:
            file = server.data / "credentials.json"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            members = json.loads(file.read_text())
            assert set(members) == {"url", "account", "user", "role", "secret"}
            assert members["url"] == server.url
            assert re.fullmatch(r"[A-Za-z0-9+/]{64}", members["secret"])
            assert server.operator.request("GET", "/whoami").json() == {
                name: members[name] for name in ("account", "user", "role")
            }

    def test_are_private_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            with serving(tmp_path / "data") as server:
                file = server.data / "credentials.json"
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
                assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
                assert stat.S_IMODE((server.data / "twinhold.db").stat().st_mode) == 0o600
                assert stat.S_IMODE((server.data / "twinhold.db-wal").stat().st_mode) == 0o600
        finally:
            os.umask(before)

    def test_are_printed_by_the_first_start_only(self, tmp_path: Path, options: Options) -> None:
        data, engine = tmp_path / "data", options()
        with serving(data, *engine) as server:
            secret = server.operator.secret
            first = _output(server)
        with serving(data, *engine) as server:
            second = _output(server)
            assert server.operator.secret == secret
        assert [word for line in first for word in line.split()].count(secret) == 1
        assert secret not in "".join(second)

    def test_name_the_address_of_the_running_server(self, tmp_path: Path, options: Options) -> None:
        data, engine = tmp_path / "data", options()
        with serving(data, *engine) as server:
            first = server.operator
        port = str(free_port())
        with serving(data, *engine, "--port", port) as server:
            assert server.operator == replace(first, url=f"http://127.0.0.1:{port}")
            mode = (data / "credentials.json").stat().st_mode
            assert stat.S_IMODE(mode) == 0o600

    def test_that_are_lost_stop_no_server(self, tmp_path: Path, options: Options) -> None:
        """The file is the operator's: without it the registry serves on, and makes no other."""
        data, engine = tmp_path / "data", options()
        with serving(data, *engine) as server:
            operator = server.operator
        (data / "credentials.json").unlink()
        with serving(data, *engine) as server:
            assert not (data / "credentials.json").exists()
            there = replace(operator, url=server.url)
            assert there.request("GET", "/whoami").status_code == 200


class TestSecrets:
    def test_are_stored_nowhere(self, tmp_path: Path) -> None:
        """Only the first account's own file holds its secret; no file holds another's."""
        with serving(tmp_path / "data") as server:
            operator, other = server.operator, server.account("Other")
            other.request("POST", "/twins", json={"description": {"name": "pump"}})
            _assert_absent(server.data, operator.secret, other.secret)
        _assert_absent(server.data, operator.secret, other.secret)

    def test_are_in_no_log_even_when_they_are_sent_in_the_wrong_place(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            secret = server.operator.secret
            escaped = quote(secret, safe="")
            _misplace(server, escaped)
            server.operator.request("POST", "/twins", data=f'{{"{secret}": ')
            server.operator.request("POST", "/twins", json={"description": {secret: 1}})
            server.operator.request("GET", "/whoami", headers={"Authorization": secret + "x"})
            server.operator.request("GET", "/whoami", headers={"X-TrustedTwin": secret})
            _send_raw(server, f"GET /{escaped} HTTP/9.9\r\n\r\n{secret}\r\n")
            assert server.stop() == 0
        log = server.log.read_text()
        assert log.count("\n") >= 8
        assert secret not in log
        assert escaped not in log

    def test_are_in_no_answer(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            server.account()
            for path in ("/metrics", "/docs", "/openapi.json", "/health", "/whoami"):
                assert server.operator.secret not in server.operator.request("GET", path).text


class TestLog:
    def test_is_one_json_object_a_line(self, tmp_path: Path) -> None:
        """Requests of any kind, refused ones and garbage included."""
        with serving(tmp_path / "data") as server:
            operator = server.operator
            operator.request("POST", "/twins", json={"description": {"name": "line\nbreak \u2028"}})
            operator.request("GET", "/twins?match=%0A%0D%22")
            operator.request("GET", "/no%0Asuch/path")
            operator.request("DELETE", "/whoami")
            operator.request("POST", "/twins", data=b"\xff")
            _send_raw(server, "garbage\r\n\r\n")
            _send_raw(server, "POST /twins HTTP/1.1\r\nContent-Length: many\r\n\r\n")
            _send_raw(server, "GET /health HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
            assert server.stop() == 0
        lines = server.log.read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        assert all(isinstance(entry, dict) for entry in entries)
        requests = [entry for entry in entries if "operation" in entry]
        assert {"ts", "method", "path", "operation", "status", "ms"} <= set(requests[0])
        seen = [(entry["operation"], entry["status"]) for entry in requests]
        for expected in (
            ("create_twin", 201),
            ("scan_twins", 400),
            ("", 404),
            ("create_twin", 400),
        ):
            assert expected in seen

    def test_of_a_request_names_the_caller_and_the_trace(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            operator = server.operator
            answer = operator.request("GET", "/twins/00000000-0000-4000-8000-000000000000")
            assert server.stop() == 0
        entries = [json.loads(line) for line in server.log.read_text().splitlines()]
        (entry,) = [entry for entry in entries if entry.get("status") == 404]
        assert entry["trace"] == answer.json()["trace"]
        assert (entry["account"], entry["user"]) == (operator.account, operator.user)
        assert entry["path"] == "/twins/{twin}"


class TestSettings:
    @pytest.mark.parametrize(
        ("flags", "words"),
        [
            (["--workers", "2"], ["worker", "--database"]),
            (["--workers", "0"], ["worker", "0"]),
            (["--database", "mysql://root:hidden@localhost/x"], ["postgresql://", "mysql"]),
            (["--port", "99999"], ["port", "65535", "99999"]),
            (["--port", "-1"], ["port", "-1"]),
            (["--host", "no.such.host.invalid"], ["no.such.host.invalid", "--host"]),
            (["--host", "a" * 70], ["aaa", "--host"]),
            (["--host", "192.0.2.1"], ["192.0.2.1", "--host"]),
            (["--connections", "0"], ["--connections", "0"]),
            (["--patience", "0"], ["--patience", "0"]),
            (["--keep-alive", "-1"], ["--keep-alive", "-1"]),
        ],
    )
    def test_that_cannot_be_are_told_in_a_sentence(
        self, tmp_path: Path, flags: list[str], words: list[str]
    ) -> None:
        outcome = twinhold("serve", "--port", "0", "--data", str(tmp_path / "data"), *flags)
        message = complaint(outcome)
        assert all(word in message for word in words), message
        assert "hidden" not in message
        assert not (tmp_path / "data" / "twinhold.db").exists()

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("TWINHOLD_PORT", "many"),
            ("TWINHOLD_WORKERS", "two"),
            ("TWINHOLD_KEEP_ALIVE", "long"),
            ("TWINHOLD_RATE_LIMIT", "20/0s"),
            ("TWINHOLD_RATE_LIMIT", "20 per second"),
            ("TWINHOLD_VALIDATION", "lenient"),
        ],
    )
    def test_of_the_wrong_type_are_told_in_a_sentence(
        self, tmp_path: Path, variable: str, value: str
    ) -> None:
        message = complaint(
            twinhold("serve", "--data", str(tmp_path / "data"), **{variable: value})
        )
        assert variable in message
        assert value in message

    def test_flag_of_the_wrong_type_is_refused(self, tmp_path: Path) -> None:
        outcome = twinhold("serve", "--data", str(tmp_path / "data"), "--port", "many")
        assert outcome.returncode != 0
        assert "--port" in outcome.stderr
        assert "Traceback" not in outcome.stderr

    def test_flags_win_over_variables(self, tmp_path: Path) -> None:
        """Each of the five, told apart by the message that the losing value would cause."""
        with taken_port() as port:
            by_variable = {
                "TWINHOLD_HOST": "no.such.host.invalid",
                "TWINHOLD_PORT": "99999",
                "TWINHOLD_DATA": str(tmp_path / "variable"),
                "TWINHOLD_DATABASE": "mysql://",
                "TWINHOLD_WORKERS": "0",
            }
            data = str(tmp_path / "flag")
            outcome = twinhold(
                *("serve", "--host", "127.0.0.1", "--port", str(port), "--data", data),
                *("--workers", "1", "--database", "postgresql://127.0.0.1/x"),
                **by_variable,
            )
        assert f"127.0.0.1:{port} cannot be listened on" in complaint(outcome)
        assert not (tmp_path / "variable").exists()

    def test_variables_win_over_defaults(self, tmp_path: Path) -> None:
        with taken_port() as port:
            outcome = twinhold("serve", TWINHOLD_HOST="127.0.0.1", TWINHOLD_PORT=str(port))
        assert f"127.0.0.1:{port} cannot be listened on" in complaint(outcome)
        with serving(tmp_path / "data"):
            outcome = twinhold("serve", TWINHOLD_PORT="0", TWINHOLD_DATA=str(tmp_path / "data"))
            assert f"{tmp_path / 'data'} is in use" in complaint(outcome)
        outcome = twinhold("serve", TWINHOLD_DATABASE="mysql://", TWINHOLD_PORT="0")
        assert "postgresql://" in complaint(outcome)
        outcome = twinhold("serve", TWINHOLD_WORKERS="2", TWINHOLD_PORT="0")
        assert "worker" in complaint(outcome)


class TestHelp:
    def test_version(self) -> None:
        outcome = twinhold("--version")
        assert (outcome.returncode, outcome.stdout) == (0, f"twinhold {package.__version__}\n")

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ([], ("serve", "account", "environment variable")),
            (["serve"], VARIABLES),
            (["account"], ("create",)),
            (
                ["account", "create"],
                ("TWINHOLD_DATA", "TWINHOLD_DATABASE", "TWINHOLD_URL", "TWINHOLD_SECRET"),
            ),
        ],
    )
    def test_of_each_command_names_its_variables(
        self, command: list[str], words: tuple[str, ...]
    ) -> None:
        outcome = twinhold(*command, "--help", COLUMNS="200")
        assert outcome.returncode == 0
        assert outcome.stderr == ""
        assert all(word in outcome.stdout for word in words), outcome.stdout

    @pytest.mark.parametrize("command", [[], ["account"], ["no-such-command"]])
    def test_is_offered_for_an_incomplete_command(self, command: list[str]) -> None:
        outcome = twinhold(*command)
        assert outcome.returncode == 2
        assert "usage: twinhold" in outcome.stderr


def _output(server: Server) -> list[str]:
    """What a server wrote to its standard output after its first line, until its end."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.stdout is not None
    lines: list[str] = server.process.stdout.readlines()
    assert server.stop() == 0
    return lines


def _assert_absent(data: Path, operators: str, others: str) -> None:
    """No file of a data directory holds a secret that does not belong there."""
    files = [file for file in data.rglob("*") if file.is_file()]
    assert {"credentials.json", "twinhold.db"} <= {file.name for file in files}
    for file in files:
        content = file.read_bytes()
        assert others.encode() not in content, file
        assert (operators.encode() in content) is (file.name == "credentials.json"), file


def _misplace(server: Server, secret: str) -> None:
    """Send a secret wherever a request of a careless client may carry it."""
    for path in (
        f"/twins?secret={secret}",
        f"/twins/{secret}",
        f"/twins?cursor={secret}",
        f"/twins?match={secret}",
        f"/{secret}/{secret}",
    ):
        server.operator.request("GET", path)


def _send_raw(server: Server, text: str) -> None:
    """Send what no client library would, and wait until the server is done with it."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as raw:
        raw.sendall(text.encode())
        raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while raw.recv(65_536):
                pass


def _raise_schema(data: Path, engine: list[str]) -> None:
    """Let a store look as a later Twinhold leaves it."""
    statement = "INSERT INTO schema_version (step) VALUES (1000)"
    if not engine:
        with contextlib.closing(apsw.Connection(str(data / "twinhold.db"))) as database:
            database.execute(statement)
        return

    async def run() -> None:
        connection = await asyncpg.connect(engine[1])
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())
