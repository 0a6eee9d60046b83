"""The composition root: the only place that chooses an engine and mounts the dialects."""

import asyncio
import contextlib
import gc
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, Never

import uvicorn
import uvloop

from twinhold import __version__, allocator, credentials, first_start, log, workers
from twinhold.api import trusted_twin, willow
from twinhold.api import twinhold as pages
from twinhold.api.kit.app import App
from twinhold.api.kit.metrics import Metrics
from twinhold.api.kit.observation import AccessLog
from twinhold.api.kit.rate_limits import RateLimiter
from twinhold.blobs import Blobs, BlobsError, open_blobs
from twinhold.credentials import Credentials
from twinhold.ending import end
from twinhold.http import Limits, limited
from twinhold.registry import Registry, models, rule_texts
from twinhold.settings import Settings, SettingsError
from twinhold.store import Store, StoreError, open_store
from twinhold.store.open import DirectoryLock

_VENDORS = (trusted_twin.DIALECT, willow.DIALECT)
_ACTIONS = frozenset[str]().union(*(dialect.actions for dialect in _VENDORS))
_GRACE_SECONDS = 30
_BACKLOG = 2048
_OTHER_FILES = 512
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_ANYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are finished.

    Raises:
        SettingsError: the address cannot be listened on.
        StoreError: the registry cannot be opened.
        BlobsError: the files cannot be reached.
    """
    log.configure()
    allocator.tidy()
    listener = _listen(settings)
    url = _url(settings, listener)
    _allow_files(settings.connections)
    with _directory(settings):
        if settings.workers == 1:
            uvloop.run(_serve_alone(settings, listener, url))
        else:
            _serve_with_workers(settings, listener, url)


async def _serve_alone(settings: Settings, listener: socket.socket, url: str) -> None:
    store = await open_store(settings.data, settings.database)
    try:
        blobs = await open_blobs(settings.data, settings.blobs)
        made = await _start(store, blobs, settings, url)
        ready = partial(_announce, settings, url, made)
        await _run(store, blobs, _Share(settings, listener), ready)
    finally:
        await store.close()


def _serve_with_workers(settings: Settings, listener: socket.socket, url: str) -> None:
    """Make the registry ready, then leave it to processes of their own."""
    made = uvloop.run(_prepare(settings, url))
    slabs = Path(tempfile.mkdtemp(prefix="twinhold-metrics-"))
    try:
        _announce(settings, url, made)
        workers.supervise(partial(_work, settings, slabs, listener), settings.workers)
    finally:
        shutil.rmtree(slabs)


async def _prepare(settings: Settings, url: str) -> Credentials | None:
    store = await open_store(settings.data, settings.database)
    try:
        blobs = await open_blobs(settings.data, settings.blobs)
        return await _start(store, blobs, settings, url)
    finally:
        await store.close()


def _work(settings: Settings, slabs: Path, listener: socket.socket, lifeline: Connection) -> Never:
    """What each worker does."""
    log.configure()
    allocator.tidy()
    try:
        uvloop.run(_serve_share(settings, slabs, listener, lifeline))
    except (StoreError, BlobsError) as error:
        log.cannot_start(error)
        end(1)
    end(0)


async def _serve_share(
    settings: Settings, slabs: Path, listener: socket.socket, lifeline: Connection
) -> None:
    store = await open_store(settings.data, settings.database)
    try:
        blobs = await open_blobs(settings.data, settings.blobs)
        share = _Share(settings, listener, slabs)
        await _run(store, blobs, share, partial(_end_with, lifeline))
    finally:
        await store.close()


def _end_with(lifeline: Connection) -> None:
    """Stop serving when the process that started this one is gone."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(lifeline.fileno())
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(lifeline.fileno(), end)


async def _start(store: Store, blobs: Blobs, settings: Settings, url: str) -> Credentials | None:
    """Make the keys and the first account where they are missing."""
    await Registry.open(store, _ACTIONS, blobs)
    made = await first_start.ensure_account(store, settings.data, url, time.time_ns() // 1000)
    credentials.remember_url(settings.data, url)
    return made


class _Share(NamedTuple):
    """What a process serves with: where it listens, and where it shares its counts with others."""

    settings: Settings
    listener: socket.socket
    slabs: Path | None = None


async def _run(store: Store, blobs: Blobs, share: _Share, ready: Callable[[], None]) -> None:
    """Answer requests until told to stop."""
    registry = await Registry.open(store, _ACTIONS, blobs, share.settings.validation)
    names = [operation.name for dialect in _VENDORS for operation in dialect.operations]
    metrics = Metrics([*names, *pages.NAMES], share.slabs)
    dialects = (*_VENDORS, pages.dialect(metrics, _VENDORS))
    access_log = AccessLog()
    app = App(registry, dialects, (access_log, metrics), log.complain, _limiter(share.settings))
    await registry.start()
    warming = asyncio.get_running_loop().run_in_executor(None, _warm_up)
    await _Server(_config(app, share.settings), ready).serve(sockets=[share.listener])
    await registry.close()
    await warming
    access_log.flush()


def _warm_up() -> None:
    """Load what requests would wait for, and let the garbage collector pass over all of it."""
    rule_texts.warm_up()
    models.warm_up()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it each time slows requests


class _Server(uvicorn.Server):
    """uvicorn, with our word when it is ready and exit code 0 when it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Let a signal end the serving, and not, as uvicorn does afterwards, the process.

        Whoever signals once more while the store is closed changes nothing.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)


def _limiter(settings: Settings) -> RateLimiter | None:
    limit = settings.rate_limit
    return None if limit is None else RateLimiter(limit.requests, limit.seconds, _VENDORS)


def _config(app: App, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=limited(Limits(patience=settings.patience, connections=settings.connections)),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        # From here on: a client that comes before a worker is ready waits instead of being refused.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): "
            "choose another --port or --host."
        ) from error
    listener.set_inheritable(True)
    return listener


def _allow_files(connections: int) -> None:
    """Let the process open as many files as its connections need, as far as the system lets it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _url(settings: Settings, listener: socket.socket) -> str:
    """Where a client on this machine reaches the server."""
    host = "127.0.0.1" if settings.host in _ANYWHERE else settings.host
    bracketed = f"[{host}]" if ":" in host else host
    return f"http://{bracketed}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _directory(settings: Settings) -> Generator[None, None, None]:
    """The data directory: ours alone on SQLite, shared on PostgreSQL."""
    if settings.database:
        yield
        return
    lock = DirectoryLock(settings.data)
    try:
        yield
    finally:
        lock.release()


def _announce(settings: Settings, url: str, made: Credentials | None) -> None:
    """Tell the person at the terminal where the registry is and how to enter."""
    kept = "PostgreSQL" if settings.database else f"SQLite in {settings.data}"
    lines = [f"Twinhold {__version__} on {url} ({kept}). Reference: {url}/docs"]
    if made is not None:
        lines += _how_to_enter(settings, url, made)
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _how_to_enter(settings: Settings, url: str, made: Credentials) -> list[str]:
    kept = settings.data / credentials.FILE
    body = '{"description": {"name": "pump"}}'
    return [
        "",
        f"First start: an account was made. Its secret is shown only now and kept in {kept}.",
        f"  account  {made.account}",
        f"  user     {made.user}",
        f"  role     {made.role}",
        f"  secret   {made.secret}",
        "Try:",
        f"  curl -H 'Authorization: {made.secret}' -d '{body}' {url}/twins",
    ]
