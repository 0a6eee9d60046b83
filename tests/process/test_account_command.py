"""`twinhold account create`: through the server that runs, or into the store when none does."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.harness import Account, Server, serving, twinhold
from tests.process.running import complaint

NOWHERE = "http://127.0.0.1:1"

Options = Callable[[], list[str]]


def create(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return twinhold("account", "create", *arguments, **environment)


def made(outcome: subprocess.CompletedProcess[str]) -> Account:
    """The account that the command printed: JSON with exactly the members of credentials.json."""
    assert outcome.returncode == 0, outcome
    members = json.loads(outcome.stdout)
    assert set(members) == {"url", "account", "user", "role", "secret"}
    assert members["secret"] not in outcome.stderr
    return Account(**members)


def assert_usual(account: Account) -> None:
    """The account works and is no operator."""
    assert account.request("GET", "/whoami").json() == {
        "account": account.account,
        "user": account.user,
        "role": account.role,
    }
    assert account.request("POST", "/twins").status_code == 201
    refused = account.request("POST", "/accounts", json={"name": "Another"})
    assert (refused.status_code, refused.json()["subcode"]) == (403, "403535")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a data directory of its own."""
    with serving(tmp_path_factory.mktemp("account") / "data") as running:
        yield running


class TestWithServer:
    def test_asks_it_and_says_so(self, server: Server) -> None:
        outcome = create("Plant 7", "--data", str(server.data))
        assert server.url in outcome.stderr
        account = made(outcome)
        assert account.url == server.url
        assert_usual(account)

    def test_on_postgresql_the_account_works_at_once(
        self, tmp_path: Path, new_database: Callable[[], str]
    ) -> None:
        database = new_database()
        with serving(tmp_path / "data", "--database", database) as running:
            outcome = create("Plant 7", "--data", str(running.data), "--database", database)
            assert_usual(replace(made(outcome), url=running.url))
            assert "no server runs" not in outcome.stderr

    @pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", " a"])
    def test_a_bad_name_is_refused_in_a_sentence(self, server: Server, name: str) -> None:
        outcome = create(name, "--data", str(server.data))
        assert "1 to 64 printable characters" in complaint(outcome)

    def test_url_and_secret_are_flags(self, server: Server, tmp_path: Path) -> None:
        secret, elsewhere = server.operator.secret, tmp_path / "elsewhere"
        flags = ("--url", server.url, "--secret", secret, "--data", str(elsewhere))
        assert_usual(made(create("A", *flags)))
        assert not elsewhere.exists()

    def test_url_and_secret_are_variables(self, server: Server, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        outcome = create(
            "A",
            TWINHOLD_URL=server.url,
            TWINHOLD_SECRET=server.operator.secret,
            TWINHOLD_DATA=str(elsewhere),
        )
        assert_usual(made(outcome))
        assert not elsewhere.exists()

    def test_flags_win_over_variables(self, server: Server) -> None:
        flags = ("--url", server.url, "--secret", server.operator.secret)
        assert_usual(made(create("A", *flags, TWINHOLD_URL=NOWHERE, TWINHOLD_SECRET="wrong")))

    def test_a_url_alone_takes_the_secret_of_the_data_directory(self, server: Server) -> None:
        account = made(create("A", "--url", server.url + "/", "--data", str(server.data)))
        assert account.url == server.url
        assert_usual(account)

    def test_another_secret_is_refused_in_a_sentence(self, server: Server) -> None:
        wrong = create("A", "--url", server.url, "--secret", "wrong")
        assert "credential is not known" in complaint(wrong)
        usual = create("A", "--url", server.url, "--secret", server.account().secret)
        assert "operator" in complaint(usual)

    def test_without_any_secret_says_what_is_missing(self, tmp_path: Path) -> None:
        outcome = create("A", "--url", NOWHERE, "--data", str(tmp_path))
        assert "--secret" in complaint(outcome)


class TestUnreachable:
    @pytest.mark.parametrize(
        "url", [NOWHERE, "http://no.such.host.invalid:8000", "http://[", "nonsense"]
    )
    def test_is_told_in_a_sentence(self, tmp_path: Path, url: str) -> None:
        flags = ("--url", url, "--secret", "hidden", "--data", str(tmp_path))
        outcome = create("A", *flags)
        assert url in complaint(outcome)
        assert "hidden" not in outcome.stderr

    def test_database_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        database = "postgresql://root:hidden@127.0.0.1:1/twins"
        outcome = create("A", "--database", database, "--data", str(tmp_path / "data"))
        assert "postgresql://127.0.0.1:1/twins" in complaint(outcome)
        assert "hidden" not in outcome.stderr


class TestWithoutServer:
    def test_opens_the_store_and_says_so(self, tmp_path: Path, options: Options) -> None:
        """An account that was made while no server ran works when one does."""
        data, engine = tmp_path / "data", options()
        with serving(data, *engine) as server:
            operator = server.operator
        outcome = create("Plant 7", "--data", str(data), *engine)
        assert ("the database" if engine else str(data)) in outcome.stderr
        account = made(outcome)
        with serving(data, *engine) as server:
            assert_usual(replace(account, url=server.url))
            assert server.operator == replace(operator, url=server.url)

    def test_on_a_fresh_store_makes_the_operator_too(
        self, tmp_path: Path, options: Options
    ) -> None:
        """The first account of a registry is the operator, and its credentials are kept."""
        data, engine = tmp_path / "data", options()
        account = made(create("Plant 7", "--data", str(data), *engine))
        operator = json.loads((data / "credentials.json").read_text())
        assert operator["account"] != account.account
        assert operator["secret"] != account.secret
        with serving(data, *engine) as server:
            assert_usual(replace(account, url=server.url))
            assert server.operator == Account(**operator | {"url": server.url})
            assert_usual(server.account())

    def test_a_bad_name_is_refused_in_a_sentence(self, tmp_path: Path) -> None:
        outcome = create("x" * 65, "--data", str(tmp_path / "data"))
        assert "1 to 64 printable characters" in complaint(outcome)

    def test_leaves_the_directory_free(self, tmp_path: Path) -> None:
        for name in ("One", "Two"):
            made(create(name, "--data", str(tmp_path / "data")))
        with serving(tmp_path / "data") as server:
            assert server.operator.request("GET", "/whoami").status_code == 200
