"""Identities with the vendor's client: attach, list, read, change and take off."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
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
    uuid_of,
)

from twinhold.api.trusted_twin.wire import identities as wire

RFID, NFC = "RFID#be744bdc-0f6d-4a00-8199-9f6a893c1bde", "NFC#1"
PAST, FUTURE = 1_608_591_123.123, 4_000_000_000.5


@pytest.fixture
def twin(account: Account) -> str:
    return uuid_of(create(account.client(), description={"company": "acme"}))


@pytest.fixture
def guest(server: Server) -> Account:
    """A user of another account whose role reaches every twin and identity."""
    return server.account().member(
        description={"profession": "accounting"}, twin_rule="true", identity_rule="true"
    )


def attach(caller: Account, twin: str, *names: str, **members: Any) -> Any:
    sent = {"identities": dict.fromkeys(names, members)}
    return body(caller.client().create_twin_identity(twin, body=sent))["identities"]


def names(caller: Account, twin: str, **params: Any) -> list[str]:
    answer = caller.client().get_twin_identities(twin, params=params)
    return list(answered(answer, wire.IdentityList).identities)


class TestCreate:
    def test_answers_each_identity_whole(self, account: Account, twin: str) -> None:
        sent: Any = {RFID: {"validity_ts": FUTURE, "visibility": "USER.a == 'b'"}, NFC: {}}
        answer = account.client().create_twin_identity(twin, body={"identities": sent})
        assert answer[0] == 201
        made = answered(answer, wire.IdentitiesCreated).identities
        assert list(made) == [RFID, NFC]
        assert (made[RFID].validity_ts, made[RFID].visibility) == (FUTURE, "USER.a == 'b'")
        assert (made[NFC].validity_ts, made[NFC].visibility) == (None, None)
        for name, one in made.items():
            certificate = one.creation_certificate
            assert (certificate.identity, certificate.creator) == (name, account.account)
            assert abs(certificate.created_ts - time.time()) < 60
            assert one.updated_ts == certificate.created_ts

    def test_refuses_rules_that_take_long_to_read(self, account: Account, twin: str) -> None:
        rules = (" or ".join(f"TWIN.a{n} == {m}" for m in range(50)) for n in range(50))
        sent: Any = {f"NFC#{n}": {"visibility": rule} for n, rule in enumerate(rules)}
        answer = account.client().create_twin_identity(twin, body={"identities": sent})
        assert error(answer) == (400, "400592")
        assert names(account, twin) == []

    def test_of_many_at_once_one_succeeds(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        def create_with(caller: Account) -> int:
            sent: Any = {"identities": {RFID: {}, NFC: {}}}
            path = f"/twins/{twin}/identities"
            return caller.request("POST", path, json=sent).status_code

        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(create_with, [account, guest] * 4))
        assert sorted(statuses) == [201] * 2 + [400] * 6
        assert names(account, twin) == names(guest, twin) == [NFC, RFID]

    def test_nothing_is_nothing(self, account: Account, twin: str) -> None:
        assert attach(account, twin) == {}

    def test_what_is_there_already_refuses_all(self, account: Account, twin: str) -> None:
        attach(account, twin, RFID, validity_ts=PAST)
        sent: Any = {"identities": {NFC: {}, RFID: {}}}
        answer = account.client().create_twin_identity(twin, body=sent)
        assert error(answer) == (400, "400358")
        assert RFID in reason(answer)
        assert names(account, twin, show_expired=True) == [RFID]

    def test_the_same_name_for_twins_and_accounts_alike(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        other = uuid_of(create(account.client()))
        for caller, on in [(account, twin), (account, other), (guest, twin), (guest, other)]:
            attach(caller, on, RFID)
            assert names(caller, on) == [RFID]

    def test_on_terminated_twins_by_owner_and_guest(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        body(account.client().terminate_twin(twin))
        for caller in (account, guest):
            attach(caller, twin, RFID)
            client = caller.client()
            change = {"validity_ts": FUTURE}
            assert body(client.update_twin_identity(twin, RFID, body=change))
            assert body(client.get_twin_identity(twin, RFID))["validity_ts"] == FUTURE
            assert names(caller, twin) == [RFID]
            assert body(client.resolve_twin_identity(RFID))["twins"] == [twin]
            assert body(client.delete_twin_identity(twin, RFID))["validity_ts"] == FUTURE

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "#",
            "A#",
            "#a",
            "1#a",
            "A#a b",
            "ABCDEFGHI#a",
            "A#" + "x" * 129,
            "A#a\n",
            "Ä#a",
            "A#ä",
        ],
    )
    def test_refuses_a_name_of_another_form(self, account: Account, twin: str, name: str) -> None:
        answer = account.client().create_twin_identity(twin, body={"identities": {name: {}}})
        assert error(answer) == (400, "400592")

    @pytest.mark.parametrize("name", ["_#a", "A1_#-", "ABCDEFGH#" + "x" * 128, "a#=+-_9Z"])
    def test_takes_every_name_of_the_form(self, account: Account, twin: str, name: str) -> None:
        attach(account, twin, name)
        assert body(account.client().get_twin_identity(twin, name))
        assert body(account.client().resolve_twin_identity(name))["twins"] == [twin]

    @pytest.mark.parametrize(
        ("sent", "subcode", "says"),
        [
            ({}, "400592", "identities"),
            ({"identities": None}, "400592", "/identities"),
            ({"identities": [RFID]}, "400592", "/identities"),
            ({"identities": {RFID: None}}, "400592", "/identities"),
            (
                {"identities": {RFID: {"validity_ts": "x"}}},
                "400592",
                f"/identities/{RFID}/validity_ts",
            ),
            ({"identities": {"A~/#1": {}}}, "400592", "/identities/A~0~1#1"),
            ({"identities": {NFC: {"validity_ts": -1}}}, "400592", "/identities/NFC#1/validity_ts"),
            ({"identities": {NFC: {"visibility": 1}}}, "400592", "/identities/NFC#1/visibility"),
            (
                {"identities": {NFC: {"visibility": "1 <"}}},
                "400589",
                "/identities/NFC#1/visibility",
            ),
            ({"identities": {NFC: {"visibility": "'" + "x" * 65536}}}, "400141", "65536"),
        ],
    )
    def test_refuses_a_bad_body_and_keeps_nothing(
        self, account: Account, twin: str, *, sent: Any, subcode: str, says: str
    ) -> None:
        answer = account.client().create_twin_identity(twin, body=sent)
        assert error(answer) == (400, subcode)
        assert says in reason(answer)
        assert names(account, twin) == []

    def test_of_many_rules_at_once(self, account: Account, twin: str) -> None:
        sent = {f"A#{n}": {"visibility": f"TWIN.n == {n}"} for n in range(700)}
        body(account.client().create_twin_identity(twin, body={"identities": sent}))
        assert len(names(account, twin)) == 700


class TestReach:
    def test_only_who_sees_the_twin(self, server: Server, account: Account, twin: str) -> None:
        attach(account, twin, RFID)
        stranger, blind = server.account(), account.member(twin_rule="false")
        for caller in (stranger, blind):
            client = caller.client()
            for answer in (
                client.create_twin_identity(twin, body={"identities": {NFC: {}}}),
                client.get_twin_identities(twin),
                client.get_twin_identity(twin, RFID),
                client.update_twin_identity(twin, RFID, body={"validity_ts": PAST}),
                client.delete_twin_identity(twin, RFID),
            ):
                assert error(answer) == (403, "403535")
        assert names(account, twin) == [RFID]

    def test_of_an_unknown_twin(self, account: Account) -> None:
        client = account.client()
        for answer in (
            client.create_twin_identity(UNKNOWN, body={"identities": {NFC: {}}}),
            client.get_twin_identities(UNKNOWN),
            client.get_twin_identity(UNKNOWN, RFID),
            client.update_twin_identity(UNKNOWN, RFID, body={"validity_ts": PAST}),
            client.delete_twin_identity(UNKNOWN, RFID),
        ):
            assert error(answer) == (404, "404653")

    def test_a_foreign_identity_is_not_there(
        self, account: Account, guest: Account, twin: str
    ) -> None:
        attach(account, twin, RFID, visibility="true")
        client = guest.client()
        for answer in (
            client.get_twin_identity(twin, RFID),
            client.update_twin_identity(twin, RFID, body={"validity_ts": PAST}),
            client.delete_twin_identity(twin, RFID),
        ):
            assert error(answer) == (404, "404653")
        assert names(account, twin) == [RFID]

    def test_the_identity_rule_of_the_role(self, account: Account, twin: str) -> None:
        attach(account, twin, RFID, NFC)
        rule = "identity =~ 'RFID#' and identity_creator == account and TWIN.company == 'acme'"
        caller = account.member(identity_rule=rule)
        client = caller.client()
        assert names(caller, twin) == [RFID]
        assert body(client.get_twin_identity(twin, RFID))
        for answer in (
            client.get_twin_identity(twin, NFC),
            client.update_twin_identity(twin, NFC, body={"validity_ts": PAST}),
            client.delete_twin_identity(twin, NFC),
            client.create_twin_identity(twin, body={"identities": {"RFID#2": {}, "NFC#2": {}}}),
        ):
            assert error(answer) == (403, "403535")
            assert "identity rule" in reason(answer)
        assert names(account, twin) == [NFC, RFID]

    def test_a_change_of_the_identity_rule_counts_at_once(
        self, account: Account, twin: str
    ) -> None:
        attach(account, twin, RFID)
        caller = account.member()
        for rule, seen in [("true", [RFID]), ("false", []), (None, [RFID])]:
            change = {"rules": {"identity_rule": rule}}
            body(account.client().update_user_role(caller.role, body=change))
            assert names(caller, twin) == seen


class TestUpdate:
    def test_changes_what_is_given(self, account: Account, twin: str) -> None:
        made = attach(account, twin, RFID, validity_ts=PAST, visibility="true")[RFID]
        client, now = account.client(), made
        for change in (
            {"validity_ts": FUTURE},
            {"visibility": "USER.profession == 'accounting'"},
            {"validity_ts": None},
            {"visibility": None},
        ):
            answer = client.update_twin_identity(twin, RFID, body=change)
            assert answer[0] == 201
            changed = body(answer)
            assert changed["updated_ts"] >= now["updated_ts"]
            now = now | change | {"updated_ts": changed["updated_ts"]}
            assert changed == now
            assert body(client.get_twin_identity(twin, RFID)) == now

    def test_without_a_change_nothing_changes(self, account: Account, twin: str) -> None:
        made = attach(account, twin, RFID, validity_ts=PAST)[RFID]
        assert body(account.client().update_twin_identity(twin, RFID, body={})) == made

    @pytest.mark.parametrize(
        ("change", "subcode"),
        [
            ({"validity_ts": 1e300}, "400592"),
            ({"validity_ts": True}, "400592"),
            ({"visibility": ""}, "400589"),
            ({"visibility": ["true"]}, "400592"),
        ],
    )
    def test_refuses_bad_values(
        self, account: Account, twin: str, change: Any, subcode: str
    ) -> None:
        made = attach(account, twin, RFID, visibility="true")[RFID]
        answer = account.client().update_twin_identity(twin, RFID, body=change)
        assert error(answer) == (400, subcode)
        assert body(account.client().get_twin_identity(twin, RFID)) == made

    def test_keeps_every_character_of_a_rule(self, account: Account, twin: str) -> None:
        visibility = "USER.a == 'ä\0\u2028\"\\\\😀'"
        attach(account, twin, RFID, visibility=visibility)
        assert body(account.client().get_twin_identity(twin, RFID))["visibility"] == visibility


class TestDelete:
    def test_answers_what_it_was(self, account: Account, twin: str) -> None:
        made = attach(account, twin, RFID, validity_ts=PAST)[RFID]
        assert body(account.client().delete_twin_identity(twin, RFID)) == made
        for answer in (
            account.client().get_twin_identity(twin, RFID),
            account.client().delete_twin_identity(twin, RFID),
        ):
            assert error(answer) == (404, "404653")
        assert attach(account, twin, RFID)

    def test_takes_no_other_away(self, account: Account, guest: Account, twin: str) -> None:
        other = uuid_of(create(account.client()))
        for caller, on in [(account, twin), (account, other), (guest, twin)]:
            attach(caller, on, RFID, NFC)
        body(account.client().delete_twin_identity(twin, RFID))
        assert names(account, twin) == [NFC]
        assert names(account, other) == names(guest, twin) == [NFC, RFID]


class TestTransfer:
    def test_leaves_identities_with_their_accounts(
        self, account: Account, server: Server, twin: str
    ) -> None:
        attach(account, twin, RFID)
        recipient = server.account()
        offered = account.request(
            "POST", f"/twins/{twin}/transfers", json={"recipient": recipient.account}
        ).json()
        recipient.request("POST", f"/transfers/{offered['transfer']}")
        assert names(recipient, twin) == []
        assert error(account.client().get_twin_identity(twin, RFID)) == (403, "403535")
        assert body(account.client().resolve_twin_identity(RFID))["twins"] == [twin]
        reader = account.member(twin_rule="twin_creator == account")
        assert names(reader, twin) == [RFID]


VISIBILITIES = {
    None: False,
    "true": True,
    "USER.profession == 'accounting'": True,
    "USER.profession == 'farming'": False,
    "identity_validity_ts == null": None,  # depends on the identity
    "account > 1": False,  # it has no value
}

Made = tuple[bool, str, float | None, str | None]
"""Whether the twin's owner attached it and not the guest; its name, validity and visibility."""

attachments = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["A#1", "A#2", "B#1", "B#2"]),
        st.sampled_from([None, PAST, FUTURE]),
        st.sampled_from(list(VISIBILITIES)),
    ),
    unique_by=lambda made: made[:2],
)
filters = st.fixed_dictionaries(
    {},
    optional={
        name: st.booleans()
        for name in ("show_personal", "show_expired", "show_valid", "show_public", "show_private")
    },
)


def expected(attached: Iterable[Made], asked: dict[str, bool], *, foreign: bool) -> dict[str, bool]:
    """What the guest is shown by the specification, and which of it is foreign."""
    asked = {"show_personal": True, "show_expired": False} | asked
    shown: dict[str, bool] = {}
    for own, name, validity, visibility in sorted(attached, key=lambda made: not made[0]):
        expired = validity == PAST
        if own:
            holds = VISIBILITIES[visibility]
            seen = validity is None if holds is None else holds
            if foreign and seen and not expired:
                shown[name] = True
            continue
        timely = asked["show_expired"] if expired else asked.get("show_valid", True)
        kind = "show_private" if visibility is None else "show_public"
        if asked["show_personal"] and timely and asked.get(kind, True):
            shown[name] = False
    return shown


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(attached=attachments, asked=filters, foreign=st.booleans())
def test_a_list_is_what_the_filters_say(
    account: Account,
    guest: Account,
    attached: list[Made],
    asked: dict[str, bool],
    *,
    foreign: bool,
) -> None:
    twin = uuid_of(create(account.client()))
    for own, name, validity, visibility in attached:
        attach(account if own else guest, twin, name, validity_ts=validity, visibility=visibility)
    params: dict[str, Any] = asked | ({"show_foreign": account.account} if foreign else {})
    got = body(guest.client().get_twin_identities(twin, params=params))["identities"]
    assert list(got) == sorted(got)
    told = {name: members.get("creator") == account.account for name, members in got.items()}
    assert told == expected(attached, asked, foreign=foreign)
    for members in got.values():
        assert ("visibility" in members) != ("creator" in members)


class TestList:
    def test_of_many(self, account: Account, twin: str) -> None:
        made = sorted(f"A#{number}" for number in range(1200))
        attach(account, twin, *made)
        assert names(account, twin) == made
        assert names(account.member(identity_rule="identity =~ '.*7$'"), twin) == [
            name for name in made if name.endswith("7")
        ]

    def test_foreign_ones_without_an_identity_rule(
        self, server: Server, account: Account, twin: str
    ) -> None:
        attach(account, twin, RFID, visibility="true")
        attach(account, twin, NFC)
        caller = server.account().member(twin_rule="true")
        assert names(caller, twin, show_foreign=account.account) == []
        seeing = server.account().member(twin_rule="true", identity_rule="true")
        assert names(seeing, twin, show_foreign=account.account.upper()) == [RFID]

    @pytest.mark.parametrize("value", ["x", "true", ""])
    def test_refuses_a_foreign_account_that_is_no_uuid(
        self, account: Account, twin: str, value: str
    ) -> None:
        answer = account.client().get_twin_identities(twin, params={"show_foreign": value})
        assert error(answer) == (400, "400592")
        answer = account.client().get_twin_identities(twin, params={"show_valid": "perhaps"})
        assert error(answer) == (400, "400592")
