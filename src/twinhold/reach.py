"""How a command reaches a registry: through its server when one runs, else directly.

Either way the command says on standard error which.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from typing import IO, Any, Protocol, TypeVar

import msgspec

from twinhold import client, credentials, first_start
from twinhold.credentials import Credentials
from twinhold.registry import accounts, documents, keys, model_uploads, models
from twinhold.registry.calls import Calls, OwnCalls
from twinhold.registry.loaded_models import LoadedModels
from twinhold.registry.models import Listing
from twinhold.registry.principal import NOBODY, Call, Principal
from twinhold.settings import Settings, SettingsError
from twinhold.store import AccessChangedError, Store, StoreInUseError, Transaction, open_store
from twinhold.store.open import DirectoryLock

T = TypeVar("T")

_ATTEMPTS = 5


class Reached(Protocol):
    """A registry that a command works on."""

    def create_account(self, name: str) -> Credentials:
        """Make an account."""
        ...

    def rotate_keys(self) -> int:
        """Sign tokens with a new key; answer how many verify them."""
        ...

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """Store the models of a JSON array of so many bytes; answer how many there are."""
        ...

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """The documents of those of some models that there are."""
        ...

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Ids of models and their names by language."""
        ...

    def delete_model(self, dtmi: str) -> None:
        """Delete a model."""
        ...


@contextlib.contextmanager
def reaching(
    settings: Settings, url: str | None, secret: str | None, account: str | None = None
) -> Generator[Reached, None, None]:
    """Reach the registry that the options name.

    Args:
        settings: where the registry is kept.
        url: its server.
        secret: what the server is asked with; its user's account is worked on.
        account: the account to work on when no server is asked; None is the operator's.

    Raises:
        SettingsError: there is no secret for the server, or an account is named for it.
        StoreError: the directory or database cannot be opened.
    """
    url = url or os.environ.get("TWINHOLD_URL")
    if url:
        _refuse_account(account)
        yield _through(settings, url, secret)
        return
    try:
        lock = None if settings.database else DirectoryLock(settings.data)
    except StoreInUseError:
        known = credentials.read(settings.data)
        if known is None:
            raise
        _refuse_account(account)
        yield _through(settings, known.url, secret)
        return
    try:
        where = "the database" if settings.database else str(settings.data)
        sys.stderr.write(f"Opening {where} directly.\n")
        yield Direct(settings, account)
    finally:
        if lock is not None:
            lock.release()


def _refuse_account(account: str | None) -> None:
    if account is not None:
        raise SettingsError(
            "A server works on the account of the secret: give --secret instead of --account, "
            "or stop the server."
        )


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

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """See `Reached.upload_models`."""
        return client.upload_models(self._url, self._secret, body, size)

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """See `Reached.find_models`."""
        found = (client.find_model(self._url, self._secret, dtmi) for dtmi in dtmis)
        return [document for document in found if document is not None]

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """See `Reached.list_models`."""
        return client.list_models(self._url, self._secret)

    def delete_model(self, dtmi: str) -> None:
        """See `Reached.delete_model`."""
        client.delete_model(self._url, self._secret, dtmi)


class Direct:
    """A registry whose store is opened for one step."""

    def __init__(self, settings: Settings, account: str | None) -> None:
        self._settings = settings
        self._account = account
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

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """See `Reached.upload_models`."""
        text = body.read(size)

        async def step(calls: Calls) -> int:
            return len(await model_uploads.upload(calls, text))

        return self._as_account(step)

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """See `Reached.find_models`."""

        async def step(calls: Calls) -> list[object]:
            return await calls.read(models.documents_of, dtmis)

        return self._as_account(step)

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """See `Reached.list_models`."""

        async def step(calls: Calls) -> list[tuple[str, dict[str, str]]]:
            found = (await calls.read(models.find_all, Listing(count=sys.maxsize - 1))).models
            return [(model.dtmi, documents.decode(model.display_name)) for model in found]

        return self._as_account(step)

    def delete_model(self, dtmi: str) -> None:
        """See `Reached.delete_model`."""

        async def step(calls: Calls) -> None:
            await calls.write(models.delete, dtmi)

        self._as_account(step)

    def _as_account(self, step: Callable[[Calls], Coroutine[Any, Any, T]]) -> T:
        """Work on the account; start over when somebody changes the registry meanwhile."""

        async def work(store: Store) -> T:
            for _ in range(_ATTEMPTS - 1):
                with contextlib.suppress(AccessChangedError):
                    return await step(await _calls(store, self._account))
            return await step(await _calls(store, self._account))

        return self._open(work)

    def _open(self, step: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            store = await open_store(self._settings.data, self._settings.database)
            try:
                await first_start.ensure_account(store, self._settings.data, self._url, _now())
                return await step(store)
            finally:
                await store.close()

        return asyncio.run(run())


async def _calls(store: Store, account: str | None) -> OwnCalls:
    actor = await store.read(_actor, account)
    return OwnCalls(store, Call(actor, _now()))


async def _actor(transaction: Transaction, account: str | None) -> Principal:
    """One who stands for an account: whoever can open the store may do everything anyway."""
    generation = await transaction.generation()
    if account is None:
        account = await accounts.operator(transaction)
    else:
        await accounts.require(transaction, account)
    return msgspec.structs.replace(
        NOBODY, account=account, generation=generation, models=LoadedModels()
    )


def _now() -> int:
    return time.time_ns() // 1000
