"""Stickers with the vendor's client: put, list, read and remove; recipients alone see them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
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
    uuid_of,
)

from twinhold.api.trusted_twin.wire import stickers as wire

YEAR = 365 * 24 * 3600
PAST = 1_608_591_123.123


@pytest.fixture
def twin(account: Account) -> str:
    return uuid_of(create(account.client()))


@pytest.fixture
def guest(server: Server) -> Account:
    """A user of another account whose role reaches every twin."""
    return server.account().member(twin_rule="true")


def put(caller: Account, twin: str, color: str, *recipients: str, **members: Any) -> Any:
    sent = {"stickers": {color: {"recipients": recipients} | members}}
    answer = caller.client().put_sticker(twin, body=sent)
    assert answer[0] == 201, answer
    answered(answer, wire.StickersPut)
    return body(answer)["stickers"][color]


def colors(caller: Account, twin: str, **params: Any) -> dict[str, list[str]]:
    """The colors that a caller sees on a twin, by accounts."""
    answer = caller.client().get_stickers(twin, params=params)
    found = answered(answer, wire.StickersOfTwin).accounts
    return {account: list(by_color) for account, by_color in found.items()}


def listed(caller: Account, **params: Any) -> list[str]:
    """The colors in the list of a caller."""
    answer = caller.client().list_stickers(params=params)
    return [one.color for one in answered(answer, wire.StickerList).stickers]


class TestPut:
    def test_answers_each_sticker_whole(self, account: Account, twin: str) -> None:
        publish = {"on_put": ["new-topic"], "on_remove": "removed-topic"}
        sent: dict[str, Any] = {
            "red": {
                "note": "Ä\0\u2028\"'😀",
                "recipients": [account.user.upper(), account.role, account.user],
                "validity_ts": round(time.time()) + 60.5,
                "publish": publish,
            },
            "dark-grey": {"recipients": [UNKNOWN]},
        }
        answer = account.client().put_sticker(twin, body={"stickers": sent})
        made = body(answer)["stickers"]
        assert list(made) == ["red", "dark-grey"]
        red, grey = made["red"], made["dark-grey"]
        assert (red["note"], red["publish"]) == (sent["red"]["note"], publish)
        assert red["recipients"] == [account.user, account.role]
        assert red["validity_ts"] == sent["red"]["validity_ts"]
        assert abs(red["created_ts"] - time.time()) < 60
        assert (grey["note"], grey["publish"]) == (None, None)
        assert grey["validity_ts"] == pytest.approx(grey["created_ts"] + YEAR)
        for color, sticker in made.items():
            assert body(account.client().get_sticker(twin, color)) == sticker

    def test_a_color_that_is_there_refuses_all(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        put(account, twin, "red", account.account)
        sent: Any = {color: {"recipients": [account.account]} for color in ("blue", "red")}
        answer = account.client().put_sticker(twin, body={"stickers": sent})
        assert error(answer) == (400, "400358")
        assert "red" in reason(answer)
        assert colors(account, twin) == {account.account: ["red"]}
        put(guest, twin, "red", guest.account)
        put(account, uuid_of(create(account.client())), "red", account.account)

    def test_an_expired_one_makes_room(self, account: Account, twin: str) -> None:
        for note in ("first", "second"):
            made = put(account, twin, "red", account.account, note=note, validity_ts=PAST)
            assert made["note"] == note
            assert colors(account, twin) == {}
            assert listed(account) == []
            client = account.client()
            assert error(client.get_sticker(twin, "red")) == (404, "404653")
            assert error(client.remove_sticker(twin, "red")) == (404, "404653")
        put(account, twin, "red", account.user, note="third")
        assert colors(account, twin) == {account.account: ["red"]}

    def test_on_terminated_twins_by_owner_and_guest(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        body(account.client().terminate_twin(twin))
        for caller in (account, guest):
            put(caller, twin, "red", caller.user)
            assert colors(caller, twin) == {caller.account: ["red"]}
            assert listed(caller) == ["red"]
            assert body(caller.client().get_sticker(twin, "red"))
            assert body(caller.client().remove_sticker(twin, "red"))

    @pytest.mark.parametrize(
        ("sent", "subcode", "says"),
        [
            (None, "400592", "stickers"),
            ({"stickers": []}, "400592", "/stickers"),
            ({"stickers": {"red": {}}}, "400592", "/stickers/red"),
            ({"stickers": {"red": {"recipients": []}}}, "400592", "/stickers"),
            ({"stickers": {"red": {"recipients": [UNKNOWN] * 101}}}, "400592", "/stickers"),
            ({"stickers": {"red": {"recipients": ["x"]}}}, "400592", "/stickers/red/recipients/0"),
            ({"stickers": {"re": {"recipients": [UNKNOWN]}}}, "400592", "/stickers/re"),
            ({"stickers": {"r_d": {"recipients": [UNKNOWN]}}}, "400592", "/stickers/r_d"),
            ({"stickers": {"r" * 49: {"recipients": [UNKNOWN]}}}, "400592", "must match"),
            (
                {"stickers": {"red": {"recipients": [UNKNOWN], "note": "x" * 513}}},
                "400592",
                "512",
            ),
            (
                {"stickers": {"red": {"recipients": [UNKNOWN], "validity_ts": 9e9}}},
                "400592",
                "/stickers/red/validity_ts",
            ),
            (
                {"stickers": {"red": {"recipients": [UNKNOWN], "validity_ts": -1}}},
                "400592",
                "/stickers/red/validity_ts",
            ),
            (
                {"stickers": {"red": {"recipients": [UNKNOWN], "publish": {"on_put": "a b c"}}}},
                "400592",
                "/stickers/red/publish/on_put",
            ),
            ({"stickers": {"red": {"note": "x" * 65536}}}, "400141", "65536"),
        ],
    )
    def test_refuses_a_bad_body_and_keeps_nothing(
        self, account: Account, twin: str, *, sent: Any, subcode: str, says: str
    ) -> None:
        if sent and isinstance(sent["stickers"], dict):
            sent = {"stickers": {"blue": {"recipients": [account.account]}} | sent["stickers"]}
        answer = account.client().put_sticker(twin, body=sent)
        assert error(answer) == (400, subcode)
        assert says in reason(answer)
        assert colors(account, twin) == {}

    def test_takes_all_that_its_limits_allow(self, account: Account, twin: str) -> None:
        recipients = [account.account] + [UNKNOWN[:-2] + f"{n:02}" for n in range(99)]
        validity = round(time.time()) + YEAR - 60
        members = {"note": "😀" * 512, "validity_ts": validity}
        made = put(account, twin, "r" * 48, *recipients, **members)
        assert (made["recipients"], made["validity_ts"]) == (recipients, validity)


class TestReach:
    def test_only_who_sees_the_twin(self, server: Server, account: Account, twin: str) -> None:
        stranger, blind = server.account(), account.member(twin_rule="false")
        put(account, twin, "red", stranger.account, account.account)
        for caller in (stranger, blind):
            client = caller.client()
            for answer in (
                client.put_sticker(twin, body={"stickers": {"sky": {"recipients": [UNKNOWN]}}}),
                client.get_stickers(twin),
                client.get_sticker(twin, "red"),
                client.remove_sticker(twin, "red", params={"context": "system"}),
            ):
                assert error(answer) == (403, "403535")
            assert listed(caller, context="system") == []
        assert listed(account, context="system") == ["red"]

    def test_of_an_unknown_twin(self, account: Account) -> None:
        client = account.client()
        for answer in (
            client.put_sticker(UNKNOWN, body={"stickers": {"red": {"recipients": [UNKNOWN]}}}),
            client.get_stickers(UNKNOWN),
            client.get_sticker(UNKNOWN, "red"),
            client.remove_sticker(UNKNOWN, "red"),
        ):
            assert error(answer) == (404, "404653")

    @pytest.mark.parametrize("named", ["user", "role", "account"])
    def test_recipients_are_users_roles_and_accounts(
        self, server: Server, account: Account, twin: str, named: str
    ) -> None:
        home = server.account()
        caller = home.member(twin_rule="true")
        other = home.member(twin_rule="true")
        put(account, twin, "red", getattr(caller, named))
        assert colors(caller, twin) == {account.account: ["red"]}
        assert listed(caller, context=account.account) == ["red"]
        reaches_all = named == "account"
        assert colors(other, twin) == ({account.account: ["red"]} if reaches_all else {})
        assert listed(other, context="system") == (["red"] if reaches_all else [])
        assert colors(account, twin) == {}

    def test_who_puts_one_is_no_recipient(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        put(account, twin, "red", guest.account)
        assert error(account.client().remove_sticker(twin, "red")) == (404, "404653")
        assert "Sticker not found" in reason(account.client().remove_sticker(twin, "red"))
        assert body(account.client().get_sticker(twin, "red"))["recipients"] == [guest.account]
        assert error(guest.client().get_sticker(twin, "red")) == (404, "404653")


class TestRemove:
    def test_answers_what_it_was(self, account: Account, guest: Account, twin: str) -> None:
        made = put(account, twin, "red", guest.user, note="do it")
        assert error(guest.client().remove_sticker(twin, "red")) == (404, "404653")
        answer = guest.client().remove_sticker(twin, "red", params={"context": account.account})
        assert answered(answer, wire.StickerRemoved)
        assert body(answer) == {
            "account": account.account,
            **{name: made[name] for name in ("note", "validity_ts", "created_ts")},
        }
        assert colors(guest, twin) == {}
        assert listed(guest, context="system") == []
        assert error(account.client().get_sticker(twin, "red")) == (404, "404653")

    def test_of_several_takes_the_oldest(self, account: Account, guest: Account, twin: str) -> None:
        put(account, twin, "red", guest.account)
        put(guest, twin, "red", guest.account)
        for of in (account, guest):
            answer = guest.client().remove_sticker(twin, "red", params={"context": "system"})
            assert body(answer)["account"] == of.account

    def test_succeeds_for_one_of_many(
        self, account: Account, twin: str, threads: ThreadPoolExecutor
    ) -> None:
        put(account, twin, "red", account.account)

        def remove(path: str) -> int:
            return account.request("DELETE", path).status_code

        path = f"/twins/{twin}/stickers/red"
        statuses = list(threads.map(remove, repeat(path, 8)))
        assert sorted(statuses) == [200] + [404] * 7


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


class TestList:
    def test_members_and_order(self, account: Account, guest: Account, twin: str) -> None:
        made = [
            (caller, put(caller, twin, color, guest.account, note=color))
            for color in ("red", "blue", "green")
            for caller in (account, guest)
        ]
        answer = body(guest.client().list_stickers(params={"context": "system"}))["stickers"]
        assert answer == [
            {"account": caller.account, "twin": twin, "color": sticker["note"]}
            | {name: sticker[name] for name in ("note", "validity_ts", "created_ts")}
            for caller, sticker in reversed(made)
        ]
        assert listed(guest) == ["green", "blue", "red"]
        assert listed(guest, color="blue", context="system") == ["blue", "blue"]
        for number in (1, 3):
            at = made[number][1]["created_ts"]
            times = [sticker["created_ts"] for _, sticker in made]
            for name, kept in (
                ("ge", [made_at >= at for made_at in times]),
                ("le", [made_at <= at for made_at in times]),
            ):
                expected = [
                    one["note"] for (_, one), is_in in zip(made, kept, strict=True) if is_in
                ]
                got = listed(guest, context="system", **{name: at})
                assert sorted(got) == sorted(expected)

    def test_stickers_put_at_once_come_in_a_steady_order(self, account: Account, twin: str) -> None:
        names = [f"c{number:03}" for number in range(230)]
        sent = {name: {"recipients": [account.user, account.account]} for name in names}
        body(account.client().put_sticker(twin, body={"stickers": sent}))
        expected = names[::-1]
        assert listed(account) == expected[:100]
        pages = [listed(account, offset=offset, limit=100) for offset in (0, 100, 200, 300)]
        assert [color for page in pages for color in page] == expected
        assert listed(account, limit=1, offset=229) == ["c000"]
        assert colors(account, twin) == {account.account: names}

    def test_a_hidden_twin_is_passed_over(self, account: Account) -> None:
        twins = [uuid_of(create(account.client(), description={"n": n})) for n in range(12)]
        for number, twin in enumerate(twins):
            put(account, twin, f"c-{number}", account.account)
        caller = account.member(twin_rule="TWIN.n > 3")
        assert listed(caller, offset=2, limit=4) == ["c-9", "c-8", "c-7", "c-6"]

    @pytest.mark.parametrize("le", ["4000000000", "4e9", "4.0E+09", "2.5e-310"])
    def test_takes_a_number_in_any_form(self, account: Account, le: str) -> None:
        assert body(account.client().list_stickers(params={"le": le})) == {"stickers": []}

    @pytest.mark.parametrize(
        "params",
        [
            {"limit": 0},
            {"limit": 101},
            {"offset": -1},
            {"offset": "x"},
            {"color": "a_b"},
            {"context": "x"},
            {"ge": "x"},
            {"le": "nan"},
            {"ge": -1},
            {"le": "1e999"},
            {"le": "1_0"},
        ],
    )
    def test_refuses_bad_parameters(self, account: Account, params: Any) -> None:
        assert error(account.client().list_stickers(params=params)) == (400, "400592")


class TestTransfer:
    def test_leaves_stickers_where_they_are(
        self, account: Account, guest: Account, server: Server, twin: str
    ) -> None:
        put(account, twin, "red", guest.account)
        recipient = server.account()
        offered = account.request(
            "POST", f"/twins/{twin}/transfers", json={"recipient": recipient.account}
        ).json()
        recipient.request("POST", f"/transfers/{offered['transfer']}")
        assert colors(guest, twin) == {account.account: ["red"]}
        assert colors(recipient, twin) == {}


class Cast(NamedTuple):
    """Users of three accounts who see all twins."""

    users: list[Account]


@pytest.fixture(scope="module")
def cast(server: Server) -> Cast:
    homes = [server.account(), server.account()]
    return Cast([home.member(twin_rule="true") for home in (homes[0], homes[0], homes[1])])


NAMES: list[Callable[[Account], str]] = [
    lambda one: one.user,
    lambda one: one.role,
    lambda one: one.account,
]
stickers = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["red", "blue"]),
        st.sets(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(put_on=stickers, whose=st.sets(st.integers(0, 2), min_size=1), everybody=st.booleans())
def test_recipients_see_what_is_theirs(
    cast: Cast,
    put_on: list[tuple[int, str, set[tuple[int, int]], bool]],
    whose: set[int],
    *,
    everybody: bool,
) -> None:
    twin, known = uuid_of(create(cast.users[0].client())), {}
    for by, color, recipients, expired in put_on:
        names = {NAMES[kind](cast.users[number]) for number, kind in recipients}
        account = cast.users[by].account
        if (account, color) in known:
            continue
        members = {"validity_ts": PAST} if expired else {}
        put(cast.users[by], twin, color, *names, **members)
        if not expired:
            known[account, color] = names
    accounts = {user.account for user in cast.users}
    if not everybody:
        accounts = {cast.users[number].account for number in whose}
    context = "system" if everybody else sorted(accounts)
    for user in cast.users:
        own = {user.user, user.role, user.account}
        expected: dict[str, list[str]] = {}
        for (account, color), names in sorted(known.items()):
            if names & own and account in accounts:
                expected.setdefault(account, []).append(color)
        assert colors(user, twin, context=context) == expected
        found = body(user.client().list_stickers(params={"context": context, "limit": 100}))
        here = [one for one in found["stickers"] if one["twin"] == twin]
        assert sorted((one["account"], one["color"]) for one in here) == sorted(
            (account, color) for account, of in expected.items() for color in of
        )
