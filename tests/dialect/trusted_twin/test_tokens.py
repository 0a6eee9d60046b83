"""The token operations and the keys that sign tokens, through the vendor's own client."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from tests.harness import (
    NOTHING,
    Account,
    Server,
    answered,
    body,
    create,
    dictionary,
    error,
    in_registry,
    reason,
    refusal,
    serving,
    uuid_of,
)

from twinhold.api.trusted_twin.wire import tokens as wire
from twinhold.registry import Registry, accounts, tokens, user_secrets
from twinhold.registry.errors import UnauthenticatedError
from twinhold.registry.principal import Call

SECOND = 1_000_000
KEY = "another key, as long as ours: 32 bytes"

BAD_VALIDITIES = [
    (b'{"validity_ts": "tomorrow"}', "400592", "/validity_ts"),
    (b'{"validity_ts": true}', "400592", "/validity_ts"),
    (b'{"validity_ts": -1}', "400592", "/validity_ts"),
    (b'{"validity_ts": 253402300800}', "400592", "/validity_ts"),
    (b'{"validity_ts": 1e999}', "400592", "/validity_ts"),
    (b'{"validity_ts": ' + b"9" * 5000 + b"}", "400592", "/validity_ts"),
    (b"[]", "400592", "object"),
    (b"{", "400415", "JSON"),
    (b'{"validity_ts": "\xff"}', "400314", "UTF-8"),
    (b'{"validity_ts": ' + b"[" * 70 + b"]" * 70 + b"}", "400592", "64 levels"),
    (b'{"validity_ts": "' + b"x" * 65536 + b'"}', "400141", "65536"),
]

BAD_TOKENS = [
    *BAD_VALIDITIES,
    (b'{"options": "create"}', "400592", "/options"),
    (b'{"options": ["fly"]}', "400592", "/options/0"),
    (b'{"options": ["create", "Refresh"]}', "400592", "/options/1"),
    (b'{"options": [1]}', "400592", "/options/0"),
    (b'{"options": {"create": true}}', "400592", "/options"),
    (b'{"secret_dict": []}', "400592", "/secret_dict"),
    (b'{"secret_dict": "text"}', "400592", "/secret_dict"),
    (b'{"secret_dict": {"Upper": 1}}', "400592", "/secret_dict/Upper"),
    (b'{"secret_dict": {"a-b": 1}}', "400592", "/secret_dict/a-b"),
    (b'{"secret_dict": {"a": 1, "a": 2}}', "400415", "twice"),
    (b'{"secret_dict": {"a": "\\ud800"}}', "400415", "surrogate"),
]


def sees(caller: Account, twin: str, said: Any = None) -> bool:
    """Whether the caller may get a twin, with a dictionary in the header."""
    headers = {} if said is None else dictionary(said)
    status = caller.request("GET", f"/twins/{twin}", headers=headers).status_code
    assert status in {200, 403}
    return status == 200


def header_of(token: Account) -> Any:
    return jwt.get_unverified_header(token.secret)


class TestCreate:
    def test_answers_a_jwt_that_is_the_user(self, account: Account) -> None:
        ada = account.member()
        answer = ada.client().create_user_token()
        assert answer[0] == 201
        made = answered(answer, wire.Token)
        assert (made.options, made.validity_ts) == ([], None)
        token = ada.using(made.token)
        assert header_of(token)["alg"] == "HS256"
        assert body(token.client().who_am_i()) == body(ada.client().who_am_i())
        bearer = token.using(f"Bearer {made.token}")
        assert body(bearer.client().who_am_i())["user"] == ada.user
        assert ada.secret not in answer[1]

    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            (None, []),
            ([], []),
            (["create"], ["create"]),
            (["refresh", "create"], ["create", "refresh"]),
            (["create", "create"], ["create"]),
        ],
    )
    def test_has_the_options_asked_for(self, account: Account, asked: Any, given: Any) -> None:
        made = body(account.client().create_user_token(body={"options": asked, "validity_ts": 2e9}))
        assert (made["options"], made["validity_ts"]) == (given, 2e9)
        client = account.using(made["token"]).client()
        statuses = (client.create_user_token()[0], client.refresh_user_token(body={})[0])
        assert statuses == tuple(201 if name in given else 403 for name in ("create", "refresh"))

    def test_of_a_secret_needs_the_permission_and_of_a_token_the_option(
        self, account: Account
    ) -> None:
        ada = account.member()
        token = ada.token(options=["create", "refresh"])
        body(account.client().update_user_role(ada.role, body={"statement": NOTHING}))
        assert error(ada.client().create_user_token()) == (403, "403535")
        assert token.client().create_user_token()[0] == 201
        assert token.client().refresh_user_token(body={})[0] == 201

    def test_inherits_the_permissions_of_its_user(self, account: Account) -> None:
        statement = {"effect": "deny", "actions": ["get_users"]}
        ada = account.member(statement, twin_rule="TWIN.a == 1")
        token = ada.token()
        assert error(token.client().get_users()) == (403, "403535")
        twins = [uuid_of(create(account.client(), description={"a": n})) for n in (1, 2)]
        assert [sees(token, twin) for twin in twins] == [True, False]

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_TOKENS)
    def test_refuses_a_bad_body(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        answer = account.request("POST", "/token", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]

    @pytest.mark.parametrize("size", [1000, 8000, 20_000, 60_000])
    def test_is_usable_or_refused(self, account: Account, size: int) -> None:
        answer = account.client().create_user_token(body={"secret_dict": {"a": "x" * size}})
        if answer[0] == 201:
            token = account.using(body(answer)["token"])
            assert token.client().who_am_i()[0] == 200
        else:
            assert error(answer) == (400, "400141")
            assert size > 8000


class TestDictionary:
    @pytest.fixture
    def twin(self, account: Account) -> str:
        return uuid_of(create(account.client(), description={"key": "right", "more": 7}))

    def test_is_read_by_a_match(self, account: Account, twin: str) -> None:
        other = uuid_of(create(account.client(), description={"key": "wrong"}))
        token = account.token(secret_dict={"key": "right"})
        params = {"match": "DICT.key == TWIN.key"}
        for said, expected in ((None, [twin]), ({"key": "wrong"}, [twin]), ({"more": 1}, [twin])):
            page = token.client().scan_twins(params=params, dictionary=said)
            assert body(page)["twins"] == expected
        page = account.client().scan_twins(params=params, dictionary={"key": "wrong"})
        assert body(page)["twins"] == [other]

    def test_wins_over_the_header_key_by_key_in_a_rule(self, account: Account, twin: str) -> None:
        ada = account.member(twin_rule="DICT.key == TWIN.key and DICT.more == TWIN.more")
        both, right = {"key": "right", "more": 7}, {"key": "right"}
        assert sees(ada, twin, both)
        assert not sees(ada, twin, right)
        assert not sees(ada, twin)
        assert sees(ada.token(secret_dict=both), twin)
        assert sees(ada.token(secret_dict=both), twin, {"key": "wrong", "more": None})
        assert sees(ada.token(secret_dict=right), twin, {"more": 7})
        assert not sees(ada.token(secret_dict=right), twin, {"more": 8})
        assert not sees(ada.token(secret_dict={"key": "wrong"}), twin, both)
        assert not sees(ada.token(secret_dict={"key": None}), twin, both)
        assert sees(ada.token(), twin, both)
        assert sees(ada.token(secret_dict={}), twin, both)

    def test_stays_with_what_the_token_makes(self, account: Account, twin: str) -> None:
        ada = account.member(twin_rule="DICT.key == TWIN.key")
        token = ada.token(secret_dict={"key": "wrong"}, options=["create", "refresh"])
        child = token.token(secret_dict={"key": "right"}, options=["create"])
        grandchild = child.token(secret_dict={"key": "right"})
        copy = token.using(body(token.client().refresh_user_token(body={}))["token"])
        for caller in (token, child, grandchild, copy):
            assert not sees(caller, twin, {"key": "right"})
        right = ada.token(secret_dict={"key": "right"}, options=["create"])
        assert sees(right.token(secret_dict={"other": 1}), twin)

    def test_holds_any_json_value(self, account: Account) -> None:
        value = {"list": [1, 2.5, None, True], "text": "泵 🚰", "deep": {"Any Key": [[]]}}
        twin = uuid_of(create(account.client(), description=value))
        ada = account.member(
            twin_rule="DICT.list == TWIN.list and DICT.text == TWIN.text"
            " and DICT.deep['Any Key'] == TWIN.deep['Any Key']"
        )
        assert sees(ada.token(secret_dict=value), twin)
        assert not sees(ada.token(secret_dict=value | {"text": "?"}), twin)


class TestDescent:
    def test_a_token_makes_one_with_at_most_its_options(self, account: Account) -> None:
        token = account.token(options=["create"])
        for options in (["refresh"], ["create", "refresh"]):
            answer = token.client().create_user_token(body={"options": options})
            assert error(answer) == (403, "403535")
        assert body(token.client().create_user_token(body={"options": ["create"]}))["token"]

    @pytest.mark.parametrize("asked", [None, 2.1e9, 1.9e9])
    def test_one_that_may_not_be_refreshed_bounds_what_it_makes(
        self, account: Account, asked: float | None
    ) -> None:
        bounded = account.token(options=["create"], validity_ts=2e9)
        made = body(bounded.client().create_user_token(body={"validity_ts": asked}))
        assert made["validity_ts"] == min(asked or 2e9, 2e9)
        free = account.token(options=["create", "refresh"], validity_ts=2e9)
        made = body(free.client().create_user_token(body={"validity_ts": asked}))
        assert made["validity_ts"] == asked

    def test_ends_with_the_secret_behind_it(self, account: Account) -> None:
        ada = account.member()
        token = ada.token(options=["create", "refresh"], validity_ts=2e9)
        family = [token, token.token(options=["create"]), token.token().using(refreshed(token))]
        renewed = ada.renewed(account)
        for caller in family:
            for operation in ("who_am_i", "create_user_token"):
                assert error(getattr(caller.client(), operation)()) == (401, "401000")
            assert error(caller.client().refresh_user_token(body={})) == (401, "401000")
        assert renewed.token().client().who_am_i()[0] == 200

    def test_never_outlives_the_secret_behind_it(self, account: Account) -> None:
        ada, client = account.member(), account.client()
        token = ada.token(options=["create", "refresh"])
        child = token.token(validity_ts=2e9).using(refreshed(token, 2e9))
        for validity, expected in ((time.time() - 1, 401), (time.time() + 3600, 200)):
            body(client.update_user_secret(ada.user, body={"validity_ts": validity}))
            for caller in (ada, token, child):
                assert caller.client().who_am_i()[0] == expected

    def test_ends_with_its_user(self, account: Account) -> None:
        ada = account.member()
        token = ada.token(options=["refresh"])
        body(account.client().delete_user(ada.user))
        assert error(token.client().refresh_user_token(body={})) == (401, "401000")


def refreshed(token: Account, validity: float | None = None) -> str:
    answer = token.client().refresh_user_token(body={"validity_ts": validity})
    made = answered(answer, wire.RefreshedToken)
    assert (answer[0], made.validity_ts) == (201, validity)
    return made.token


class TestRefresh:
    def test_copies_with_another_end_and_leaves_the_old_one(self, account: Account) -> None:
        twin = uuid_of(create(account.client(), description={"key": 1}))
        ada = account.member(twin_rule="DICT.key == TWIN.key")
        token = ada.token(options=["refresh"], secret_dict={"key": 1}, validity_ts=2e9)
        for validity in (2.1e9, None, 1.9e9):
            copy = token.using(refreshed(token, validity))
            assert sees(copy, twin)
            assert sees(token, twin)
            assert sees(copy.using(refreshed(copy)), twin)
            assert error(copy.client().create_user_token()) == (403, "403535")

    def test_needs_a_token_with_the_option(self, account: Account) -> None:
        for caller in (account, account.token(), account.token(options=["create"])):
            assert error(caller.client().refresh_user_token(body={})) == (403, "403535")

    @pytest.mark.parametrize(("sent", "subcode", "says"), BAD_VALIDITIES)
    def test_refuses_a_bad_body(
        self, account: Account, sent: bytes, subcode: str, says: str
    ) -> None:
        token = account.token(options=["refresh"])
        answer = token.request("POST", "/token/refresh", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]


class TestValidity:
    @pytest.mark.parametrize("validity", [0, 1, 1.7e9])
    def test_one_that_is_over_is_401(self, account: Account, validity: float) -> None:
        token = account.token(options=["create", "refresh"], validity_ts=validity)
        for operation in ("who_am_i", "create_user_token"):
            assert error(getattr(token.client(), operation)()) == (401, "401000")
        answer = token.client().refresh_user_token(body={})
        assert error(answer) == (401, "401000")
        assert "expired" in reason(answer)

    def test_ends_to_the_millisecond(
        self, engine: str, new_database: Callable[[], str], tmp_path: Path
    ) -> None:
        async def check(registry: Registry) -> None:
            store, now = registry.store, time.time_ns() // 1000
            made = await store.write(accounts.create, "Test", accounts.draft(), now, operator=False)
            principal = registry.authenticator.principal
            actor = await principal(made.secret, now)
            early, late = now + SECOND, now + 3 * SECOND
            sign = registry.authenticator.keyring.sign
            endings = {
                end: sign(tokens.create(actor, {}, frozenset(), end)) for end in (early, late, None)
            }
            for end, token in endings.items():
                assert (await principal(token, early - 1)).validity == end
            with pytest.raises(UnauthenticatedError, match="expired"):
                await principal(endings[early], early)
            between = now + 2 * SECOND
            await store.write(user_secrets.update, Call(actor, now), made.user, between)
            await registry.authenticator.renew()
            for end, token in endings.items():
                last = min(end or between, between)
                assert (await principal(token, last - 1)).validity == last
                with pytest.raises(UnauthenticatedError, match="expired"):
                    await principal(token, last)

        database = None if engine == "sqlite" else new_database()
        in_registry(tmp_path, database, check)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class TestForged:
    @pytest.fixture
    def token(self, account: Account) -> Account:
        return account.token(options=["create", "refresh"], secret_dict={"a": 1})

    def refused(self, token: Account, forged: str) -> None:
        for _ in range(2):
            answer = token.request("GET", "/whoami", headers={"Authorization": forged})
            assert refusal(answer) == (401, "401000")
        assert token.client().who_am_i()[0] == 200

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0])
    @pytest.mark.parametrize("signed", [True, False])
    def test_without_an_algorithm(self, token: Account, algorithm: Any, *, signed: bool) -> None:
        _, claims, signature = token.secret.split(".")
        header = encoded(header_of(token) | {"alg": algorithm})
        self.refused(token, f"{header}.{claims}.{signature if signed else ''}")

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    @pytest.mark.parametrize("key", [KEY, "", "token-000000", "secret"])
    @pytest.mark.filterwarnings("ignore:The HMAC key is")
    def test_with_another_key(self, token: Account, algorithm: str, key: str) -> None:
        key_of_user = token.user if key == "secret" else key
        claims = jwt.decode(token.secret, options={"verify_signature": False})
        header, said = encoded(header_of(token) | {"alg": algorithm}), encoded(claims)
        signer = jwt.get_algorithm_by_name(algorithm)
        signature = encoded(signer.sign(f"{header}.{said}".encode(), key_of_user.encode()))
        self.refused(token, f"{header}.{said}.{signature}")

    @pytest.mark.parametrize(
        "change",
        [
            {"options": ["create", "refresh"]},
            {"dictionary": {"a": 2}},
            {"validity": None},
            {"user": "00000000-0000-4000-8000-000000000000"},
            {"user": None},
            {"secret": ""},
            {"more": 1},
        ],
    )
    def test_with_other_claims(self, account: Account, change: Any) -> None:
        token = account.token(validity_ts=2e9)
        header, claims, signature = token.secret.split(".")
        said = jwt.decode(token.secret, options={"verify_signature": False})
        self.refused(token, f"{header}.{encoded(said | change)}.{signature}")
        self.refused(token, f"{header}.{claims}.{signature[::-1]}")

    @pytest.mark.parametrize(
        "change",
        [
            {"kid": "token-999999"},
            {"kid": "cursor"},
            {"kid": "pin"},
            {"kid": "../../etc/passwd"},
            {"kid": "' OR 1 = 1 --"},
            {"kid": ""},
            {"kid": None},
            {"kid": 0},
            {"kid": ["token-000000"]},
            {"kid": {"a": 1}},
            {"jku": "http://127.0.0.1/keys"},
            {"crit": ["exp"]},
            {"b64": False},
            {"zip": "DEF"},
        ],
    )
    def test_with_another_header(self, token: Account, change: Any) -> None:
        _, claims, signature = token.secret.split(".")
        header = encoded(header_of(token) | change)
        self.refused(token, f"{header}.{claims}.{signature}")
        signer = jwt.get_algorithm_by_name("HS256")
        forged = encoded(signer.sign(f"{header}.{claims}".encode(), KEY.encode()))
        self.refused(token, f"{header}.{claims}.{forged}")

    @pytest.mark.parametrize(
        "garbage",
        [
            "..",
            "a.b.c",
            "....",
            f"{encoded({'alg': 'HS256'})}.{encoded({})}.",
            f"{encoded([])}.{encoded({})}.{encoded(b'x')}",
            f"{encoded(None)}.{encoded({})}.{encoded(b'x')}",
            f"{encoded(b'[' * 10_000)}.a.b",
            f"{encoded(b'{' + b'9' * 5000)}.a.b",
            f"{encoded(bytes(range(128, 256)))}.a.b",
            "\xe9.\xe9.\xe9",
            "." * 9_000,
            "a" * 9_000 + ".b.c",
        ],
        ids=range(12),
    )
    def test_garbage(self, token: Account, garbage: str) -> None:
        self.refused(token, garbage)

    def test_cut_anywhere(self, token: Account) -> None:
        for at in range(0, len(token.secret), 16):
            self.refused(token, token.secret[:at])

    def test_of_another_registry(
        self, token: Account, tmp_path: Path, options: Callable[[], list[str]]
    ) -> None:
        with serving(tmp_path / "other", *options()) as other:
            foreign = other.account().token()
        assert header_of(foreign)["kid"] == "token-000000"
        self.refused(token, foreign.secret)


class TestKeys:
    def test_a_rotation_keeps_tokens_and_signs_with_a_new_key(
        self, account: Account, server: Server
    ) -> None:
        counts, made = [], [account.token(options=["create", "refresh"])]
        for _ in range(3):
            answer = server.operator.request("POST", "/keys/rotate")
            assert answer.status_code == 201
            assert set(answer.json()) == {"keys"}
            counts.append(answer.json()["keys"])
            made.append(account.token())
        assert counts == list(range(counts[0], counts[0] + 3))
        assert len({header_of(token)["kid"] for token in made}) == 4
        assert [token.client().who_am_i()[0] for token in made] == [200] * 4
        child = made[0].token()
        assert header_of(child)["kid"] == header_of(made[-1])["kid"]

    def test_tokens_and_rotations_outlive_the_process(
        self, tmp_path: Path, options: Callable[[], list[str]]
    ) -> None:
        store, data = options(), tmp_path / "data"
        made: list[str] = []
        for rotations in range(3):
            with serving(data, *store) as running:
                operator = running.operator
                former = [operator.using(token) for token in made]
                assert [token.client().who_am_i()[0] for token in former] == [200] * len(made)
                made.append(operator.token().secret)
                assert operator.request("POST", "/keys/rotate").json() == {"keys": rotations + 2}
                made.append(operator.token().secret)
        kids = [jwt.get_unverified_header(token)["kid"] for token in made]
        assert kids == [
            "token-000000",
            *(["token-000001"] * 2),
            *(["token-000002"] * 2),
            "token-000003",
        ]
