"""Upload URLs: one file each, for an hour, whoever holds them."""

import hashlib
import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from tests.harness import UNKNOWN, Account, Server, answered, body, create, error, refusal, uuid_of
from tests.process.running import until
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import docs as wire
from twinhold.registry.uploads import LARGEST_FILE


@pytest.fixture
def upload(client: TTRESTService) -> wire.UploadUrl:
    return answered(client.create_upload_url(), wire.UploadUrl)


def put(url: str, content: bytes) -> requests.Response:
    return requests.put(url, data=content, timeout=60)


def test_takes_one_file_and_says_what_came(server: Server, upload: wire.UploadUrl) -> None:
    assert upload.url.startswith(server.url)
    assert abs(upload.validity_ts - time.time() - 3600) < 60
    answer = put(upload.url, b"content")
    assert answer.status_code == 200
    assert answer.json() | {"validity_ts": 0} == {
        "handler": upload.handler,
        "size": 7,
        "hash": hashlib.sha256(b"content").hexdigest(),
        "validity_ts": 0,
    }


def test_takes_no_second_file(client: TTRESTService, upload: wire.UploadUrl) -> None:
    assert put(upload.url, b"first").status_code == 200
    assert refusal(put(upload.url, b"second")) == (404, "404653")
    twin = uuid_of(create(client))
    docs = {"a": {"handler": upload.handler}}
    doc = body(client.attach_twin_doc(twin, body={"docs": docs}))["docs"]["a"]
    assert doc["creation_certificate"]["hash"] == hashlib.sha256(b"first").hexdigest()


def test_takes_one_of_two_files_at_once(upload: wire.UploadUrl) -> None:
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda n: put(upload.url, bytes([n]) * 400_000), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


def test_takes_a_file_in_chunks_without_a_length(upload: wire.UploadUrl) -> None:
    answer = requests.put(upload.url, data=(b"x" * size for size in range(100)), timeout=60)
    assert answer.json()["size"] == sum(range(100))


def test_asks_for_no_more_than_the_url(account: Account, upload: wire.UploadUrl) -> None:
    start, handler, token = upload.url.rsplit("/", 2)
    for url in (
        f"{start}/{UNKNOWN}/{token}",
        f"{start}/{handler}/{token[:-1]}",
        f"{start}/{handler}/{token}x",
        f"{start}/{handler}/%F0%9F%98%80",
    ):
        assert refusal(put(url, b"x")) == (404, "404653")
        headers = {"Authorization": account.secret}
        assert refusal(requests.put(url, data=b"x", headers=headers, timeout=60))[0] == 404
    assert refusal(put(f"{start}/nobody/{token}", b"x")) == (400, "400592")
    assert put(upload.url, b"x").status_code == 200


def test_a_broken_upload_can_be_tried_again(upload: wire.UploadUrl) -> None:
    parts = urlsplit(upload.url)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 0)) as connection:
        head = f"PUT {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 500_000)
    assert put(upload.url, b"whole").json()["size"] == 5


def test_refuses_too_large_a_file_before_it_comes(upload: wire.UploadUrl) -> None:
    parts = urlsplit(upload.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.putrequest("PUT", parts.path)
    connection.putheader("Content-Length", str(LARGEST_FILE + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400
    assert b'"400141"' in answer.read()
    connection.close()


def test_invalidated_is_over(client: TTRESTService, upload: wire.UploadUrl) -> None:
    answer = client.invalidate_upload_url(upload.handler)
    assert answered(answer, wire.Handler).handler == upload.handler
    assert refusal(put(upload.url, b"x")) == (404, "404653")
    assert error(client.invalidate_upload_url(upload.handler)) == (404, "404653")


def test_invalidated_under_way_takes_nothing(client: TTRESTService, upload: wire.UploadUrl) -> None:
    parts = urlsplit(upload.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.putrequest("PUT", parts.path)
    connection.putheader("Content-Length", "10")
    connection.endheaders()
    connection.send(b"first")
    until(lambda: body(client.invalidate_upload_url(upload.handler)))
    connection.send(b"other")
    answer = connection.getresponse()
    assert (answer.status, b'"404653"' in answer.read()) == (404, True)
    connection.close()


def test_belongs_to_its_account(server: Server, upload: wire.UploadUrl) -> None:
    stranger = server.account().client()
    assert error(stranger.invalidate_upload_url(upload.handler)) == (404, "404653")
    assert put(upload.url, b"x").status_code == 200


@pytest.mark.parametrize("handler", ["x", f"{UNKNOWN}-1688480283"])
def test_a_handler_of_another_form_is_refused(client: TTRESTService, handler: str) -> None:
    assert error(client.invalidate_upload_url(handler)) == (400, "400592")
