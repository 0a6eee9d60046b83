"""The pages that need no credential: health, metrics, OpenAPI, reference."""

from html.parser import HTMLParser

import requests
from tests.harness import Account, Server

from twinhold.server import _VENDORS

OPERATIONS = [operation for dialect in _VENDORS for operation in dialect.operations]


def get(server: Server, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=30)


def test_health_says_ok(server: Server) -> None:
    assert get(server, "/health").json() == {"status": "ok"}


class TestMetrics:
    def test_count_each_operation_by_its_answer(self, server: Server, account: Account) -> None:
        account.request("POST", "/twins", data=b"{")
        text = get(server, "/metrics").text
        assert 'twinhold_requests_total{operation="create_twin",status="400"}' in text
        assert 'twinhold_request_seconds_bucket{le="0.0005",operation="create_twin"}' in text

    def test_name_no_account(self, server: Server, account: Account) -> None:
        account.request("GET", "/whoami")
        text = get(server, "/metrics").text
        assert account.account not in text
        assert account.user not in text


class TestOpenApi:
    def test_has_every_operation_with_its_answer(self, server: Server) -> None:
        document = get(server, "/openapi.json").json()
        assert document["openapi"] == "3.1.0"
        for operation in OPERATIONS:
            entry = document["paths"][operation.path][operation.method.lower()]
            assert entry["operationId"] == operation.name
            assert set(entry["responses"]) >= {str(operation.status), "4XX", "5XX"}
            assert bool(entry["security"]) is not operation.public

    def test_every_reference_leads_somewhere(self, server: Server) -> None:
        document = get(server, "/openapi.json").json()
        names = set(document["components"]["schemas"])

        def references(value: object) -> set[str]:
            if isinstance(value, list):
                return set().union(*map(references, value)) if value else set()
            if not isinstance(value, dict):
                return set()
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own | references(list(value.values()))

        assert references(document) == {f"#/components/schemas/{name}" for name in names}


class TestReference:
    def test_shows_every_operation_and_asks_nobody_else(self, server: Server) -> None:
        answer = get(server, "/docs")
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        HTMLParser().feed(answer.text)
        for operation in OPERATIONS:
            assert f'<section id="{operation.name}">' in answer.text
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert "<script" not in answer.text
