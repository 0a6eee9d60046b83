"""A change of access counts from the next request on, whichever process that request meets.

On SQLite one process serves; on PostgreSQL two workers do, and both know the user before anything
changes. Every request has a connection of its own, and many are under way together, so that both
workers answer some of them. One stale answer fails the test.
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest
import requests
from tests.harness import EVERYTHING, NOTHING, Account, Server, body, create, serving, uuid_of

REQUESTS = 40
THREADS = 4
HOUR = 3600

Answers = Counter[int]


@pytest.fixture(scope="module")
def several(
    engine: str, options: Callable[[], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server, None, None]:
    """A server with as many processes as its engine allows."""
    workers = [] if engine == "sqlite" else ["--workers", "2"]
    data = tmp_path_factory.mktemp(f"several-{engine}") / "data"
    with serving(data, *options(), *workers) as server:
        yield server


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    """What calls from several connections at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


@pytest.fixture
def admin(several: Server) -> Account:
    return several.account()


@pytest.fixture
def twin(admin: Account) -> str:
    return uuid_of(create(admin.client(), description={"company": "acme"}))


Ask = Callable[[Account], Answers]


@pytest.fixture
def ask(threads: ThreadPoolExecutor, twin: str) -> Ask:
    """Gets the twin many times over; answers how often each status came."""

    def status(caller: Account) -> int:
        return caller.request("GET", f"/twins/{twin}").status_code

    return lambda caller: Counter(threads.map(status, repeat(caller, REQUESTS)))


def only(status: int) -> Answers:
    return Counter({status: REQUESTS})


class TestRole:
    def test_statement_narrows_and_widens(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        assert ask(caller) == only(200)
        for effect, expected in [("allow", 403), ("deny", 200)] * 3:
            statement = {"effect": effect, "actions": None}
            body(admin.client().update_user_role(caller.role, body={"statement": statement}))
            assert ask(caller) == only(expected)

    def test_rule_narrows_and_widens(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        assert ask(caller) == only(200)
        for rule, expected in [("false", 403), ("true", 200), ("twin == 1", 403), (None, 200)]:
            body(admin.client().update_user_role(caller.role, body={"rules": {"twin_rule": rule}}))
            assert ask(caller) == only(expected)

    def test_opens_and_closes_foreign_twins(
        self, admin: Account, several: Server, ask: Ask
    ) -> None:
        stranger = several.account()
        caller = stranger.member()
        assert ask(caller) == only(403)
        for rule, expected in [("true", 200), (None, 403)]:
            rules = {"rules": {"twin_rule": rule}}
            body(stranger.client().update_user_role(caller.role, body=rules))
            assert ask(caller) == only(expected)

    def test_deleted_ends_all_access(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        assert ask(caller) == only(200)
        body(admin.client().delete_user_role(caller.role))
        assert ask(caller) == only(403)


class TestUser:
    def test_another_role(self, admin: Account, ask: Ask) -> None:
        caller, blind = admin.member(), admin.new_role(NOTHING)
        assert ask(caller) == only(200)
        for role, expected in [(blind, 403), (caller.role, 200)]:
            body(admin.client().update_user(caller.user, body={"role": role}))
            assert ask(caller) == only(expected)

    def test_another_description(self, admin: Account, ask: Ask) -> None:
        rule = "TWIN.company == USER.company"
        caller = admin.member(description={"company": "acme"}, twin_rule=rule)
        assert ask(caller) == only(200)
        for company, expected in [("umbrella", 403), ("acme", 200)]:
            members = {"description": {"company": company}}
            body(admin.client().update_user(caller.user, body=members))
            assert ask(caller) == only(expected)

    def test_deleted(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        token = caller.token()
        assert ask(caller) == ask(token) == only(200)
        body(admin.client().delete_user(caller.user))
        assert ask(caller) == ask(token) == only(401)


class TestSecret:
    def test_deleted(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        token = caller.token()
        assert ask(caller) == ask(token) == only(200)
        body(admin.client().delete_user_secret(caller.user))
        assert ask(caller) == ask(token) == only(401)

    def test_replaced(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        token = caller.token()
        assert ask(caller) == ask(token) == only(200)
        renewed = caller.renewed(admin)
        assert ask(caller) == ask(token) == only(401)
        assert ask(renewed) == ask(renewed.token()) == only(200)

    def test_ends_and_begins_again(self, admin: Account, ask: Ask) -> None:
        caller = admin.member()
        token = caller.token()
        assert ask(caller) == ask(token) == only(200)
        now = time.time()
        for validity, expected in [(now - 1, 401), (now + HOUR, 200), (1, 401), (None, 200)]:
            members = {"validity_ts": validity}
            answer = admin.request("PATCH", f"/users/{caller.user}/secrets", json=members)
            assert answer.status_code == 201
            assert ask(caller) == ask(token) == only(expected)


class TestToken:
    def test_new_one_is_known_everywhere(self, admin: Account, ask: Ask) -> None:
        for _ in range(3):
            assert ask(admin.token()) == only(200)

    def test_signed_with_a_new_key_is_known_everywhere(
        self, admin: Account, several: Server, ask: Ask
    ) -> None:
        before = admin.token()
        assert ask(before) == only(200)
        for _ in range(2):
            assert several.operator.request("POST", "/keys/rotate").status_code == 201
            assert ask(admin.token()) == ask(before) == only(200)


def test_a_user_who_had_no_access_has_it_at_once(admin: Account, ask: Ask) -> None:
    caller = admin.member(NOTHING)
    assert ask(caller) == only(403)
    body(admin.client().update_user_role(caller.role, body={"statement": EVERYTHING}))
    assert ask(caller) == only(200)


def test_changes_by_many_at_once_are_all_answered_and_all_kept(
    admin: Account,
) -> None:
    """Every change ends what all processes know of access, so the others start over."""
    roles = [admin.new_role() for _ in range(12)]

    def rename(number: int) -> int:
        path, name = f"/roles/{roles[number % 12]}", f"Name {number}"
        return admin.request("PATCH", path, json={"name": name}).status_code

    with ThreadPoolExecutor(len(roles)) as many:
        assert Counter(many.map(rename, range(240))) == Counter({201: 240})


def test_two_changes_of_one_record_at_once_are_both_kept(
    admin: Account, threads: ThreadPoolExecutor
) -> None:
    wide, narrow = admin.new_role(), admin.new_role(NOTHING)
    user = body(admin.client().create_user(body={"role": wide}))["uuid"]

    def change(members: dict[str, str]) -> requests.Response:
        return admin.request("PATCH", f"/users/{user}", json=members)

    for number in range(60):
        role, name = (narrow, wide)[number % 2], f"Name {number}"
        answers = list(threads.map(change, [{"role": role}, {"name": name}]))
        assert {answer.status_code for answer in answers} == {200}
        kept = body(admin.client().get_user(user))
        assert (kept["role"], kept["name"]) == (role, name)


def test_pins_made_at_once_leave_one(
    several: Server, admin: Account, threads: ThreadPoolExecutor
) -> None:
    user = body(admin.client().create_user(body={"role": admin.role}))["uuid"]

    def make(_: int) -> requests.Response:
        return admin.request("POST", f"/users/{user}/secrets")

    for _ in range(20):
        answers = list(threads.map(make, range(THREADS)))
        assert {answer.status_code for answer in answers} == {201}, answers
        paths = [f"/secrets/{admin.account}/{answer.json()['pin']}" for answer in answers]
        taken = [requests.post(several.url + path, timeout=60).status_code for path in paths]
        assert sorted(taken) == [201] + [404] * (THREADS - 1)


def test_a_pin_taken_at_once_by_many_gives_one_secret(
    several: Server, admin: Account, threads: ThreadPoolExecutor
) -> None:
    user = body(admin.client().create_user(body={"role": admin.role}))["uuid"]
    for _ in range(10):
        pin = body(admin.client().create_user_secret_pin(user))["pin"]
        path = f"{several.url}/secrets/{admin.account}/{pin}"
        taken = threads.map(lambda path: requests.post(path, timeout=60), repeat(path, THREADS))
        assert sorted(answer.status_code for answer in taken) == [201] + [404] * (THREADS - 1)
