"""The ceiling on PostgreSQL: the thinnest handler that gives Twinhold's answers from asyncpg.

It has the product's server (uvicorn on uvloop and httptools, the same settings), driver, number of
connections and table, and asks each request's statement on a connection of its own: one statement a
request, a write with the commit that PostgreSQL makes for it. Its pool does not reset connections,
which would cost every request one more way to the database. Like bench/ceiling.py it has nothing
else.
"""

import argparse
import time
from typing import Any

import asyncpg
import msgspec
from bench.ceiling import OWNER, Body, Receive, Scope, Send, new_uuid, serve

CONNECTIONS = 16
FIRST = "00000000-0000-0000-0000-000000000000"

TABLE = """CREATE TABLE IF NOT EXISTS twins (
    uuid uuid PRIMARY KEY,
    owner uuid NOT NULL,
    creator uuid NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    issuer uuid,
    terminated bigint,
    description text
)"""
INDEX = "CREATE INDEX IF NOT EXISTS twins_of_owner ON twins (owner, uuid)"

TWIN = """format(
    '{"owner":"%s","status":"%s","updated_ts":%s.%s%s,"creation_certificate":'
    || '{"uuid":"%s","creator":"%s","created_ts":%s.%s}%s}',
    owner, CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END,
    updated / 1000000, lpad((updated / 1000 % 1000)::text, 3, '0'),
    CASE WHEN description IS NULL THEN '' ELSE ',"description":' || description END,
    uuid, creator, created / 1000000, lpad((created / 1000 % 1000)::text, 3, '0'),
    CASE WHEN terminated IS NULL THEN '' ELSE format(
        ',"termination_certificate":{"issuer":"%s","terminated_ts":%s.%s}', issuer,
        terminated / 1000000, lpad((terminated / 1000 % 1000)::text, 3, '0')) END)"""

RULE = """description::json ->> 'status' = 'active'
    AND (description::json ->> 'temperature')::numeric > 20"""

GET = f"SELECT {TWIN} FROM twins WHERE uuid = $1"
POST = f"""INSERT INTO twins (uuid, owner, creator, created, updated, description)
    VALUES ($1, $2, $2, $3, $3, $4) RETURNING {TWIN}"""
PATCH = f"UPDATE twins SET description = $1, updated = $2 WHERE uuid = $3 RETURNING {TWIN}"

PAGE = "SELECT uuid, {} FROM twins WHERE owner = $1 AND uuid > $2 ORDER BY uuid LIMIT 101"
PAGES = {
    b"count=100": PAGE.format("""'"' || uuid || '"'"""),
    b"count=100&details=true": PAGE.format(TWIN),
}
"""By the query string, letter for letter; any other one is taken for the rule."""
PAGE_OF_RULE = PAGE.format(f"CASE WHEN {RULE} THEN {TWIN} END")


class Ceiling:
    """The ASGI application."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._decode = msgspec.json.Decoder(Body).decode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = scope["method"], scope["path"]
        status = 200
        if method == "GET" and path == "/twins":
            body = await self._page(scope["query_string"])
        elif method == "GET" and path == "/health":
            body = b'{"status":"ok"}'
        elif method == "GET":
            body = await self._one(GET, path[7:])
        else:
            description = self._decode((await receive())["body"]).description
            text, now = bytes(description).decode(), time.time_ns() // 1000
            if method == "POST":
                status = 201
                body = await self._one(POST, new_uuid(now), OWNER, now, text)
            else:
                body = await self._one(PATCH, text, now, path[7:])
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"%d" % len(body)),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def _one(self, statement: str, *parameters: object) -> bytes:
        async with self._pool.acquire() as connection:
            document: str = await connection.fetchval(statement, *parameters)
        return document.encode()

    async def _page(self, query: bytes) -> bytes:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(PAGES.get(query, PAGE_OF_RULE), OWNER, FIRST)
        cursor = f'"{rows[99][0]}"' if len(rows) > 100 else "null"
        twins = ",".join([row[1] for row in rows[:100] if row[1] is not None])
        return f'{{"cursor":{cursor},"twins":[{twins}]}}'.encode()


async def _no_reset(_: Any) -> None:
    """Leave a connection as it is."""


async def _serve(port: int, database: str) -> None:
    pool = await asyncpg.create_pool(
        database, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=_no_reset
    )
    await pool.execute(TABLE)
    await pool.execute(INDEX)
    await serve(Ceiling(pool), port)
    await pool.close()


if __name__ == "__main__":
    import uvloop

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    chosen = parser.parse_args()
    uvloop.run(_serve(chosen.port, chosen.database))
