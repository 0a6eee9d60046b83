"""Servers under test: started on a free port of the loopback, looked at, stopped by their pid."""

import contextlib
import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent

_START_SECONDS = 30
_STOP_SECONDS = 30
_POLL_SECONDS = 0.002
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server; `started_in` is the time from its start to its first answer of /health."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.started_in = 0.0

    def cpu_seconds(self) -> float:
        """Processor time so far, user and system, of all threads and workers."""
        return cpu_seconds(self._process.pid)

    def workers(self) -> list[int]:
        """The processes that answer: itself, or those below it."""
        below = [process for process in _family(self._process.pid) if process != self._process.pid]
        return below or [self._process.pid]

    def resident_mb(self) -> float:
        """Memory that is resident now, in millions of bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6

    def wait(self) -> None:
        """Wait for the first answer of /health.

        Raises:
            RuntimeError: the server ended, or does not answer in time.
        """
        until = time.perf_counter() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() > until:
                raise RuntimeError(f"A server does not start: {self._log.read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask the process to end, and see that it does."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def cpu_seconds(pid: int) -> float:
    """Processor time so far, user and system, of a process and the living below it."""
    return sum(_family(pid).values()) / _TICKS


def _family(pid: int) -> dict[int, int]:
    """A process and the living below it, and the ticks that each has used."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = file.read_text().rpartition(")")[2].split()
            process = int(file.parent.name)
            children.setdefault(int(fields[1]), []).append(process)
            ticks[process] = int(fields[11]) + int(fields[12])
    family = [pid]
    for process in family:
        family += children.get(process, [])
    return {process: ticks.get(process, 0) for process in family}


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server from its start to its end.

    Args:
        command: what starts it, in the root of the repository.
        port: where it will answer.
        log: the file that receives what it writes.
        environment: variables that it is given besides ours.
    """
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        server.wait()
        server.started_in = time.perf_counter() - started
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
