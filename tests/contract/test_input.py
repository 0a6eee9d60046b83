"""Bad input: each a clear error, and nothing is stored."""

import contextlib
import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
from tests.harness import Account, Server, uuid_of

DEEP = 64
LIMIT = 64 * 1024


def nested(levels: int) -> bytes:
    """A body whose description nests so many levels, the body itself included."""
    inner = levels - 2
    return b'{"description": {"a": ' + b"[" * inner + b"]" * inner + b"}}"


def of_size(size: int) -> bytes:
    """A valid body of so many bytes."""
    frame = b'{"description": {"a": ""}}'
    return frame[:-3] + b"x" * (size - len(frame)) + frame[-3:]


BAD_BODIES = {
    "not UTF-8": (b'{"description": {"a": "\xff"}}', "400314"),
    "UTF-8 of a surrogate": (b'{"description": {"a": "\xed\xa0\x80"}}', "400314"),
    "UTF-16": ('{"description": {}}'.encode("utf-16"), "400314"),
    "not JSON": (b"description", "400415"),
    "cut off": (b'{"description": {"a": 1}', "400415"),
    "trailing comma": (b'{"description": {"a": 1,}}', "400415"),
    "trailing text": (b"{} {}", "400415"),
    "only space": (b"  ", "400415"),
    "byte order mark": (b"\xef\xbb\xbf{}", "400415"),
    "NaN": (b'{"description": {"a": NaN}}', "400415"),
    "Infinity": (b'{"description": {"a": -Infinity}}', "400415"),
    "leading zero": (b'{"description": {"a": 01}}', "400415"),
    "control character": (b'{"description": {"a": "\x01"}}', "400415"),
    "lone surrogate": (b'{"description": {"a": "\\ud800"}}', "400415"),
    "lone low surrogate": (b'{"description": {"a": ["x", {"b": "\\udc00!"}]}}', "400415"),
    "surrogate in a key": (b'{"description": {"a": {"\\ud800": 1}}}', "400415"),
    "key twice": (b'{"description": {"a": 1, "a": 2}}', "400415"),
    "key twice deeper": (b'{"description": {"a": [{"x": 1, "x": 2}]}}', "400415"),
    "member twice": (b'{"description": {}, "description": null}', "400415"),
    "array": (b"[]", "400592"),
    "string": (b'"text"', "400592"),
    "null": (b"null", "400592"),
    "number": (b"1", "400592"),
    "description is a string": (b'{"description": "x"}', "400592"),
    "description is an array": (b'{"description": []}', "400592"),
    "description is a number": (b'{"description": 1}', "400592"),
    "description is false": (b'{"description": false}', "400592"),
    "upper case key": (b'{"description": {"Aa": 1}}', "400592"),
    "empty key": (b'{"description": {"": 1}}', "400592"),
    "key starts with a digit": (b'{"description": {"1a": 1}}', "400592"),
    "key with a dash": (b'{"description": {"a-b": 1}}', "400592"),
    "key ends with a newline": (b'{"description": {"a\\n": 1}}', "400592"),
    "key of 65": (b'{"description": {"' + b"a" * 65 + b'": 1}}', "400592"),
    "non-ASCII key": ('{"description": {"ä": 1}}'.encode(), "400592"),
    "65 levels": (nested(DEEP + 1), "400592"),
    "30000 levels": (nested(30_000), "400592"),
    "65537 bytes": (of_size(LIMIT + 1), "400141"),
}

GOOD_BODIES = {
    "64 levels": nested(DEEP),
    "65536 bytes": of_size(LIMIT),
    "key of 64": b'{"description": {"' + b"a" * 64 + b'": 1}}',
    "big integer": b'{"description": {"a": 123456789012345678901234567890123456789}}',
    "integer of 5000 digits": b'{"description": {"a": ' + b"7" * 5000 + b"}}",
    "long decimal": b'{"description": {"a": 3.14159265358979323846264338327950288419716939937510}}',
    "trailing zeros": b'{"description": {"a": 1.50000, "b": 1e5, "c": 1E+05, "d": -0.0}}',
    "beyond a double": b'{"description": {"a": 1e999, "b": -1e-999}}',
    "space": b'{"description" : { "a" : [ 1 ,\n 2 ] }\t}',
    "escapes": b'{"description": {"a": "\\u0000 \\ud83d\\ude00 \\/ \\u00e9"}}',
    "colons": b'{"description": {"a": "b: c: \\"d\\": 1", "_": {"a": {"a": {}}}}}',
    "percent and quotes": b'{"description": {"a": "%s %d \' $1 ?1 :name {document}"}}',
    "unicode": '{"description": {"a": "泵 🚰 \u2028"}}'.encode(),
    "other members": b'{"description": {"a": 1}, "unknown": {"B-2": 1}}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_bad_body_is_refused_and_nothing_is_stored(
    account: Account, name: str, method: str
) -> None:
    sent, subcode = BAD_BODIES[name]
    kept = account.request("POST", "/twins", json={"description": {"kept": 1}}).json()
    path = "/twins" if method == "POST" else f"/twins/{uuid_of(kept)}"
    answer = account.request(method, path, data=sent)
    assert (answer.status_code, answer.json()["subcode"]) == (400, subcode)
    page = account.request("GET", "/twins?details=true").json()
    assert page == {"cursor": None, "twins": [kept]}


@pytest.mark.parametrize("name", GOOD_BODIES)
def test_a_good_body_comes_back_as_it_was_sent(account: Account, name: str) -> None:
    sent = GOOD_BODIES[name]
    made = account.request("POST", "/twins", data=sent)
    assert made.status_code == 201, made.text
    start = sent.index(b":") + 1
    text = sent[start : sent.rindex(b"}")].strip()
    if name == "other members":
        text = b'{"a": 1}'
    assert b'"description":' + text + b"," in made.content
    uuid = uuid_of(json.loads(made.content, parse_int=str))
    read = account.request("GET", f"/twins/{uuid}")
    assert read.content == made.content
    page = account.request("GET", "/twins?details=true").content
    assert page == b'{"cursor":null,"twins":[' + made.content + b"]}"
    again = account.request("PATCH", f"/twins/{uuid}", data=sent)
    assert b'"description":' + text + b"," in again.content


def test_an_error_says_where(account: Account) -> None:
    sent = b'{"description": {"ok": 1, "not/ok~": 2}}'
    text = account.request("POST", "/twins", data=sent).json()["description"]
    assert '"not/ok~" must match ^[a-z_][0-9a-z_]{0,63}$' in text
    assert "At /description/not~1ok~0." in text


def test_a_message_does_not_grow_with_its_input(account: Account) -> None:
    sent = json.dumps({"description": {"A" * 60_000: 1}}).encode()
    assert len(account.request("POST", "/twins", data=sent).content) < 600


class TestLargeBody:
    def test_announced_is_refused_before_it_is_sent(self, account: Account) -> None:
        place = urlsplit(account.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        connection.putrequest("POST", "/twins")
        connection.putheader("Authorization", account.secret)
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["subcode"]) == (400, "400141")
        connection.close()

    def test_unannounced_is_refused_once_over_the_limit(self, account: Account) -> None:
        chunks = (b"x" * 1024 for _ in range(100))
        answer = account.request("POST", "/twins", data=chunks)
        assert (answer.status_code, answer.json()["subcode"]) == (400, "400141")

    def test_without_credential_is_not_read(self, server: Server) -> None:
        place = urlsplit(server.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        connection.putrequest("POST", "/twins")
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        assert connection.getresponse().status == 401
        connection.close()


class TestPath:
    @pytest.mark.parametrize(
        "path",
        [
            "/twins/%00",
            "/models/a%00b",
            "/api/v3/twins/a%00",
            "/api/v3/twins/a/relationships/%00",
            "/api/v3/models?rootModel=%00",
            "/models?after=%00",
        ],
    )
    def test_a_nul_is_refused(self, account: Account, path: str) -> None:
        assert account.request("GET", path).status_code == 400

    @pytest.mark.parametrize(
        "path", ["/nothing", "/twins/", "/twins/x/y/z", "//twins", "/" + "a/" * 50, "/TWINS", "/"]
    )
    def test_unknown_is_404(self, account: Account, path: str) -> None:
        answer = account.request("GET", path)
        assert (answer.status_code, answer.json()["subcode"]) == (404, "404653")

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/twins", "GET, POST, PUT"),
            ("POST", "/twins/x", "DELETE, GET, PATCH"),
            ("DELETE", "/whoami", "GET"),
            ("PROPFIND", "/twins", "GET, POST, PUT"),
            ("GET", "/accounts", "POST"),
        ],
    )
    def test_wrong_method_is_405_and_says_which(
        self, account: Account, method: str, path: str, allowed: str
    ) -> None:
        answer = account.request(method, path)
        assert (answer.status_code, answer.json()["subcode"]) == (405, "405000")
        assert answer.headers["Allow"] == allowed

    def test_not_utf8_is_400(self, account: Account) -> None:
        answer = account.request("GET", "/twins/%ff")
        assert (answer.status_code, answer.json()["subcode"]) == (400, "400314")

    def test_query_not_utf8_is_400(self, account: Account) -> None:
        answer = account.request("GET", "/twins?match=%ff")
        assert (answer.status_code, answer.json()["subcode"]) == (400, "400314")

    def test_a_hundred_parameters_are_enough(self, account: Account) -> None:
        answer = account.request("GET", "/twins?" + "&".join(f"a{n}=1" for n in range(101)))
        assert (answer.status_code, answer.json()["subcode"]) == (400, "400592")


class TestLargeHead:
    """A head that does not end is refused before it costs memory."""

    @pytest.mark.parametrize("piece", [b"X-%d: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
    def test_is_refused(self, server: Server, piece: bytes) -> None:
        place = urlsplit(server.url)
        with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
            answer = b""
            with contextlib.suppress(OSError):
                for number in range(1000):
                    connection.sendall(piece % number if b"%" in piece else piece)
                answer = connection.recv(1000)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")

    def test_of_60_kib_is_served(self, server: Server) -> None:
        headers = {f"X-{number}": "a" * 1000 for number in range(60)}
        answer = requests.get(f"{server.url}/health", headers=headers, timeout=30)
        assert answer.status_code == 200

    def test_leaves_bodies_alone(self, account: Account) -> None:
        for _ in range(3):
            assert account.request("POST", "/twins", data=of_size(LIMIT)).status_code == 201
