"""The secret operations and the PIN, through the vendor's own client."""

import re
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.harness import (
    NOTHING,
    UNKNOWN,
    Account,
    Server,
    answered,
    body,
    error,
    in_registry,
    reason,
    refusal,
)
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import user_secrets as wire
from twinhold.registry import Registry, accounts, user_secrets
from twinhold.registry.errors import UnauthenticatedError
from twinhold.registry.principal import Call

Run = Callable[[Callable[[Registry], Coroutine[Any, Any, None]]], None]

BAD_UUIDS = ["x", UNKNOWN[:-1], UNKNOWN + "0", "{}", "a/b", "é"]
SECOND = 1_000_000
MINUTE = 60 * SECOND
GUESSES = 10

BAD_BODIES = [
    (b'{"validity_ts": "tomorrow"}', "400592", "/validity_ts"),
    (b'{"validity_ts": "1700000000"}', "400592", "/validity_ts"),
    (b'{"validity_ts": true}', "400592", "/validity_ts"),
    (b'{"validity_ts": [1]}', "400592", "/validity_ts"),
    (b'{"validity_ts": -1}', "400592", "/validity_ts"),
    (b'{"validity_ts": 253402300800}', "400592", "/validity_ts"),
    (b'{"validity_ts": 1e999}', "400592", "/validity_ts"),
    (b'{"validity_ts": ' + b"9" * 400 + b"}", "400592", "/validity_ts"),
    (b'{"validity_ts": ' + b"9" * 5000 + b"}", "400592", "/validity_ts"),
    (b'{"validity_ts": NaN}', "400415", "NaN"),
    (b'{"validity_ts": 1, "validity_ts": 2}', "400415", "twice"),
    (b"[]", "400592", "object"),
    (b"{", "400415", "JSON"),
    (b'{"validity_ts": "\xff"}', "400314", "UTF-8"),
    (b'{"validity_ts": ' + b"[" * 70 + b"]" * 70 + b"}", "400592", "64 levels"),
    (b'{"validity_ts": "' + b"x" * 65536 + b'"}', "400141", "65536"),
]


@pytest.fixture
def user(account: Account) -> str:
    """A user without a secret."""
    uuid: str = body(account.client().create_user(body={"role": account.role}))["uuid"]
    return uuid


def pin_for(account: Account, user: str, **members: Any) -> str:
    pin: str = body(account.client().create_user_secret_pin(user, body=members))["pin"]
    return pin


def other_than(pin: str, number: int = 0) -> str:
    """A guess that is wrong."""
    guess = f"{number:06d}"
    return guess if guess != pin else "AAAAAA"


class TestPin:
    def test_is_six_capitals_and_digits(self, account: Account, user: str) -> None:
        answer = account.client().create_user_secret_pin(user)
        assert answer[0] == 201
        assert re.fullmatch(r"[A-Z0-9]{6}", answered(answer, wire.Pin).pin)

    def test_is_never_the_same(self, account: Account, user: str) -> None:
        assert len({pin_for(account, user) for _ in range(20)}) == 20

    def test_works_once_and_needs_no_credential(self, account: Account, user: str) -> None:
        nobody = account.using("nothing").client()
        pin = pin_for(account, user)
        assert nobody.create_user_secret(account.account, pin)[0] == 201
        answer = nobody.create_user_secret(account.account, pin)
        assert error(answer) == (404, "404653")

    @pytest.mark.parametrize("spelled", [str.lower, str.upper, str.swapcase])
    def test_case_does_not_count(
        self, account: Account, user: str, spelled: Callable[[str], str]
    ) -> None:
        pin = spelled(pin_for(account, user))
        assert account.client().create_user_secret(account.account.upper(), pin)[0] == 201

    def test_a_new_one_replaces_an_unused_one(
        self, account: Account, client: TTRESTService, user: str
    ) -> None:
        first, second = pin_for(account, user), pin_for(account, user)
        assert error(client.create_user_secret(account.account, first)) == (404, "404653")
        assert client.create_user_secret(account.account, second)[0] == 201

    def test_belongs_to_its_user_and_account(
        self, account: Account, client: TTRESTService, user: str, server: Server
    ) -> None:
        other = server.account()
        pins = {who: pin_for(account, who) for who in (user, account.user)}
        for pin in pins.values():
            answer = client.create_user_secret(other.account, pin)
            assert error(answer) == (404, "404653")
        for who, pin in pins.items():
            assert body(client.create_user_secret(account.account, pin))["user"] == who

    @pytest.mark.parametrize(
        "pin", ["ABCDE", "ABCDEFG", "ABCDE!", "ÀBCDEF", "٣٣٣٣٣٣", " ABCDE", "%"]
    )
    def test_malformed_is_404_and_no_guess(
        self, account: Account, client: TTRESTService, user: str, pin: str
    ) -> None:
        right = pin_for(account, user)
        for _ in range(GUESSES + 1):
            assert error(client.create_user_secret(account.account, pin)) == (404, "404653")
        assert client.create_user_secret(account.account, right)[0] == 201

    @pytest.mark.parametrize("uuid", BAD_UUIDS)
    def test_malformed_account_is_400(self, client: TTRESTService, uuid: str) -> None:
        assert error(client.create_user_secret(uuid, "ABCDEF")) == (400, "400592")

    def test_unknown_account_is_404(self, client: TTRESTService) -> None:
        assert error(client.create_user_secret(UNKNOWN, "ABCDEF")) == (404, "404653")


class TestGuesses:
    def test_nine_wrong_leave_it_alive(
        self, account: Account, client: TTRESTService, user: str
    ) -> None:
        pin = pin_for(account, user)
        for number in range(GUESSES - 1):
            guess = other_than(pin, number)
            assert error(client.create_user_secret(account.account, guess)) == (404, "404653")
        assert client.create_user_secret(account.account, pin)[0] == 201

    def test_ten_wrong_kill_it(self, account: Account, client: TTRESTService, user: str) -> None:
        pins = [pin_for(account, who) for who in (user, account.user)]
        for number in range(GUESSES):
            answer = client.create_user_secret(account.account, other_than(pins[0], number))
            assert error(answer) == (404, "404653")
        said = set()
        for pin in pins:
            answer = client.create_user_secret(account.account, pin)
            assert error(answer) == (404, "404653")
            said.add(reason(answer))
        assert len(said) == 1
        assert error(client.get_user_secret(user)) == (404, "404653")

    def test_a_new_pin_after_them_works(
        self, account: Account, client: TTRESTService, user: str
    ) -> None:
        pin = pin_for(account, user)
        for number in range(GUESSES + 2):
            client.create_user_secret(account.account, other_than(pin, number))
        assert client.create_user_secret(account.account, pin_for(account, user))[0] == 201

    def test_without_a_waiting_pin_cost_nothing(
        self, account: Account, client: TTRESTService, user: str
    ) -> None:
        for number in range(GUESSES * 2):
            answer = client.create_user_secret(account.account, f"{number:06d}")
            assert error(answer) == (404, "404653")
        assert client.create_user_secret(account.account, pin_for(account, user))[0] == 201

    def test_in_another_account_do_not_count(
        self, account: Account, client: TTRESTService, user: str, server: Server
    ) -> None:
        other, pin = server.account(), pin_for(account, user)
        waiting = pin_for(other, other.user)
        for number in range(GUESSES):
            client.create_user_secret(other.account, other_than(waiting, number))
        assert client.create_user_secret(account.account, pin)[0] == 201


class TestCreate:
    def test_answers_the_secret_once(
        self, account: Account, client: TTRESTService, user: str
    ) -> None:
        before = time.time()
        answer = client.create_user_secret(account.account, pin_for(account, user))
        issued = answered(answer, wire.IssuedSecret)
        assert re.fullmatch(r"[A-Za-z0-9+/]{64}", issued.secret)
        assert (issued.account, issued.user) == (account.account, user)
        assert before - 1 < issued.created_ts == issued.updated_ts < time.time() + 1
        assert issued.validity_ts is None
        assert body(account.using(issued.secret).client().who_am_i())["user"] == user
        known = client.get_user_secret(user)
        assert issued.secret not in known[1]
        info = answered(known, wire.SecretInfo)
        assert info.fingerprint == issued.secret[-4:]
        assert (info.created_ts, info.validity_ts) == (issued.created_ts, None)

    @pytest.mark.parametrize("validity", [2e9, 2000000000.1234, 0, 1.5, 253402300799])
    def test_is_valid_as_long_as_the_pin_said(
        self, account: Account, client: TTRESTService, user: str, validity: float
    ) -> None:
        pin = pin_for(account, user, validity_ts=validity)
        issued = answered(client.create_user_secret(account.account, pin), wire.IssuedSecret)
        assert issued.validity_ts == round(validity, 3)
        assert answered(client.get_user_secret(user), wire.SecretInfo).validity_ts == round(
            validity, 3
        )
        expected = 200 if validity > time.time() else 401
        assert account.using(issued.secret).client().who_am_i()[0] == expected

    def test_a_new_one_ends_the_old_one_at_once(self, account: Account) -> None:
        ada = account.member()
        assert ada.client().who_am_i()[0] == 200
        pin = pin_for(account, ada.user)
        assert ada.client().who_am_i()[0] == 200
        issued = body(account.client().create_user_secret(account.account, pin))
        assert error(ada.client().who_am_i()) == (401, "401000")
        assert ada.using(issued["secret"]).client().who_am_i()[0] == 200

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_a_bad_body_makes_no_pin_and_keeps_the_waiting_one(
        self, account: Account, user: str, sent: bytes, subcode: str, says: str
    ) -> None:
        pin = pin_for(account, user)
        answer = account.request("POST", f"/users/{user}/secrets", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        issued = body(account.client().create_user_secret(account.account, pin))
        assert issued["validity_ts"] is None


class TestUpdate:
    def test_sets_and_removes_the_end(self, account: Account) -> None:
        ada, client = account.member(), account.client()
        before = body(client.get_user_secret(ada.user))
        soon = time.time() + 3600
        for validity, expected in ((soon, 200), (time.time() - 1, 401), (0, 401), (None, 200)):
            answer = client.update_user_secret(ada.user, body={"validity_ts": validity})
            assert answer[0] == 201
            after = body(answer)
            assert answered(answer, wire.SecretInfo).validity_ts == (
                None if validity is None else pytest.approx(validity, abs=0.001)
            )
            assert body(client.get_user_secret(ada.user)) == after
            assert after["updated_ts"] >= before["updated_ts"]
            stays = {"account", "user", "created_ts", "fingerprint"}
            assert {key: after[key] for key in stays} == {key: before[key] for key in stays}
            assert ada.client().who_am_i()[0] == expected

    def test_absent_changes_nothing(self, account: Account) -> None:
        client = account.client()
        body(client.update_user_secret(account.user, body={"validity_ts": 2e9}))
        before = body(client.get_user_secret(account.user))
        answer = client.update_user_secret(account.user)
        assert (answer[0], body(answer)) == (201, before)
        assert body(client.get_user_secret(account.user)) == before

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_BODIES)
    def test_refuses_a_bad_body_and_stores_nothing(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        path = f"/users/{account.user}/secrets"
        before = account.request("GET", path).json()
        answer = account.request("PATCH", path, data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert account.request("GET", path).json() == before


class TestDelete:
    def test_answers_it_and_ends_it_with_its_tokens(self, account: Account) -> None:
        ada, client = account.member(), account.client()
        token = ada.token(options=["create", "refresh"])
        before = body(client.get_user_secret(ada.user))
        answer = client.delete_user_secret(ada.user)
        assert (answer[0], body(answer)) == (200, before)
        answered(answer, wire.SecretInfo)
        for caller in (ada, token):
            assert error(caller.client().who_am_i()) == (401, "401000")
        assert error(client.get_user_secret(ada.user)) == (404, "404653")
        assert body(client.get_user(ada.user))["uuid"] == ada.user
        assert ada.renewed(account).client().who_am_i()[0] == 200
        assert error(token.client().who_am_i()) == (401, "401000")


OPERATIONS = [
    "get_user_secret",
    "create_user_secret_pin",
    "update_user_secret",
    "delete_user_secret",
]


@pytest.mark.parametrize("operation", OPERATIONS)
class TestAddress:
    def test_unknown_is_404(self, client: TTRESTService, operation: str) -> None:
        assert error(getattr(client, operation)(UNKNOWN)) == (404, "404653")

    def test_foreign_is_404_and_untouched(
        self, client: TTRESTService, server: Server, operation: str
    ) -> None:
        other = server.account()
        before = body(other.client().get_user_secret(other.user))
        answer = getattr(client, operation)(other.user, body={"validity_ts": 1})
        assert error(answer) == (404, "404653")
        assert body(other.client().get_user_secret(other.user)) == before

    @pytest.mark.parametrize("uuid", BAD_UUIDS)
    def test_malformed_is_400(self, client: TTRESTService, operation: str, uuid: str) -> None:
        assert error(getattr(client, operation)(uuid)) == (400, "400592")


@pytest.mark.parametrize(
    "operation", ["get_user_secret", "update_user_secret", "delete_user_secret"]
)
def test_a_user_without_a_secret_is_404(client: TTRESTService, user: str, operation: str) -> None:
    assert error(getattr(client, operation)(user)) == (404, "404653")


class TestEscalation:
    """A PIN is a way to become its user, so nobody makes one for a user who may do more."""

    @pytest.mark.parametrize(
        ("statement", "rule"),
        [({"effect": "deny", "actions": ["terminate_twin"]}, None), (None, "TWIN.a == 1")],
    )
    def test_a_pin_for_a_wider_user_is_403_and_keeps_the_waiting_one(
        self, account: Account, statement: Any, rule: str | None
    ) -> None:
        ada = account.member(statement, twin_rule=rule)
        wider = account.member().user
        pin = pin_for(account, wider)
        for user in (wider, account.user):
            assert error(ada.client().create_user_secret_pin(user)) == (403, "403535")
        assert account.client().create_user_secret(account.account, pin)[0] == 201

    def test_a_pin_for_a_user_as_wide_or_narrower_passes(self, account: Account) -> None:
        ada = account.member(twin_rule="TWIN.a == 1")
        for role in (ada.role, account.new_role(NOTHING, twin_rule="TWIN.a == 1")):
            user = body(ada.client().create_user(body={"role": role}))["uuid"]
            assert ada.client().create_user_secret_pin(user)[0] == 201


class TestTime:
    """What a clock decides, asked of a real store with the hour as an argument."""

    @pytest.fixture
    def run(self, engine: str, new_database: Callable[[], str], tmp_path: Path) -> Run:
        database = None if engine == "sqlite" else new_database()
        return lambda check: in_registry(tmp_path, database, check)

    def test_a_pin_lives_ten_minutes(self, run: Run) -> None:
        async def check(registry: Registry) -> None:
            store, now = registry.store, time.time_ns() // 1000
            made = await store.write(accounts.create, "Test", accounts.draft(), now, operator=False)
            actor = await registry.authenticator.principal(made.secret, now)
            pin = registry.pin_digest(made.account, "ABCDEF")
            for later, works in ((10 * MINUTE, False), (10 * MINUTE - 1, True)):
                await store.write(user_secrets.create_pin, Call(actor, now), made.user, pin, None)
                issued = await store.write(
                    user_secrets.exchange,
                    made.account,
                    pin,
                    user_secrets.new_secret(),
                    now + later,
                )
                assert (issued is not None) == works

        run(check)

    def test_a_credential_is_void_from_its_end_on(self, run: Run) -> None:
        async def check(registry: Registry) -> None:
            store, now = registry.store, time.time_ns() // 1000
            made = await store.write(accounts.create, "Test", accounts.draft(), now, operator=False)
            principal = registry.authenticator.principal
            actor = await principal(made.secret, now)
            assert (await principal(made.secret, now + 10**18)).user == made.user
            end = now + MINUTE
            await store.write(user_secrets.update, Call(actor, now), made.user, end)
            await registry.authenticator.renew()
            assert (await principal(made.secret, end - 1)).validity == end
            for late in (end, end + 1, end + 10**15):
                with pytest.raises(UnauthenticatedError, match="expired"):
                    await principal(made.secret, late)

        run(check)
