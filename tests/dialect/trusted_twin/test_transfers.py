"""Transfer of ownership, ours (design): plain requests, for no vendor's client has it."""

import time
from collections.abc import Callable

import msgspec
import pytest
import requests
from tests.harness import UNKNOWN, Account, Server, body, create, error, refusal, uuid_of

from twinhold.api.trusted_twin.wire import transfers as wire
from twinhold.api.trusted_twin.wire import twins as twins_wire

WEEK = 7 * 24 * 3600


@pytest.fixture
def recipient(server: Server) -> Account:
    return server.account()


@pytest.fixture
def twin(account: Account) -> str:
    return uuid_of(create(account.client(), description={"company": "acme"}))


def offer(owner: Account, twin: str, recipient: Account) -> str:
    answer = owner.request(
        "POST", f"/twins/{twin}/transfers", json={"recipient": recipient.account}
    )
    assert answer.status_code == 201, answer.text
    transfer: str = answer.json()["transfer"]
    return transfer


def accept(caller: Account, transfer: str) -> requests.Response:
    return caller.request("POST", f"/transfers/{transfer}")


def cancel(caller: Account, transfer: str) -> requests.Response:
    return caller.request("DELETE", f"/transfers/{transfer}")


def owner_of(caller: Account, twin: str) -> str:
    found: str = body(caller.client().get_twin(twin))["owner"]
    return found


class TestOffer:
    def test_answers_the_transfer_and_changes_nothing_yet(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        before = body(account.client().get_twin(twin))
        members = {"recipient": recipient.account.upper()}
        answer = account.request("POST", f"/twins/{twin}/transfers", json=members)
        assert answer.status_code == 201
        made = answer.json()
        assert set(made) == {"transfer", "twin", "owner", "recipient", "validity_ts"}
        assert (made["twin"], made["owner"]) == (twin, account.account)
        assert made["recipient"] == recipient.account
        assert abs(made["validity_ts"] - time.time() - WEEK) < 60
        assert body(account.client().get_twin(twin)) == before
        assert error(recipient.client().get_twin(twin)) == (403, "403535")

    def test_again_replaces_the_earlier_one(
        self, account: Account, recipient: Account, server: Server, twin: str
    ) -> None:
        first, other = offer(account, twin, recipient), server.account()
        second = offer(account, twin, other)
        assert refusal(accept(recipient, first)) == (404, "404653")
        assert refusal(cancel(account, first)) == (404, "404653")
        assert accept(other, second).json()["owner"] == other.account

    def test_to_oneself_or_nobody_is_refused(self, account: Account, twin: str) -> None:
        path = f"/twins/{twin}/transfers"
        answer = account.request("POST", path, json={"recipient": account.account})
        assert refusal(answer) == (400, "400592")
        assert "/recipient" in answer.json()["description"]
        answer = account.request("POST", path, json={"recipient": UNKNOWN})
        assert refusal(answer) == (404, "404653")

    @pytest.mark.parametrize(
        ("sent", "subcode", "says"),
        [
            (b"", "400592", "recipient"),
            (b"{}", "400592", "recipient"),
            (b'{"recipient": null}', "400592", "/recipient"),
            (b'{"recipient": 1}', "400592", "/recipient"),
            (b'{"recipient": "x"}', "400592", "/recipient"),
            (b'{"recipient": "' + UNKNOWN.encode() + b'0"}', "400592", "/recipient"),
            (b"[]", "400592", "object"),
            (b"{", "400415", "JSON"),
            (b'{"recipient": "\xff"}', "400314", "UTF-8"),
            (b'{"recipient": ' + b"[" * 70 + b"]" * 70 + b"}", "400592", "64 levels"),
            (b'{"recipient": "' + b"x" * 65536 + b'"}', "400141", "65536"),
        ],
    )
    def test_refuses_a_bad_body_and_keeps_the_waiting_offer(
        self,
        account: Account,
        recipient: Account,
        twin: str,
        *,
        sent: bytes,
        subcode: str,
        says: str,
    ) -> None:
        waiting = offer(account, twin, recipient)
        answer = account.request("POST", f"/twins/{twin}/transfers", data=sent)
        assert refusal(answer) == (400, subcode)
        assert says in answer.json()["description"]
        assert accept(recipient, waiting).status_code == 200

    def test_of_a_foreign_unknown_or_terminated_twin_is_refused(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        members = {"recipient": account.account}
        answer = recipient.request("POST", f"/twins/{twin}/transfers", json=members)
        assert refusal(answer) == (403, "403535")
        members = {"recipient": recipient.account}
        answer = account.request("POST", f"/twins/{UNKNOWN}/transfers", json=members)
        assert refusal(answer) == (404, "404653")
        answer = account.request("POST", "/twins/x/transfers", json=members)
        assert refusal(answer) == (400, "400592")
        body(account.client().terminate_twin(twin))
        answer = account.request("POST", f"/twins/{twin}/transfers", json=members)
        assert refusal(answer) == (400, "400358")


class TestAccept:
    def test_hands_the_twin_over_with_its_certificates(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        before = body(account.client().get_twin(twin))
        answer = accept(recipient, offer(account, twin, recipient))
        assert answer.status_code == 200
        after = answer.json()
        assert after.pop("updated_ts") >= before.pop("updated_ts")
        assert after == before | {"owner": recipient.account}
        assert after["creation_certificate"]["creator"] == account.account
        assert owner_of(recipient, twin) == recipient.account

    def test_moves_all_that_ownership_means(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        accept(recipient, offer(account, twin, recipient))
        assert error(account.client().get_twin(twin)) == (403, "403535")
        assert error(account.client().terminate_twin(twin)) == (403, "403535")
        assert body(account.client().scan_twins())["twins"] == []
        assert body(recipient.client().scan_twins())["twins"] == [twin]
        change = {"description": {"company": "umbrella"}}
        assert body(recipient.client().update_twin(twin, body=change))["owner"] == recipient.account
        reader = account.member(twin_rule="twin_creator == account and twin_owner != account")
        assert body(reader.client().get_twin(twin))["description"] == change["description"]

    def test_works_once(self, account: Account, recipient: Account, twin: str) -> None:
        transfer = offer(account, twin, recipient)
        assert accept(recipient, transfer).status_code == 200
        for caller in (recipient, account):
            assert refusal(accept(caller, transfer)) == (404, "404653")
            assert refusal(cancel(caller, transfer)) == (404, "404653")

    def test_is_the_recipients_alone(
        self, account: Account, recipient: Account, server: Server, twin: str
    ) -> None:
        transfer = offer(account, twin, recipient)
        sighted = server.account().member(twin_rule="true")
        for caller in (account, sighted):
            assert refusal(accept(caller, transfer)) == (404, "404653")
        assert owner_of(account, twin) == account.account
        assert accept(recipient, transfer).status_code == 200

    def test_back_and_forth(self, account: Account, recipient: Account, twin: str) -> None:
        accept(recipient, offer(account, twin, recipient))
        accept(account, offer(recipient, twin, account))
        assert owner_of(account, twin) == account.account

    def test_of_a_twin_terminated_meanwhile_is_refused(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        transfer = offer(account, twin, recipient)
        ended = body(account.client().terminate_twin(twin))
        assert refusal(accept(recipient, transfer)) == (400, "400358")
        assert body(account.client().get_twin(twin)) == ended

    def test_does_not_show_what_the_recipients_rule_hides(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        """The rule judges the twin as it will be: owned by the recipient's account."""
        for rule in ("false", "TWIN.company == 'umbrella'"):
            transfer = offer(account, twin, recipient)
            blind = recipient.member(twin_rule=rule)
            answer = accept(blind, transfer)
            assert refusal(answer) == (403, "403535")
            assert "acme" not in answer.text
            assert owner_of(account, twin) == account.account
        for shows in (None, "twin_owner == account"):
            transfer = offer(account, twin, recipient)
            sighted = recipient.member(twin_rule=shows)
            assert accept(sighted, transfer).status_code == 200
            accept(account, offer(recipient, twin, account))


class TestCancel:
    def test_by_either_side_ends_the_offer(
        self, account: Account, recipient: Account, twin: str
    ) -> None:
        for caller in (account, recipient):
            transfer = offer(account, twin, recipient)
            answer = cancel(caller, transfer)
            assert answer.status_code == 200
            assert answer.json()["transfer"] == transfer
            assert refusal(accept(recipient, transfer)) == (404, "404653")
            assert refusal(cancel(caller, transfer)) == (404, "404653")
        assert owner_of(account, twin) == account.account

    def test_by_a_third_is_404(
        self, account: Account, recipient: Account, server: Server, twin: str
    ) -> None:
        transfer = offer(account, twin, recipient)
        assert refusal(cancel(server.account(), transfer)) == (404, "404653")
        assert accept(recipient, transfer).status_code == 200


Act = Callable[[Account, str], requests.Response]


@pytest.mark.parametrize("act", [accept, cancel])
class TestAddress:
    def test_unknown_is_404(self, account: Account, act: Act) -> None:
        assert refusal(act(account, UNKNOWN)) == (404, "404653")

    @pytest.mark.parametrize("uuid", ["x", UNKNOWN[:-1], UNKNOWN + "0", "%7B%7D", "a%2Fb"])
    def test_malformed_is_400(self, account: Account, act: Act, uuid: str) -> None:
        assert refusal(act(account, uuid)) == (400, "400592")


def test_answers_are_the_structs_of_the_wire(
    account: Account, recipient: Account, twin: str
) -> None:
    made = account.request(
        "POST", f"/twins/{twin}/transfers", json={"recipient": recipient.account}
    )
    offered = msgspec.convert(made.json(), wire.Transfer)
    withdrawn = cancel(account, offered.transfer).json()
    assert msgspec.convert(withdrawn, wire.Transfer) == offered
    answer = accept(recipient, offer(account, twin, recipient))
    taken = msgspec.convert(answer.json(), twins_wire.Twin)
    assert taken.owner == recipient.account
