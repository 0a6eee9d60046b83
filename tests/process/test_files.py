"""Files through a running server: kept over a kill, passed through without being held."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
import pytest
import requests
from tests.harness import TWINHOLD, Account, Server, body, create, error, serving, twinhold, uuid_of
from tests.process.running import complaint, started, until

Options = Callable[[], list[str]]

MIB = 1024 * 1024
LARGE = 96 * MIB
MOST_GROWTH_MIB = 40
"""Far less than the file, and enough for what S3 has under way."""

_LOOK_SECONDS = 0.01


@pytest.fixture(params=["folder", "s3"])
def where(request: pytest.FixtureRequest) -> list[str]:
    """Where a server keeps its files."""
    return [] if request.param == "folder" else ["--blobs", request.getfixturevalue("new_bucket")()]


def put(account: Account, content: Any) -> str:
    """Put a file, and answer its handler."""
    made = body(account.client().create_upload_url())
    requests.put(made["url"], data=content, timeout=120).raise_for_status()
    handler: str = made["handler"]
    return handler


def attach(account: Account, twin: str, name: str, handler: str) -> None:
    body(account.client().attach_twin_doc(twin, body={"docs": {name: {"handler": handler}}}))


def download_url(account: Account, twin: str, name: str) -> str:
    answer = account.client().get_twin_doc(twin, name, params={"download": True})
    url: str = body(answer)["download"]["url"]
    return url


def download(account: Account, twin: str, name: str) -> bytes:
    return requests.get(download_url(account, twin, name), timeout=120).content


def half_sent(url: str, content: bytes, size: int) -> socket.socket:
    """A connection on which less has been sent than announced."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = socket.create_connection((parts.hostname, parts.port or 0))
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode() + content)
    return connection


def files(data: Path) -> list[Path]:
    return [file for file in (data / "blobs").rglob("*") if file.is_file()]


def test_a_killed_server_keeps_what_it_promised_and_serves_nothing_half(
    tmp_path: Path, options: Options
) -> None:
    data, engine = tmp_path / "data", options()
    content = os.urandom(700_000)
    with started(data, *engine) as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        waiting = put(account, b"waits")
        half = body(account.client().create_upload_url())
        with half_sent(half["url"], bytes(MIB), 2 * MIB):
            until(
                lambda: any(file.suffix == ".part" and file.stat().st_size for file in files(data))
            )
            attach(account, twin, "kept", put(account, content))
    with serving(data, *engine) as server:
        account = replace(account, url=server.url)
        assert download(account, twin, "kept") == content
        docs = {"half": {"handler": half["handler"]}}
        assert error(account.client().attach_twin_doc(twin, body={"docs": docs}))[0] == 404
        attach(account, twin, "waited", waiting)
        assert download(account, twin, "waited") == b"waits"
        again = requests.put(half["url"].replace(half["url"].split("/cache")[0], server.url), b"x")
        assert again.json()["size"] == 1


def test_a_server_clears_away_what_nobody_needs(tmp_path: Path, options: Options) -> None:
    data, engine = tmp_path / "data", options()
    with serving(data, *engine) as server:
        account = server.account()
        handler = put(account, b"not needed")
        body(account.client().invalidate_upload_url(handler))
        assert len(files(data)) == 1
    with serving(data, *engine):
        until(lambda: not files(data))


def test_every_worker_serves_every_file(
    tmp_path: Path, new_database: Callable[[], str], where: list[str]
) -> None:
    flags = ["--database", new_database(), "--workers", "2", *where]
    with serving(tmp_path / "data", *flags) as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        for number in range(8):
            content = os.urandom(1000)
            attach(account, twin, str(number), put(account, content))
            assert download(account, twin, str(number)) == content


def test_a_large_file_takes_no_memory(
    tmp_path: Path, where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    chunk = os.urandom(MIB)
    expected = hashlib.sha256(chunk * (LARGE // MIB)).hexdigest()
    with serving(tmp_path / "data", *where) as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        attach(account, twin, "small", put(account, chunk * 20))
        download(account, twin, "small")  # what is loaded with the first file is loaded
        with growth(server) as up:
            handler = put(account, (chunk for _ in range(LARGE // MIB)))
        attach(account, twin, "large", handler)
        url = download_url(account, twin, "large")
        found = hashlib.sha256()
        with growth(server) as down, requests.get(url, stream=True, timeout=120) as answer:
            for part in answer.iter_content(MIB):
                found.update(part)
    assert found.hexdigest() == expected
    with capsys.disabled():
        print(f"\n{where[:1]}: {LARGE // MIB} MiB up +{up[0]:.0f}, down +{down[0]:.0f} MiB")  # noqa: T201
    assert max(up[0], down[0]) < MOST_GROWTH_MIB


@contextmanager
def growth(server: Server) -> Iterator[list[float]]:
    """By how many MiB a server grows during a block, at most."""
    process, done = psutil.Process(server.process.pid), threading.Event()
    before = process.memory_info().rss
    most = [0.0]

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            most[0] = max(most[0], (process.memory_info().rss - before) / MIB)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield most
    finally:
        done.set()
        watching.join()


def test_a_reader_that_leaves_lets_the_file_go(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        attach(account, twin, "large", put(account, bytes(64 * MIB)))
        url = download_url(account, twin, "large")
        process = psutil.Process(server.process.pid)

        def is_open() -> bool:
            return any("/blobs/" in file.path for file in process.open_files())

        with requests.get(url, stream=True, timeout=60) as answer:
            answer.raw.read(1000)
            until(is_open)
        until(lambda: not is_open())
        assert requests.get(url, timeout=60).status_code == 200
    assert '"level":"error"' not in server.log.read_text()


def test_a_damaged_file_is_never_served_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        account = server.account()
        twin = uuid_of(create(account.client()))
        attach(account, twin, "a", put(account, b"x" * MIB))
        url = download_url(account, twin, "a")
        (file,) = files(data)
        file.write_bytes(b"x" * (MIB - 1) + b"y")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = requests.get(url, timeout=60).content
        until(lambda: "is damaged" in server.log.read_text())
        file.unlink()
        assert requests.get(url, timeout=60).status_code == 500
        until(lambda: "does not exist" in server.log.read_text())


def test_a_full_disk_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    """A file larger than the process may write stands for a full disk."""
    data = tmp_path / "data"
    limited = ["sh", "-c", 'ulimit -f 4096; exec "$@"', "sh", *TWINHOLD]
    with started(data, program=limited) as server:
        account = server.account()
        made = body(account.client().create_upload_url())
        answer = requests.put(made["url"], data=bytes(8 * MIB), timeout=60)
        assert (answer.status_code, answer.json()["subcode"]) == (500, "500314")
        assert files(data) == []
        assert requests.put(made["url"], data=b"small", timeout=60).status_code == 200


@pytest.mark.parametrize(
    ("blobs", "says"), [("ftp://x", "ftp"), ("/proc/x", "/proc/x"), ("s3://", "s3://")]
)
def test_an_address_that_cannot_be_stops_the_start(tmp_path: Path, blobs: str, says: str) -> None:
    command = ("serve", "--port", "0", "--data", str(tmp_path / "data"))
    assert says in complaint(twinhold(*command, "--blobs", blobs))
    assert says in complaint(twinhold(*command, TWINHOLD_BLOBS=blobs))


def test_a_command_ends_before_threads_of_s3_can_abort_it(
    tmp_path: Path, new_bucket: Callable[[], str]
) -> None:
    """They do when the interpreter is taken apart, in every second run on a busy machine."""
    data, flags = tmp_path / "data", ["--blobs", new_bucket()]
    with serving(data, *flags):
        pass
    watched = """
import atexit, runpy
atexit.register(print, "taken apart")
runpy.run_module("twinhold", run_name="__main__")
"""
    command = [sys.executable, "-c", watched, "doctor", "--data", str(data), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Nothing is wrong.\n")
