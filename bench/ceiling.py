"""The ceiling: the thinnest handler that gives Twinhold's answers with Twinhold's durability.

It has the product's server (uvicorn on uvloop and httptools, the same settings), engine (apsw, WAL,
`synchronous=FULL`, one writer thread that commits together what arrived together) and table. It has
nothing else: no credential, no permission, no errors, no log, no metrics, and no look at what it
decodes beyond decoding it. What Twinhold costs above it is what Twinhold does for its users.
"""

import argparse
import asyncio
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import apsw
import msgspec
import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Execute = Callable[[str, tuple[object, ...]], Any]
Write = tuple[str, tuple[object, ...], "asyncio.Future[str]"]

OWNER = "11111111-1111-4111-8111-111111111111"

TABLE = """CREATE TABLE IF NOT EXISTS twins (
    uuid TEXT NOT NULL,
    owner TEXT NOT NULL,
    creator TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    issuer TEXT,
    terminated INTEGER,
    description TEXT,
    PRIMARY KEY (owner, uuid), UNIQUE (uuid)
) WITHOUT ROWID, STRICT"""

TWIN = """format(
    '{"owner":"%s","status":"%s","updated_ts":%d.%03d%s,"creation_certificate":'
    || '{"uuid":"%s","creator":"%s","created_ts":%d.%03d}%s}',
    owner, CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END,
    updated / 1000000, updated / 1000 % 1000,
    CASE WHEN description IS NULL THEN '' ELSE ',"description":' || description END,
    uuid, creator, created / 1000000, created / 1000 % 1000,
    CASE WHEN terminated IS NULL THEN '' ELSE format(
        ',"termination_certificate":{"issuer":"%s","terminated_ts":%d.%03d}',
        issuer, terminated / 1000000, terminated / 1000 % 1000) END)"""

RULE = """json_extract(description, '$.status') = 'active'
    AND json_extract(description, '$.temperature') > 20"""

GET = f"SELECT {TWIN} FROM twins WHERE uuid = ?"
POST = f"""INSERT INTO twins (uuid, owner, creator, created, updated, description)
    VALUES (?1, ?2, ?2, ?3, ?3, ?4) RETURNING {TWIN}"""
PATCH = f"UPDATE twins SET description = ?, updated = ? WHERE uuid = ? RETURNING {TWIN}"

PAGE = "SELECT uuid, {} FROM twins WHERE owner = ? AND uuid > '' ORDER BY uuid LIMIT 101"
PAGES = {
    b"count=100": PAGE.format("""'"' || uuid || '"'"""),
    b"count=100&details=true": PAGE.format(TWIN),
}
"""By the query string, letter for letter; any other one is taken for the rule."""
PAGE_OF_RULE = PAGE.format(f"CASE WHEN {RULE} THEN {TWIN} END")

_RANDOM_BITS = (1 << 62) - 1


class Body(msgspec.Struct):
    """The body of POST and PATCH; the description stays the text that it is."""

    description: msgspec.Raw


class Ceiling:
    """The ASGI application."""

    def __init__(self, path: Path) -> None:
        self._writer = _connect(path)
        self._writer.execute(TABLE)
        self._read: Execute = _connect(path).execute
        self._decode = msgspec.json.Decoder(Body).decode
        self._waiting: queue.SimpleQueue[Write] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._serve_writes, daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = scope["method"], scope["path"]
        status = 200
        if method == "GET" and path == "/twins":
            body = self._page(scope["query_string"])
        elif method == "GET" and path == "/health":
            body = b'{"status":"ok"}'
        elif method == "GET":
            rows = self._read(GET, (path[7:],))
            body = rows.fetchall()[0][0].encode()
        else:
            description = self._decode((await receive())["body"]).description
            text, now = bytes(description).decode(), time.time_ns() // 1000
            if method == "POST":
                status = 201
                body = await self._write(POST, (new_uuid(now), OWNER, now, text))
            else:
                body = await self._write(PATCH, (text, now, path[7:]))
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

    def _page(self, query: bytes) -> bytes:
        rows = self._read(PAGES.get(query, PAGE_OF_RULE), (OWNER,)).fetchall()
        cursor = f'"{rows[99][0]}"' if len(rows) > 100 else "null"
        twins = ",".join([row[1] for row in rows[:100] if row[1] is not None])
        return f'{{"cursor":{cursor},"twins":[{twins}]}}'.encode()

    async def _write(self, statement: str, parameters: tuple[object, ...]) -> bytes:
        answer: asyncio.Future[str] = self._loop.create_future()
        self._waiting.put((statement, parameters, answer))
        return (await answer).encode()

    def _serve_writes(self) -> None:
        execute: Execute = self._writer.execute
        while True:
            group = [self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get())
            execute("BEGIN IMMEDIATE", ())
            done = [
                (answer, execute(statement, parameters).fetchall()[0][0])
                for statement, parameters, answer in group
            ]
            execute("COMMIT", ())
            self._loop.call_soon_threadsafe(_acknowledge, done)


def _acknowledge(done: list[tuple["asyncio.Future[str]", str]]) -> None:
    for answer, document in done:
        if not answer.done():
            answer.set_result(document)


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), statementcachesize=256)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16384")
    return connection


def new_uuid(now: int) -> str:
    """The product's kind of UUID: version 4, its first 48 bits the milliseconds."""
    random = int.from_bytes(os.urandom(10))
    bits = (now // 1000) << 80 | 4 << 76 | (random >> 68) << 64 | 2 << 62 | random & _RANDOM_BITS
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


async def serve(app: Application, port: int) -> None:
    """Serve with the settings of the product."""
    config = uvicorn.Config(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
    )
    await uvicorn.Server(config).serve()


async def _serve(port: int, data: Path) -> None:
    await serve(Ceiling(data / "ceiling.db"), port)


if __name__ == "__main__":
    import uvloop

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    chosen = parser.parse_args()
    uvloop.run(_serve(chosen.port, chosen.data))
