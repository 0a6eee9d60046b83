"""What a request costs: a twin, or a page of a scan, is one statement of the store, no more.

Whole requests run in this process against a real store; what is counted is what reaches the engine,
the check that access has not changed included.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.harness import in_registry, uuid_of
from tests.wire import Wire, whole_request

from twinhold import server as composition
from twinhold.api.kit.app import App
from twinhold.registry import Registry, accounts
from twinhold.store.postgres import PostgresStore
from twinhold.store.sqlite import _SEARCHERS, SqliteStore, _connect

Sent = list[str]
Ask = Callable[..., Awaitable[Any]]
Run = Callable[[Callable[[Ask, Sent], Awaitable[None]]], None]


RUNS_A_STATEMENT = {
    "cursor",
    "execute",
    "executemany",
    "fetch",
    "fetchmany",
    "fetchrow",
    "fetchval",
    "prepare",
}


class CountedConnection:
    """A connection of asyncpg that takes note of every statement."""

    def __init__(self, connection: Any, sent: Sent) -> None:
        self._connection = connection
        self._sent = sent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in RUNS_A_STATEMENT:
            return found

        def counted(statement: str, *args: Any) -> Any:
            self._sent.append(statement)
            return found(statement, *args)

        return counted


class CountedPool:
    """A pool of asyncpg whose connections take note of every statement."""

    def __init__(self, pool: Any, sent: Sent) -> None:
        self._pool = pool
        self._sent = sent

    @asynccontextmanager
    async def acquire(self, **options: Any) -> AsyncIterator[CountedConnection]:
        async with self._pool.acquire(**options) as connection:
            yield CountedConnection(connection, self._sent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


def count_statements(registry: Registry) -> Sent:
    """Every statement that reaches the engine from now on."""
    sent: Sent = []
    store = registry.store
    if isinstance(store, PostgresStore):
        store._reads._pool = store._writes._pool = CountedPool(store._pool, sent)
    else:
        assert isinstance(store, SqliteStore)

        def trace(_cursor: apsw.Cursor, statement: str, _bindings: object) -> bool:
            sent.append(statement)
            return True

        spares = [_connect(store._path, read_only=True) for _ in range(_SEARCHERS)]
        for connection in (store._reader, store._writer, *spares):
            connection.exec_trace = trace
        for connection in spares:
            store._spares.put(connection)
    return sent


@pytest.fixture
def run(engine: str, new_database: Callable[[], str], tmp_path: Path) -> Run:
    """Runs a check with an account's way to ask, and the statements that it causes."""
    database = None if engine == "sqlite" else new_database()

    def start(check: Callable[[Ask, Sent], Awaitable[None]]) -> None:
        async def prepared(registry: Registry) -> None:
            now = time.time_ns() // 1000
            made = await registry.store.write(
                accounts.create, "Test", accounts.draft(), now, operator=True
            )
            failures: list[BaseException] = []
            app = App(registry, composition._VENDORS, (), lambda _, error: failures.append(error))

            async def ask(method: str, path: str, sent: Any = None) -> Any:
                return await call(app, made.secret, method, path, sent)

            await check(ask, count_statements(registry))
            assert not failures

        in_registry(tmp_path, database, prepared)

    return start


async def call(app: App, secret: str, method: str, target: str, sent: Any) -> Any:
    """The decoded body of the answer to one request."""
    wire = Wire()
    body = b"" if sent is None else json.dumps(sent).encode()
    await app(whole_request(wire, secret, method, target, body))
    head, _, body = wire.got.partition(b"\r\n\r\n")
    assert int(head.split()[1]) < 400, body
    return json.loads(body)


READS = [
    "/twins/{twin}",
    "/twins/{twin}?show_terminated=false",
    "/twins",
    "/twins?count=2",
    "/twins?details=true",
    "/twins?details=true&count=2",
    "/twins/{twin}/ledgers/personal",
    "/twins/{twin}/ledgers/owner?entries=a&entries=b",
    "/twins/{twin}/ledgers/creator/value",
    "/twins/{twin}/identities/A%231",
    "/resolve/A%231",
    "/resolve/A%231?context=system&details=true",
    "/account",
    "/users",
    "/users/{user}",
    "/users/{user}/secrets",
    "/roles",
    "/roles/{role}",
]


@pytest.mark.parametrize("rule", [None, "TWIN.n != null and twin_status == 'alive'"])
@pytest.mark.parametrize("path", READS)
def test_a_read_is_one_statement(run: Run, engine: str, path: str, rule: str | None) -> None:
    async def check(ask: Ask, sent: Sent) -> None:
        twins = [uuid_of(await ask("POST", "/twins", {"description": {"n": n}})) for n in range(5)]
        entries = {"a": {"value": 1}, "b": {"value": [2]}}
        await ask("POST", f"/twins/{twins[0]}/ledgers/personal", {"entries": entries})
        caller = await ask("GET", "/whoami")
        rules = {"twin_rule": rule, "identity_rule": rule}
        await ask("PATCH", f"/roles/{caller['role']}", {"rules": rules})
        for twin in twins:
            await ask("POST", f"/twins/{twin}/identities", {"identities": {"A#1": {}}})
        target = path.format(twin=twins[0], user=caller["user"], role=caller["role"])
        first = await ask("GET", target)
        for _ in range(3):
            sent.clear()
            assert await ask("GET", target) == first
            assert len(sent) == expected, sent

    # A list of accounts or users is rare: there the check of access may be a statement of its own.
    expected = 1 if engine == "sqlite" or path.startswith(("/twins", "/resolve")) else 2
    run(check)


MODEL = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:com:example:Node;1",
    "@type": "Interface",
    "contents": [{"@type": "Relationship", "name": "to"}],
}
MODELLED = [
    ("GET", "/api/v3/twins/n0", None, 1),
    ("GET", "/api/v3/twins/n0?includeRelationships=true", None, 3),
    ("POST", "/api/v3/twins/ids", ["n0", "n1", "n2"], 1),
    ("POST", "/api/v3/twins/ids?includeRelationships=true", ["n0", "n1", "n2"], 3),
]


@pytest.mark.parametrize(("method", "path", "sent", "most"), MODELLED)
def test_twins_of_a_model_take_as_many_statements_however_many_there_are(
    run: Run, method: str, path: str, sent: Any, most: int
) -> None:
    async def check(ask: Ask, statements: Sent) -> None:
        await ask("POST", "/models", [MODEL])
        for n in range(3):
            await ask("PUT", "/twins", {"id": f"n{n}", "modelId": MODEL["@id"]})
        for source, target in (("n0", "n1"), ("n0", "n2"), ("n1", "n2"), ("n2", "n0")):
            edge = {"sourceId": source, "targetId": target, "name": "to"}
            await ask("PUT", "/api/v3/twins/relationships", edge)
        await ask(method, path, sent)
        statements.clear()
        await ask(method, path, sent)
        assert len(statements) == most, statements

    run(check)


def test_a_change_of_access_costs_the_next_request_only(run: Run) -> None:
    async def check(ask: Ask, sent: Sent) -> None:
        twin = uuid_of(await ask("POST", "/twins"))
        role = (await ask("GET", "/whoami"))["role"]
        for rule in (None, "true", "(true) and (twin != null)"):
            await ask("PATCH", f"/roles/{role}", {"rules": {"twin_rule": rule}})
            await ask("GET", f"/twins/{twin}")
            sent.clear()
            await ask("GET", f"/twins/{twin}")
            assert len(sent) == 1, sent

    run(check)


CAPABILITY = "dtmi:com:willowinc:Capability;1"
CAPABLE = {"@context": "dtmi:dtdl:context;3", "@id": CAPABILITY, "@type": "Interface"}


def test_a_batch_of_values_is_two_statements_however_long(run: Run) -> None:
    """The twins that it names, by id and by external id, and the values."""
    name = {"@type": "Property", "name": "externalID", "schema": "string"}

    async def check(ask: Ask, sent: Sent) -> None:
        await ask("POST", "/models", [CAPABLE | {"contents": [name]}])
        for number in range(10):
            contents = {"externalID": f"E-{number}"}
            twin = {"id": f"S-{number}", "modelId": CAPABILITY, "contents": contents}
            sent.clear()
            await ask("PUT", "/api/v3/twins", twin)
        # A new twin is none to replace, is looked for and written, whatever values may come to it.
        assert len([text for text in sent if "twins" in text]) == 3, sent
        for length in (1, 10, 500):
            batch = [_value(number) for number in range(length)]
            sent.clear()
            await ask("POST", "/api/v3/time-series", batch)
            statements = [text for text in sent if "time_series" in text or "twins" in text]
            assert len(statements) == 2, sent
            assert len(sent) <= 7

    run(check)


def _value(number: int) -> dict[str, Any]:
    named = {"externalId": f"E-{number % 10}"} if number % 2 else {"dtId": f"S-{number % 10}"}
    time = f"2024-10-01T00:{number // 60:02}:{number % 60:02}Z"
    return named | {"connectorId": "C", "sourceTimestamp": time, "scalarValue": number}
