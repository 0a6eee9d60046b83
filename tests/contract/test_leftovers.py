"""What a request leaves behind when it is refused: nothing that waits for the garbage collector."""

import gc
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness import in_registry
from tests.wire import Wire, whole_request

from twinhold import server as composition
from twinhold.api.kit.app import App
from twinhold.registry import Registry, accounts

REFUSED = [
    ("GET", "/nowhere", b"", 404),
    ("GET", "/twins/nothing", b"", 400),
    ("GET", "/twins?count=x", b"", 400),
    ("POST", "/twins", b"{", 400),
    ("POST", "/twins", b'{"description": "%b"}' % (b"x" * 100_000), 400),
    ("PUT", "/twins", b'{"id": "a", "modelId": "dtmi:none;1"}', 400),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: " ".join(refused[:2]))
def test_a_refused_request_goes_with_its_answer(
    tmp_path: Path,
    engine: str,
    new_database: Callable[[], str],
    refused: tuple[str, str, bytes, int],
) -> None:
    method, target, body, status = refused

    async def check(registry: Registry) -> None:
        now = time.time_ns() // 1000
        made = await registry.store.write(
            accounts.create, "Test", accounts.draft(), now, operator=True
        )
        app = App(registry, composition._VENDORS, (), lambda *_: None)
        wire = Wire()
        gone = weakref.ref(wire)
        exchange = whole_request(wire, made.secret, method, target, body)
        gc.collect()
        gc.disable()
        try:
            await app(exchange)
            assert int(wire.got.split()[1]) == status
            del wire, exchange
            assert gone() is None
        finally:
            gc.enable()

    in_registry(tmp_path, None if engine == "sqlite" else new_database(), check)
