"""How a command reaches a registry: through its server when one runs, else directly.

Either way the command says on standard error which.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

import msgspec

from twinhold import client, credentials, first_start
from twinhold.credentials import Credentials
from twinhold.registry import accounts, keys
from twinhold.settings import Settings, SettingsError
from twinhold.store import Store, StoreInUseError, open_store
from twinhold.store.open import DirectoryLock

T = TypeVar("T")


class Reached(Protocol):
    """A registry that a command works on."""

    def create_account(self, name: str) -> Credentials:
        """Make an account."""
        ...

    def rotate_keys(self) -> int:
        """Sign tokens with a new key; answer how many verify them."""
        ...


@contextlib.contextmanager
def reaching(
    settings: Settings, url: str | None, secret: str | None
) -> Generator[Reached, None, None]:
    """Reach the registry that the options name.

    Raises:
        SettingsError: there is no secret for the server.
        StoreError: the directory or database cannot be opened.
    """
    url = url or os.environ.get("TWINHOLD_URL")
    if url:
        yield _through(settings, url, secret)
        return
    try:
        lock = None if settings.database else DirectoryLock(settings.data)
    except StoreInUseError:
        known = credentials.read(settings.data)
        if known is None:
            raise
        yield _through(settings, known.url, secret)
        return
    try:
        where = "the database" if settings.database else str(settings.data)
        sys.stderr.write(f"Opening {where} directly.\n")
        yield Direct(settings)
    finally:
        if lock is not None:
            lock.release()


def _through(settings: Settings, url: str, secret: str | None) -> "Served":
    url = url.rstrip("/")
    known = credentials.read(settings.data)
    secret = secret or os.environ.get("TWINHOLD_SECRET") or (known.secret if known else None)
    if not secret:
        raise SettingsError("No secret: give --secret, or --data with a credentials.json.")
    sys.stderr.write(f"Asking the server at {url}.\n")
    return Served(url, secret)


class Served:
    """A registry behind its server."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def create_account(self, name: str) -> Credentials:
        """See `Reached.create_account`."""
        made = client.create_account(self._url, self._secret, name)
        return msgspec.convert(made | {"url": self._url}, Credentials)

    def rotate_keys(self) -> int:
        """See `Reached.rotate_keys`."""
        return client.rotate_keys(self._url, self._secret)


class Direct:
    """A registry whose store is opened for one step."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = f"http://{settings.host}:{settings.port}"

    def create_account(self, name: str) -> Credentials:
        """See `Reached.create_account`."""

        async def step(store: Store) -> accounts.Credentials:
            return await store.write(
                accounts.create, name, accounts.draft(), _now(), operator=False
            )

        made = self._open(step)
        return Credentials(self._url, made.account, made.user, made.role, made.secret)

    def rotate_keys(self) -> int:
        """See `Reached.rotate_keys`."""

        async def step(store: Store) -> int:
            await store.write(keys.load)
            return (await store.write(keys.rotate)).tokens.count

        return self._open(step)

    def _open(self, step: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            store = await open_store(self._settings.data, self._settings.database)
            try:
                await first_start.ensure_account(store, self._settings.data, self._url, _now())
                return await step(store)
            finally:
                await store.close()

        return asyncio.run(run())


def _now() -> int:
    return time.time_ns() // 1000
