"""Roles of PostgreSQL: who serves need not be who made the tables."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from tests.harness import serving


def run(database: str, *statements: str) -> None:
    async def each() -> None:
        connection = await asyncpg.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(each())


def test_a_server_serves_without_the_right_to_create(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    database, role = new_database(), f"twinhold_test_{uuid.uuid4().hex}"
    with serving(tmp_path / "data", "--database", database):
        pass
    run(
        database,
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    )
    place = urlsplit(database)
    named = place._replace(netloc=f"{role}:x@{place.netloc.rpartition('@')[2]}").geturl()
    try:
        with serving(tmp_path / "data", "--database", named) as server:
            account = server.account()
            assert account.request("POST", "/twins", json={}).status_code == 201
            match = {"match": "a == 1", "fill": "true"}
            assert account.request("GET", "/twins", params=match).status_code == 200
    finally:
        run(database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
