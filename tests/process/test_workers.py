"""Several workers on one address (PostgreSQL): they share, are replaced, and end together.

Which worker answers is made certain by stopping all the others (SIGSTOP) for as long as it takes.
"""

import contextlib
import http.client
import json
import re
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from tests.harness import Account, Server, serving
from tests.process import load
from tests.process.load import Load
from tests.process.proxy import between
from tests.process.running import connect, started, until

WORKERS = 2
SECONDS = 20

NewDatabase = Callable[[], str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Server]:
    """A server of several workers, shared by the tests that leave it running."""
    flags = ("--workers", str(WORKERS), "--database", new_database())
    with serving(tmp_path_factory.mktemp("workers") / "data", *flags) as running:
        assert running.operator.request("GET", "/health").status_code == 200
        yield running


def workers(server: Server) -> list[Any]:
    """The processes that serve, once all of them run."""

    def running() -> list[Any]:
        children = psutil.Process(server.process.pid).children()
        return [child for child in children if is_worker(child)]

    return until(lambda: found if len(found := running()) == WORKERS else [])


def is_worker(process: Any) -> bool:
    """Whether a child of a server is a worker, and not the interpreter's own resource tracker."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


@contextlib.contextmanager
def only(server: Server, chosen: Any) -> Generator[http.client.HTTPConnection, None, None]:
    """A connection that only the chosen worker can have accepted."""
    others = [worker for worker in workers(server) if worker.pid != chosen.pid]
    for other in others:
        other.suspend()
    connection = connect(server.operator)
    try:
        until(lambda: ask(connection, "GET", "/health", server.operator)[0] == 200)
    finally:
        for other in others:
            other.resume()
    try:
        yield connection
    finally:
        connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, account: Account
) -> tuple[int, Any]:
    """A request over a connection."""
    connection.request(method, path, headers={"Authorization": account.secret})
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if path != "/metrics" else body.decode()


def count(connection: http.client.HTTPConnection, operation: str, server: Server) -> int:
    """How many successful requests the metrics of one worker tell of.

    A request is counted just after its answer, so a test polls.
    """
    text = ask(connection, "GET", "/metrics", server.operator)[1]
    pattern = rf'twinhold_requests_total{{operation="{operation}",status="200"}} (\S+)'
    match = re.search(pattern, text)
    return int(float(match[1])) if match else 0


@pytest.fixture
def own_server(tmp_path: Path, new_database: NewDatabase) -> Iterator[Server]:
    """A server of several workers that a test may stop; one that has just said it is ready."""
    flags = ("--workers", str(WORKERS), "--database", new_database())
    with serving(tmp_path / "data", *flags) as running:
        yield running


def test_a_server_that_says_it_is_ready_answers(own_server: Server) -> None:
    """The first connection after the banner is not refused, though workers take time to start."""
    assert own_server.operator.request("GET", "/health").status_code == 200


def test_each_worker_answers_and_all_count_together(server: Server) -> None:
    first, second = workers(server)
    with only(server, first) as one, only(server, second) as two:
        before = count(one, "who_am_i", server)
        for connection, times in ((one, 3), (two, 4)):
            for _ in range(times):
                assert ask(connection, "GET", "/whoami", server.operator)[0] == 200
        until(lambda: count(one, "who_am_i", server) == before + 7)
        assert count(two, "who_am_i", server) == before + 7


def test_a_twin_made_through_one_is_read_through_the_other(server: Server) -> None:
    first, second = workers(server)
    account = server.account()
    with only(server, first) as one, only(server, second) as two:
        for here, there in ((one, two), (two, one)):
            status, twin = ask(here, "POST", "/twins", account)
            assert status == 201
            path = f"/twins/{twin['creation_certificate']['uuid']}"
            assert ask(there, "GET", path, account) == (200, twin)
            status, ended = ask(there, "DELETE", path, account)
            assert status == 200
            assert ask(here, "GET", path, account) == (200, ended)


def test_a_cursor_of_one_is_good_for_the_other(server: Server) -> None:
    first, second = workers(server)
    account = server.account()
    with only(server, first) as one, only(server, second) as two:
        made = [
            ask(one, "POST", "/twins", account)[1]["creation_certificate"]["uuid"] for _ in range(3)
        ]
        page = ask(one, "GET", "/twins?count=2", account)[1]
        rest = ask(two, "GET", f"/twins?cursor={page['cursor']}", account)[1]
    assert sorted(page["twins"] + rest["twins"]) == sorted(made)


def test_a_killed_worker_is_replaced_and_its_counts_stay(server: Server) -> None:
    first, second = workers(server)
    with only(server, first) as one:
        before = count(one, "who_am_i", server)
        assert ask(one, "GET", "/whoami", server.operator)[0] == 200
        until(lambda: count(one, "who_am_i", server) == before + 1)
    first.kill()
    until(lambda: not psutil.pid_exists(first.pid))
    (fresh,) = [worker for worker in workers(server) if worker.pid != second.pid]
    assert fresh.pid != first.pid
    with only(server, fresh) as one:
        assert ask(one, "GET", "/whoami", server.operator)[0] == 200
        until(lambda: count(one, "who_am_i", server) == before + 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_exits_0(
    tmp_path: Path, new_database: NewDatabase, number: int
) -> None:
    """Under load, to the server's process alone; no acknowledged write is lost."""
    data, flags = tmp_path / "data", ("--workers", str(WORKERS), "--database", new_database())
    with serving(data, *flags) as server:
        processes = workers(server)
        with Load(server.account()).running() as sent:
            sent.wait_for(50)
            assert server.stop(number) == 0
    assert not any(process.is_running() for process in processes)
    assert sent.refused == []
    assert sent.failed == []
    with serving(data, *flags) as server:
        assert load.violations(replace(sent.account, url=server.url), sent.records) == []


def test_ctrl_c_of_a_terminal_reaches_all_and_exits_0(own_server: Server) -> None:
    """A terminal signals every process of the group, the workers too."""
    processes = workers(own_server)
    with only(own_server, processes[0]), only(own_server, processes[1]):
        pass
    for process in processes:
        process.send_signal(signal.SIGINT)
    assert own_server.stop(signal.SIGINT) == 0
    assert "Traceback" not in own_server.log.read_text()


def test_workers_end_when_their_parent_is_killed(tmp_path: Path, new_database: NewDatabase) -> None:
    flags = ("--workers", str(WORKERS), "--database", new_database())
    with started(tmp_path / "data", *flags) as server:
        processes = workers(server)
        assert server.operator.request("GET", "/health").status_code == 200
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    _, left = psutil.wait_procs(processes, timeout=SECONDS)
    assert left == []


def test_a_random_kill_of_workers_breaks_no_promise(server: Server) -> None:
    """Workers die one after the other under load; their clients lose answers, never writes."""
    loads = []
    for _ in range(3):
        with Load(server.account()).running() as sent:
            sent.wait_for(50)
            workers(server)[0].kill()
        loads.append(sent)
    workers(server)
    for sent in loads:
        assert sent.refused == []
        assert sent.failed == []
        assert load.violations(sent.account, sent.records) == []


def test_the_log_of_all_is_one_json_object_a_line(own_server: Server) -> None:
    first, second = workers(own_server)
    with only(own_server, first) as one, only(own_server, second) as two:
        for connection in (one, two):
            for _ in range(10):
                assert ask(connection, "GET", "/whoami", own_server.operator)[0] == 200
    assert own_server.stop() == 0
    entries = [json.loads(line) for line in own_server.log.read_text().splitlines()]
    assert [entry["operation"] for entry in entries].count("who_am_i") == 20


def test_a_worker_that_dies_while_the_database_is_away_is_replaced_when_it_is_back(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """Meanwhile the replacements that cannot start complain in the form of the log, and seldom."""
    with (
        between(new_database()) as proxy,
        serving(tmp_path / "data", "--workers", "2", "--database", proxy.url) as server,
    ):
        first, second = workers(server)
        with only(server, first), only(server, second):
            pass
        proxy.tell("cut")
        first.kill()
        until(lambda: "cannot start" in server.log.read_text())
        assert server.operator.request("GET", "/health").status_code == 503
        proxy.tell("restore")
        with only(server, second) as one:
            assert ask(one, "GET", "/whoami", server.operator)[0] == 200
        fresh = until(lambda: [worker for worker in workers(server) if worker.pid != second.pid])
        with only(server, fresh[0]) as one:
            assert ask(one, "GET", "/whoami", server.operator)[0] == 200
        assert server.stop() == 0
        lines = server.log.read_text().splitlines()
    complaints = [
        entry for line in lines if "cannot start" in (entry := json.loads(line)).get("message", "")
    ]
    assert 1 <= len(complaints) <= 5
    assert "hidden" not in "".join(lines)
