"""Docs of twins, by the vendor's client: attach, list, read, download, change, delete."""

import hashlib
import os
import time
import uuid
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.harness import (
    UNKNOWN,
    Account,
    Server,
    answered,
    body,
    create,
    error,
    reason,
    refusal,
    uuid_of,
)
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import docs as wire

FILE = b"a certificate\n" * 1000
HASH = hashlib.sha256(FILE).hexdigest()
SOON = 60


@pytest.fixture
def twin(client: TTRESTService) -> str:
    return uuid_of(create(client))


def uploaded(client: TTRESTService, content: bytes = FILE) -> str:
    """The handler of a file that has been put."""
    made = answered(client.create_upload_url(), wire.UploadUrl)
    answer = requests.put(made.url, data=content, timeout=60)
    assert answer.status_code == 200, answer.text
    return made.handler


def attach(client: TTRESTService, twin: str, name: str, **members: Any) -> Any:
    """Attach a file, and answer its doc."""
    doc = {"handler": members.pop("handler", None) or uploaded(client)} | members
    answer = client.attach_twin_doc(twin, body={"docs": {name: doc}})
    answered(answer, wire.AttachedDocs)
    return body(answer)["docs"][name]


def download(client: TTRESTService, twin: str, name: str, **params: Any) -> requests.Response:
    """Fetch a file by a new URL, without a credential."""
    answer = client.get_twin_doc(twin, name, params={"download": True} | params)
    answered(answer, wire.DocObject)
    return requests.get(body(answer)["download"]["url"], timeout=60)


class TestAttach:
    def test_answers_the_doc_and_keeps_the_file(
        self, account: Account, client: TTRESTService, twin: str
    ) -> None:
        name = "Certifications/certification_2022_v1.txt"
        doc = attach(client, twin, name, hash=HASH, description={"title": "one"})
        certificate = doc["creation_certificate"]
        assert (certificate["size"], certificate["hash"]) == (len(FILE), HASH)
        assert certificate["creator"] == account.account
        assert abs(certificate["created_ts"] - time.time()) < SOON
        assert doc["updated_ts"] == certificate["created_ts"]
        assert doc["status"] == "ok"
        assert doc["storage_class"] == "access_optimized"
        assert doc["description"] == {"title": "one"}
        assert body(client.get_twin_doc(twin, name)) == doc
        assert download(client, twin, name).content == FILE

    def test_of_one_file_to_many_twins_and_names(self, client: TTRESTService) -> None:
        handler = uploaded(client)
        twins = [uuid_of(create(client)) for _ in range(3)]
        for twin in twins:
            attach(client, twin, "same.txt", handler=handler)
            attach(client, twin, "again/same.txt", handler=handler)
        body(client.invalidate_upload_url(handler))
        for twin in twins:
            assert download(client, twin, "again/same.txt").content == FILE

    def test_of_the_wrong_file_keeps_its_doc_and_no_file(
        self, client: TTRESTService, twin: str
    ) -> None:
        doc = attach(client, twin, "a.txt", hash="0" * 64)
        assert doc["status"] == "hash_mismatch"
        assert doc["creation_certificate"]["hash"] == HASH
        assert body(client.get_twin_doc(twin, "a.txt")) == doc
        assert error(client.get_twin_doc(twin, "a.txt", params={"download": True})) == (
            400,
            "400979",
        )
        body(client.delete_twin_doc(twin, "a.txt"))
        assert attach(client, twin, "a.txt", hash=HASH)["status"] == "ok"

    def test_takes_the_storage_class(self, client: TTRESTService, twin: str) -> None:
        doc = attach(client, twin, "a", storage_class="cost_optimized")
        assert doc["storage_class"] == "cost_optimized"

    @pytest.mark.parametrize(
        ("given", "shown"),
        [({}, None), ({"description": None}, None), ({"description": {}}, {})],
    )
    def test_shows_a_description_only_when_it_is_set(
        self, client: TTRESTService, twin: str, given: Any, shown: Any
    ) -> None:
        doc = attach(client, twin, "a", **given)
        assert doc.get("description") == shown
        assert ("description" in doc) == (shown is not None)

    def test_keeps_a_description_as_it_was_written(self, account: Account, twin: str) -> None:
        client = account.client()
        sent = '{"docs": {"a": {"description": {"n": 1.00000000000000000001}, "handler": "%s"}}}'
        account.request("POST", f"/twins/{twin}/docs", data=sent % uploaded(client))
        shown = account.request("GET", f"/twins/{twin}/docs/a").text
        assert '{"n": 1.00000000000000000001}' in shown

    def test_is_refused_where_the_name_is_taken(self, client: TTRESTService, twin: str) -> None:
        first = attach(client, twin, "a.txt")
        handler = uploaded(client, b"other")
        docs = {"new.txt": {"handler": handler}, "a.txt": {"handler": handler}}
        answer = client.attach_twin_doc(twin, body={"docs": docs})
        assert error(answer) == (400, "400358")
        assert "/docs/a.txt" in reason(answer)
        assert body(client.get_twin_doc(twin, "a.txt")) == first
        assert list(body(client.get_twin_docs(twin))["docs"]) == ["a.txt"]  # nothing half done

    def test_is_refused_without_a_file(self, account: Account, twin: str, server: Server) -> None:
        client = account.client()
        empty = body(client.create_upload_url())["handler"]
        ended = uploaded(client)
        body(client.invalidate_upload_url(ended))
        foreign = uploaded(server.account().client())
        for handler in (empty, ended, foreign, UNKNOWN):
            answer = client.attach_twin_doc(twin, body={"docs": {"a": {"handler": handler}}})
            assert error(answer) == (404, "404653")
            assert "/docs/a/handler" in reason(answer)

    @pytest.mark.parametrize(
        "docs",
        [
            None,
            [],
            {"a": None},
            {"a": {}},
            {"a": {"handler": None}},
            {"a": {"handler": "x"}},
            {"a": {"handler": UNKNOWN, "hash": "abc"}},
            {"a": {"handler": UNKNOWN, "hash": "A" * 64}},
            {"a": {"handler": UNKNOWN, "storage_class": "cheap"}},
            {"a": {"handler": UNKNOWN, "description": []}},
            {"a": {"handler": UNKNOWN, "description": {"Key": 1}}},
        ],
        ids=str,
    )
    def test_refuses_a_bad_body(self, account: Account, twin: str, docs: Any) -> None:
        answer = account.request("POST", f"/twins/{twin}/docs", json={"docs": docs})
        assert refusal(answer) == (400, "400592")

    def test_refuses_an_absent_body(self, client: TTRESTService, twin: str) -> None:
        assert error(client.attach_twin_doc(twin)) == (400, "400592")


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "a",
            "-_-",
            "a.b",
            "readme.txt",
            "1/2/3/4/5/6.txt",
            "/".join(["x" * 32] * 6) + ".12345678",
        ],
    )
    def test_that_are_names(self, client: TTRESTService, twin: str, name: str) -> None:
        attach(client, twin, name)
        assert list(body(client.get_twin_docs(twin))["docs"]) == [name]
        answer = download(client, twin, name)
        last = name.rpartition("/")[2]
        assert answer.headers["content-disposition"] == f'attachment; filename="{last}"'
        assert body(client.delete_twin_doc(twin, name))["status"] == "ok"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "../a",
            "a/../b",
            "./a",
            "a/.",
            "/etc/passwd",
            "a//b",
            "a/",
            "\\\\host\\a",
            "a\\b",
            "a\0",
            "a\0.txt",
            "a.txt\n",
            'a".txt',
            "a\r\nSet-Cookie: x=1",
            "a%2Fb",
            "%2e%2e",
            "é",
            "\u202etxt.a",
            "a b",
            "a.tar.gz",
            "a.123456789",
            "x" * 33,
            "1/2/3/4/5/6/7",
            "a" * 60_000,
        ],
        ids=lambda name: ascii(name[:20]),
    )
    def test_that_are_none(self, account: Account, twin: str, name: str) -> None:
        docs = {name: {"handler": UNKNOWN}}
        answer = account.request("POST", f"/twins/{twin}/docs", json={"docs": docs})
        assert refusal(answer) == (400, "400592")
        assert len(answer.text) < 1000
        if name and len(name) < 1000:
            for method in ("GET", "PATCH", "DELETE"):
                path = f"/twins/{twin}/docs/{quote(name, safe='').replace('.', '%2E')}"
                assert refusal(account.request(method, path)) == (400, "400592")

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(name=st.text(max_size=50))
    def test_random_texts_are_never_an_error_of_ours(
        self, account: Account, twin: str, name: str
    ) -> None:
        docs = {name: {"handler": UNKNOWN}}
        answer = account.request("POST", f"/twins/{twin}/docs", json={"docs": docs})
        assert answer.status_code in {400, 404}


class TestList:
    def test_shows_times_and_size_by_name(self, client: TTRESTService, twin: str) -> None:
        docs = {name: attach(client, twin, name) for name in ("b.txt", "a/c.pdf", "a/b/d")}
        listed = answered(client.get_twin_docs(twin), wire.DocList).docs
        assert list(listed) == sorted(docs)
        for name, doc in docs.items():
            created = doc["creation_certificate"]["created_ts"]
            assert listed[name] == [created, doc["updated_ts"], len(FILE)]

    def test_as_a_tree_nests_by_folders(self, client: TTRESTService, twin: str) -> None:
        handler = uploaded(client)
        for name in ("a", "a/b", "a/c/d.txt", "e/f", "g"):
            attach(client, twin, name, handler=handler)
        flat = body(client.get_twin_docs(twin))["docs"]
        tree = body(client.get_twin_docs(twin, params={"view": "tree"}))["docs"]
        assert tree == {
            "a": flat["a"],
            "a/": {"b": flat["a/b"], "c": {"d.txt": flat["a/c/d.txt"]}},
            "e": {"f": flat["e/f"]},
            "g": flat["g"],
        }
        assert body(client.get_twin_docs(twin, params={"view": "list"}))["docs"] == flat

    @pytest.mark.parametrize(
        ("mask", "found"),
        [
            ("*", ["a/b.txt", "a/c.pdf", "b.txt"]),
            ("*.txt", ["a/b.txt", "b.txt"]),
            ("a/*", ["a/b.txt", "a/c.pdf"]),
            ("?.txt", ["b.txt"]),
            ("B.TXT", []),
            ("[a-b].txt", ["b.txt"]),
            ("[", []),
            ("*" * 250, ["a/b.txt", "a/c.pdf", "b.txt"]),
            ("*a" * 120, []),
        ],
    )
    def test_with_a_mask(
        self, client: TTRESTService, twin: str, mask: str, found: list[str]
    ) -> None:
        handler = uploaded(client)
        docs = {name: {"handler": handler} for name in ("b.txt", "a/b.txt", "a/c.pdf")}
        body(client.attach_twin_doc(twin, body={"docs": docs}))
        listed = body(client.get_twin_docs(twin, params={"mask": mask}))["docs"]
        assert list(listed) == found

    @pytest.mark.parametrize("params", [{"view": "table"}, {"mask": "*" * 257}])
    def test_refuses_a_bad_parameter(self, client: TTRESTService, twin: str, params: Any) -> None:
        assert error(client.get_twin_docs(twin, params=params)) == (400, "400592")

    def test_of_a_twin_without_docs_is_empty(self, client: TTRESTService, twin: str) -> None:
        assert body(client.get_twin_docs(twin)) == {"docs": {}}


class TestUpdate:
    def test_replaces_empties_removes_or_keeps_the_description(
        self, client: TTRESTService, twin: str
    ) -> None:
        before = attach(client, twin, "a/b.txt", description={"a": 1, "b": 2})
        after = body(client.update_twin_doc(twin, "a/b.txt", body={"description": {"c": [3]}}))
        assert after["description"] == {"c": [3]}
        assert after["creation_certificate"] == before["creation_certificate"]
        assert after["updated_ts"] > before["updated_ts"]
        assert body(client.update_twin_doc(twin, "a/b.txt")) == after
        emptied = body(client.update_twin_doc(twin, "a/b.txt", body={"description": {}}))
        assert emptied["description"] == {}
        removed = body(client.update_twin_doc(twin, "a/b.txt", body={"description": None}))
        assert "description" not in removed
        assert body(client.get_twin_doc(twin, "a/b.txt")) == removed
        assert download(client, twin, "a/b.txt").content == FILE

    @pytest.mark.parametrize("description", [1, "a", [], {"A": 1}, {"": 1}])
    def test_refuses_a_bad_description(
        self, client: TTRESTService, twin: str, description: Any
    ) -> None:
        before = attach(client, twin, "a")
        answer = client.update_twin_doc(twin, "a", body={"description": description})
        assert error(answer) == (400, "400592")
        assert body(client.get_twin_doc(twin, "a")) == before

    def test_of_an_unknown_doc_is_404(self, client: TTRESTService, twin: str) -> None:
        for answer in (
            client.update_twin_doc(twin, "a", body={"description": {}}),
            client.update_twin_doc(twin, "a"),
            client.get_twin_doc(twin, "a"),
            client.delete_twin_doc(twin, "a"),
        ):
            assert error(answer) == (404, "404653")


class TestDelete:
    def test_of_one_answers_it_and_leaves_the_others(
        self, client: TTRESTService, twin: str
    ) -> None:
        doc, _ = attach(client, twin, "a"), attach(client, twin, "b")
        assert body(client.delete_twin_doc(twin, "a")) == doc
        assert error(client.get_twin_doc(twin, "a")) == (404, "404653")
        assert list(body(client.get_twin_docs(twin))["docs"]) == ["b"]
        assert download(client, twin, "b").content == FILE

    def test_of_all_answers_them(self, client: TTRESTService, twin: str) -> None:
        for name in ("a/b", "c"):
            attach(client, twin, name)
        listed = body(client.get_twin_docs(twin))
        assert body(client.delete_twin_docs(twin)) == listed
        assert body(client.get_twin_docs(twin)) == {"docs": {}}

    def test_of_all_as_a_tree(self, client: TTRESTService, twin: str) -> None:
        attach(client, twin, "a/b")
        deleted = body(client.delete_twin_docs(twin, params={"view": "tree"}))["docs"]
        assert list(deleted["a"]) == ["b"]


class TestDownload:
    def test_is_inert_in_a_browser(self, client: TTRESTService, twin: str) -> None:
        page = b"<script>fetch('/whoami')</script>"
        attach(client, twin, "page.html", handler=uploaded(client, page))
        answer = download(client, twin, "page.html")
        assert answer.content == page
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == 'attachment; filename="page.html"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-length"] == str(len(page))

    @pytest.mark.parametrize("size", [0, 1, 262_144, 1_000_001])
    def test_answers_every_byte(self, client: TTRESTService, twin: str, size: int) -> None:
        content = os.urandom(size)
        doc = attach(client, twin, "a", handler=uploaded(client, content))
        assert doc["creation_certificate"]["size"] == size
        assert download(client, twin, "a").content == content

    def test_url_works_in_the_vendors_client_until_its_end(
        self, client: TTRESTService, twin: str
    ) -> None:
        attach(client, twin, "a", handler=uploaded(client, b"{}"))
        until = round(time.time() + 1.5, 3)
        params = {"download": True, "validity_ts": until}
        shown = body(client.get_twin_doc(twin, "a", params=params))["download"]
        assert shown["validity_ts"] == until
        account, handler = urlsplit(shown["url"]).path.split("/")[2:]
        assert client.download_doc(account, handler) == (200, "{}")
        while time.time() < until + 0.01:
            time.sleep(0.05)
        assert error(client.download_doc(account, handler)) == (404, "404653")

    def test_url_is_for_an_hour(self, client: TTRESTService, twin: str) -> None:
        attach(client, twin, "a")
        shown = body(client.get_twin_doc(twin, "a", params={"download": True}))["download"]
        assert abs(shown["validity_ts"] - time.time() - 3600) < SOON
        assert "download" not in body(client.get_twin_doc(twin, "a", params={"download": False}))

    def test_url_ends_with_its_doc(self, client: TTRESTService, twin: str) -> None:
        handler = uploaded(client)
        attach(client, twin, "a", handler=handler)
        url = body(client.get_twin_doc(twin, "a", params={"download": True}))["download"]["url"]
        body(client.delete_twin_doc(twin, "a"))
        assert refusal(requests.get(url, timeout=60)) == (404, "404653")
        attach(client, twin, "a", handler=handler)
        assert refusal(requests.get(url, timeout=60)) == (404, "404653")

    def test_url_cannot_be_made_up(
        self, account: Account, client: TTRESTService, server: Server, twin: str
    ) -> None:
        attach(client, twin, "a")
        url = body(client.get_twin_doc(twin, "a", params={"download": True}))["download"]["url"]
        start, handler = url.rsplit("/", 1)
        other = server.account().account
        paths = [url.replace(account.account, other), f"{start}/{'A' * len(handler)}"]
        for at in range(0, len(handler) - 1, 7):
            wrong = "A" if handler[at] != "A" else "B"
            paths.append(f"{start}/{handler[:at]}{wrong}{handler[at + 1 :]}")
        paths.append(f"{start}/{handler[:-1]}{chr(ord(handler[-1]) + 1)}")  # the same bytes
        paths += [f"{start}/{text}" for text in ("x", "%F0%9F%98%80", "a" * 5000, "....")]
        for path in paths:
            assert refusal(requests.get(path, timeout=60)) == (404, "404653")

    @pytest.mark.parametrize("validity", ["x", "nan", "inf", "-1", "1e300", "1" * 40, ""])
    def test_refuses_a_bad_validity(self, client: TTRESTService, twin: str, validity: str) -> None:
        attach(client, twin, "a")
        params = {"download": True, "validity_ts": validity}
        assert error(client.get_twin_doc(twin, "a", params=params)) == (400, "400592")

    def test_refuses_a_url_for_too_long(self, client: TTRESTService, twin: str) -> None:
        attach(client, twin, "a")
        params = {"download": True, "validity_ts": time.time() + 8 * 24 * 3600}
        assert error(client.get_twin_doc(twin, "a", params=params)) == (400, "400592")

    def test_url_is_where_the_client_reaches_the_server(
        self, account: Account, client: TTRESTService, twin: str
    ) -> None:
        attach(client, twin, "a")
        headers = {"Host": "twins.example.com", "X-Forwarded-Proto": "https"}
        answer = account.request("GET", f"/twins/{twin}/docs/a?download=true", headers=headers)
        assert answer.json()["download"]["url"].startswith("https://twins.example.com/download/")
        answer = account.request("POST", "/cache", headers={"Host": "a/b"})
        assert refusal(answer) == (400, "400592")


class TestOtherAccounts:
    @pytest.fixture
    def foreign(self, server: Server) -> Account:
        """A user of another account whose rule covers every twin."""
        return server.account().member(twin_rule="true")

    def test_attach_to_a_foreign_twin_and_see_only_their_own(
        self, client: TTRESTService, foreign: Account, twin: str
    ) -> None:
        theirs = foreign.client()
        attach(client, twin, "same.txt")
        attach(theirs, twin, "same.txt", handler=uploaded(theirs, b"theirs"))
        attach(theirs, twin, "more.txt")
        assert list(body(client.get_twin_docs(twin))["docs"]) == ["same.txt"]
        assert download(client, twin, "same.txt").content == FILE
        assert download(theirs, twin, "same.txt").content == b"theirs"
        assert error(client.get_twin_doc(twin, "more.txt")) == (404, "404653")
        assert error(client.delete_twin_doc(twin, "more.txt")) == (404, "404653")
        body(client.delete_twin_docs(twin))
        assert list(body(theirs.get_twin_docs(twin))["docs"]) == ["more.txt", "same.txt"]

    def test_without_a_rule_are_turned_away(
        self, account: Account, server: Server, twin: str
    ) -> None:
        attach(account.client(), twin, "a")
        stranger = server.account().client()
        handler = uploaded(stranger)
        for answer in (
            stranger.get_twin_docs(twin),
            stranger.get_twin_doc(twin, "a"),
            stranger.update_twin_doc(twin, "a", body={"description": {}}),
            stranger.delete_twin_doc(twin, "a"),
            stranger.delete_twin_docs(twin),
            stranger.attach_twin_doc(twin, body={"docs": {"b": {"handler": handler}}}),
        ):
            assert error(answer) == (403, "403535")

    def test_terminated_twins_stay_open_to_all(
        self, client: TTRESTService, foreign: Account, twin: str
    ) -> None:
        attach(client, twin, "before")
        body(client.terminate_twin(twin))
        for one in (client, foreign.client()):
            attach(one, twin, "after")
            assert download(one, twin, "after").content == FILE
            body(one.update_twin_doc(twin, "after", body={"description": {"a": 1}}))
            body(one.delete_twin_doc(twin, "after"))
        assert list(body(client.delete_twin_docs(twin))["docs"]) == ["before"]

    def test_go_with_a_twin_that_is_deleted(self, account: Account, foreign: Account) -> None:
        model = {"@id": "dtmi:test:Pump;1", "@type": "Interface", "@context": "dtmi:dtdl:context;3"}
        put = {"id": "P-1", "modelId": model["@id"], "contents": {}}
        twin = str(uuid.uuid5(uuid.UUID(account.account), "P-1"))
        assert account.request("POST", "/models", json=[model]).status_code == 201
        assert account.request("PUT", "/twins", json=put).status_code == 200
        urls = []
        for one in (account.client(), foreign.client()):
            attach(one, twin, "a")
            shown = body(one.get_twin_doc(twin, "a", params={"download": True}))
            urls.append(shown["download"]["url"])
        assert account.request("DELETE", "/api/v3/twins/P-1").status_code == 204
        assert [requests.get(url, timeout=60).status_code for url in urls] == [404, 404]
        assert account.request("PUT", "/twins", json=put).status_code == 200
        for one in (account.client(), foreign.client()):
            assert body(one.get_twin_docs(twin)) == {"docs": {}}

    def test_of_an_unknown_twin_are_404(self, client: TTRESTService) -> None:
        handler = uploaded(client)
        for answer in (
            client.get_twin_docs(UNKNOWN),
            client.get_twin_doc(UNKNOWN, "a"),
            client.delete_twin_docs(UNKNOWN),
            client.attach_twin_doc(UNKNOWN, body={"docs": {"b": {"handler": handler}}}),
        ):
            assert error(answer) == (404, "404653")
