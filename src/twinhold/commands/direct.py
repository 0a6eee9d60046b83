"""A registry that a command opens itself, because no server runs on it."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from typing import IO, Any, TypeVar

import msgspec

from twinhold import first_start
from twinhold.credentials import Credentials
from twinhold.registry import (
    access,
    accounts,
    attribute_indexes,
    documents,
    exports,
    imports,
    keys,
    model_uploads,
    modelled_twins,
    models,
)
from twinhold.registry.calls import Calls, OwnCalls
from twinhold.registry.imports import Outcome, Section
from twinhold.registry.loaded_models import LoadedModels
from twinhold.registry.model_imports import ModelImport
from twinhold.registry.models import Listing
from twinhold.registry.principal import NOBODY, Call, Principal, Statement
from twinhold.settings import Settings
from twinhold.store import AccessChangedError, Store, Transaction, open_store
from twinhold.store.shape import NOTHING

T = TypeVar("T")

_ATTEMPTS = 5


class Direct:
    """A registry whose store is opened by the first step and closed at the end."""

    lines_together = 24_000

    def __init__(self, settings: Settings, account: str | None) -> None:
        self._runner = asyncio.Runner()
        self._store: Store | None = None
        self._actor: Principal | None = None
        self._settings = settings
        self._account = account
        self._url = f"http://{settings.host}:{settings.port}"

    def create_account(self, name: str) -> Credentials:
        """See `reach.Reached.create_account`."""

        async def step(store: Store) -> accounts.Credentials:
            return await store.write(
                accounts.create, name, accounts.draft(), _now(), operator=False
            )

        made = self._open(step)
        return Credentials(self._url, made.account, made.user, made.role, made.secret)

    def rotate_keys(self) -> int:
        """See `reach.Reached.rotate_keys`."""

        async def step(store: Store) -> int:
            await store.write(keys.load)
            return (await store.write(keys.rotate)).tokens.count

        return self._open(step)

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """See `reach.Reached.upload_models`."""
        text = body.read(size)

        async def step(calls: Calls) -> int:
            return len(await model_uploads.upload(calls, text))

        return self._as_account(step)

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """See `reach.Reached.find_models`."""

        async def step(calls: Calls) -> list[object]:
            return await calls.read(models.documents_of, dtmis)

        return self._as_account(step)

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """See `reach.Reached.list_models`."""

        async def step(calls: Calls) -> list[tuple[str, dict[str, str]]]:
            found = (await calls.read(models.find_all, Listing(count=sys.maxsize - 1))).models
            return [(model.dtmi, documents.decode(model.display_name)) for model in found]

        return self._as_account(step)

    def delete_model(self, dtmi: str) -> None:
        """See `reach.Reached.delete_model`."""

        async def step(calls: Calls) -> None:
            await calls.write(models.delete, dtmi)

        self._as_account(step)

    def account(self) -> str:
        """See `reach.Reached.account`."""

        async def step(calls: Calls) -> str:
            return (await calls.read(access.confirm)).account

        return self._as_account(step)

    def import_models(self, lines: bytes) -> Outcome:
        """See `reach.Reached.import_models`."""
        work = ModelImport(imports.lines_of(lines))
        return self._as_account(work.run)

    def import_lines(
        self, section: Section, batches: Iterable[Sequence[bytes]]
    ) -> Iterator[Outcome]:
        """See `reach.Reached.import_lines`; while a batch is written the next one is prepared."""
        writing: asyncio.Task[Outcome] | None = None
        for batch in batches:
            lines = imports.numbered(batch)
            before, writing = writing, self._open(partial(self._begin, section, lines, writing))
            if before is not None:
                yield before.result()
        if writing is not None:
            yield self._open(partial(_end, writing))

    async def _begin(
        self,
        section: Section,
        lines: Sequence[imports.Line],
        before: "asyncio.Task[Outcome] | None",
        store: Store,
    ) -> "asyncio.Task[Outcome]":
        """Prepare a batch, wait until the one before it is stored, and begin to store it."""
        calls = await self._current(store)
        prepared = await imports.prepare(calls, section, lines)
        if before is not None:
            await before

        async def write() -> Outcome:
            try:
                return await imports.store(calls, prepared)
            except AccessChangedError:
                step = partial(imports.store_lines, section=section, lines=lines)
                return await self._attempt(store, step)

        writing = asyncio.create_task(write())
        await asyncio.sleep(0)  # so that it is under way when nobody waits
        return writing

    async def _current(self, store: Store) -> Calls:
        """Calls of one and the same actor, who has models in memory, while nothing has changed."""
        generation = await store.read(_generation)
        if self._actor is None or self._actor.generation != generation:
            self._actor = await store.read(_actor, self._account)
        return OwnCalls(store, Call(self._actor, _now()))

    def export_pages(self, section: exports.Section) -> Iterator[exports.Page]:
        """See `reach.Reached.export_pages`."""
        cursor: str | None = None
        while True:
            found = self._as_account(partial(_page, section=section, cursor=cursor))
            yield found
            cursor = found.cursor
            if cursor is None:
                return

    def refused_twins(self, section: Section, ids: Sequence[str]) -> Outcome:
        """See `reach.Reached.refused_twins`."""
        return self._as_account(partial(imports.check_ids, section=section, ids=ids))

    def find_twins(self, ids: Sequence[str]) -> dict[str, str]:
        """See `reach.Reached.find_twins`."""

        async def step(calls: Calls) -> dict[str, str]:
            found = await calls.read(modelled_twins.get_some, ids, NOTHING)
            return {twin.id or "": twin.model or "" for twin in found}

        return self._as_account(step)

    def _as_account(self, step: Callable[[Calls], Coroutine[Any, Any, T]]) -> T:
        """Work on the account; start over when somebody changes the registry meanwhile."""

        async def work(store: Store) -> T:
            return await self._attempt(store, step)

        return self._open(work)

    async def _attempt(self, store: Store, step: Callable[[Calls], Coroutine[Any, Any, T]]) -> T:
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(AccessChangedError):
                return await step(await _calls(store, self._account))
        return await step(await _calls(store, self._account))

    def _open(self, step: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            if self._store is None:
                self._store = await self._opened()
            return await step(self._store)

        return self._runner.run(run())

    async def _opened(self) -> Store:
        store = await open_store(self._settings.data, self._settings.database, alone=True)
        await first_start.ensure_account(store, self._settings.data, self._url, _now())
        return store

    def close(self) -> None:
        """Let the store go."""
        if self._store is not None:
            self._runner.run(self._store.close())
        self._runner.close()


async def _calls(store: Store, account: str | None) -> OwnCalls:
    actor = await store.read(_actor, account)
    return OwnCalls(store, Call(actor, _now()))


async def _page(calls: Calls, section: exports.Section, cursor: str | None) -> exports.Page:
    return await calls.search(exports.page, section, cursor)


async def _generation(transaction: Transaction) -> int:
    return await transaction.generation()


async def _end(writing: "asyncio.Task[Outcome]", _: Store) -> Outcome:
    return await writing


async def _actor(transaction: Transaction, account: str | None) -> Principal:
    """One who stands for an account: whoever can open the store may do everything anyway."""
    generation = await transaction.generation()
    if account is None:
        account = await accounts.operator(transaction)
    else:
        await accounts.require(transaction, account)
    return msgspec.structs.replace(
        NOBODY,
        account=account,
        has_role=True,
        statement=Statement(),
        indexes=await attribute_indexes.of_account(transaction, account),
        generation=generation,
        models=LoadedModels(),
    )


def _now() -> int:
    return time.time_ns() // 1000
