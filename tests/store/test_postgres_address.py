"""Addresses of PostgreSQL with one server and with several, and which of them is taken."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.process.proxy import between

from twinhold.store import StoreUnavailableError, Transaction, open_store
from twinhold.store.keys import INSERT_KEY
from twinhold.store.postgres.address import CONNECT_SECONDS, check, connect, public

NewDatabase = Callable[[], str]
NOBODY = "127.0.0.1:1"


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing, as one whose machine hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def database(new_database: NewDatabase) -> Iterator[str]:
    """An empty database behind a port of the loopback."""
    with between(new_database()) as proxy:
        yield proxy.url


def beside(address: str, *others: str) -> str:
    """An address with other servers before the ones that it names."""
    user, _, servers = urlsplit(address).netloc.rpartition("@")
    return urlsplit(address)._replace(netloc=f"{user}@{','.join((*others, servers))}").geturl()


async def ask(address: str) -> object:
    connection = await connect(address)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


def set_writable(address: str, writable: bool) -> None:  # noqa: FBT001
    """Say whether later connections to the database may write."""

    async def run() -> None:
        connection = await asyncpg.connect(address)
        name = urlsplit(address).path[1:]
        await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        value = "off" if writable else "on"
        await connection.execute(
            f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"
        )
        await connection.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:hidden@one:1,two:2/twins", "postgresql://one:1,two:2/twins"),
        ("postgresql://u:hid,den@one,two:2/twins?x=1", "postgresql://one,two:2/twins"),
        ("postgresql://u:hidden@/twins?host=/run/pg", "postgresql:///twins"),
    ],
)
def test_what_may_be_shown_of_an_address(address: str, shown: str) -> None:
    check(address)
    assert public(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hidden@one:1,two:hidden/twins",
        "postgresql://u:hidden/more@one:1,two:2/twins",
        "postgresql://u:hid#den@one:1,two:2/twins",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be read") as refused:
        check(address)
    assert "hid" not in str(refused.value)


def test_a_server_that_refuses_or_says_nothing_does_not_delay(database: str, silent: str) -> None:
    before = time.monotonic()
    assert asyncio.run(ask(beside(database, silent, NOBODY))) == 1
    assert time.monotonic() - before < CONNECT_SECONDS / 2


def test_of_servers_none_of_which_takes_writes_each_is_told(database: str, tmp_path: Path) -> None:
    set_writable(database, writable=False)
    with pytest.raises(StoreUnavailableError) as refused:
        asyncio.run(open_store(tmp_path, beside(database, NOBODY)))
    told = str(refused.value)
    assert "hidden" not in told
    assert f"{NOBODY}: " in told
    assert "'read-write'" in told


def test_a_server_that_takes_no_writes_any_more_is_left(database: str, tmp_path: Path) -> None:
    """Connections that were opened while it took none are not kept for later requests."""

    async def put(transaction: Transaction, purpose: str) -> None:
        await transaction.run(INSERT_KEY, {"purpose": purpose, "key": b"k"})

    async def run() -> None:
        store = await open_store(tmp_path, database)
        try:
            await asyncio.to_thread(set_writable, database, writable=False)
            await store._pool.expire_connections()  # type: ignore[attr-defined]
            with pytest.raises(StoreUnavailableError):
                await store.write(put, "a")
            await asyncio.to_thread(set_writable, database, writable=True)
            await store.write(put, "b")
        finally:
            await store.close()

    asyncio.run(run())
