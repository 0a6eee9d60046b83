"""Rate limits as the Willow API has them: off by default, by client, group and fixed window."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import requests
from tests.harness import Account, Server, serving

from twinhold.api import trusted_twin, willow
from twinhold.api.kit import rate_limits
from twinhold.api.kit.rate_limits import RateLimiter
from twinhold.registry.errors import RateLimitedError
from twinhold.registry.principal import NOBODY, Principal
from twinhold.settings import RateLimit, parse_rate_limit

LIMIT = 3
SECONDS = 3600
TWINS = "/api/v3/twins"
SERIES = "/api/v3/time-series"

Options = Callable[[], list[str]]


@pytest.fixture(scope="module")
def limited(
    options: Options, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that takes three requests an hour."""
    data = tmp_path_factory.mktemp(f"rate-{engine}") / "data"
    with serving(data, *options(), "--rate-limit", f"{LIMIT}/{SECONDS}s") as server:
        yield server


def count(account: Account) -> requests.Response:
    return account.request("POST", f"{TWINS}/count", json={})


def exhausted(account: Account) -> requests.Response:
    """The first answer beyond the limit; a window may have begun under way."""
    for _ in range(2 * LIMIT + 1):
        answer = count(account)
        if answer.status_code == 429:
            return answer
        assert answer.status_code == 200
    pytest.fail("there is no limit")


class TestBeyondTheLimit:
    def test_the_answer_is_one_line_that_says_which_group_and_what_to_do(
        self, limited: Server
    ) -> None:
        answer = exhausted(limited.account())
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.text.count("\n") == 1
        assert answer.text.endswith("\n")
        assert f"{TWINS}/*" in answer.text
        assert "bulk" in answer.text
        assert 1 <= int(answer.headers["Retry-After"]) <= SECONDS

    def test_nothing_is_stored(self, limited: Server) -> None:
        account = limited.account()
        exhausted(account)
        put = account.request("PUT", TWINS, json={"id": "P-1", "modelId": "dtmi:a;1"})
        assert put.status_code == 429

    def test_the_other_group_and_other_paths_are_open(self, limited: Server) -> None:
        account = limited.account()
        exhausted(account)
        latest = account.request("POST", f"{SERIES}/ids/latest", json=[])
        assert latest.status_code != 429
        for path in ("/twins", "/whoami", "/api/v3/models"):
            assert account.request("GET", path).status_code == 200

    def test_other_clients_are_served(self, limited: Server) -> None:
        account = limited.account()
        colleague = account.member()
        exhausted(account)
        assert count(colleague).status_code == 200
        assert count(limited.account()).status_code == 200

    def test_a_token_counts_for_its_user(self, limited: Server) -> None:
        account = limited.account()
        token = account.token()
        exhausted(account)
        assert count(token).status_code == 429

    def test_refused_requests_do_not_count(self, limited: Server) -> None:
        account = limited.account()
        for _ in range(LIMIT + 1):
            assert count(account.using("A" * 64)).status_code == 401
        assert count(account).status_code == 200


def test_there_is_no_limit_unless_it_is_asked_for(account: Account) -> None:
    assert {count(account).status_code for _ in range(30)} == {200}


class TestWindow:
    """With a clock of the test's own."""

    def limiter(self, limit: RateLimit) -> RateLimiter:
        self.now = 1000.0
        dialects = (trusted_twin.DIALECT, willow.DIALECT)
        return RateLimiter(limit.requests, limit.seconds, dialects, lambda: self.now)

    def sent(self, limiter: RateLimiter, times: int, client: Principal = NOBODY) -> int:
        """How many of so many requests pass."""
        operation = next(one for one in willow.DIALECT.operations if one.path == TWINS)
        passed = 0
        for _ in range(times):
            try:
                limiter.count(operation, client)
            except RateLimitedError as error:
                self.wait = error.wait
            else:
                passed += 1
        return passed

    def test_is_fixed_and_lets_as_many_pass_when_the_next_begins(self) -> None:
        limiter = self.limiter(parse_rate_limit("willow"))
        self.now += 9
        assert self.sent(limiter, 25) == 20
        assert self.wait == 1
        self.now += 1
        assert self.sent(limiter, 25) == 20
        assert self.wait == 10
        self.now += 9.99
        assert self.sent(limiter, 1) == 0

    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_limits, "_MOST_COUNTED", 10)
        limiter = self.limiter(RateLimit(1, 10))
        for number in range(100):
            client = msgspec.structs.replace(NOBODY, user=str(number))
            assert self.sent(limiter, 1, client) == 1
            assert len(limiter._counts) <= 10


def test_every_path_of_the_two_groups_is_limited_and_no_other() -> None:
    limiter = RateLimiter(1, 10, (trusted_twin.DIALECT, willow.DIALECT))
    expected = {
        operation.path: group
        for operation in willow.DIALECT.operations
        for group in (TWINS, SERIES)
        if operation.path == group or operation.path.startswith(group + "/")
    }
    assert limiter._groups == expected
    assert set(expected.values()) == {TWINS, SERIES}


@pytest.mark.parametrize(
    ("text", "limit"),
    [("willow", RateLimit(20, 10)), ("20/10s", RateLimit(20, 10)), ("1/3600s", RateLimit(1, 3600))],
)
def test_a_limit_is_written_in_words(text: str, limit: Any) -> None:
    assert parse_rate_limit(text) == limit
