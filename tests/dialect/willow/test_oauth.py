"""POST /oauth2/token: client credentials (RFC 6749, section 4.4)."""

from typing import Any
from urllib.parse import quote_plus

import pytest
import requests
from tests.harness import UNKNOWN, Account, problem

PATH = "/api/v3/oauth2/token"


def ask(account: Account, **members: Any) -> requests.Response:
    sent = {
        "grant_type": "client_credentials",
        "client_id": account.user,
        "client_secret": account.secret,
    } | members
    return requests.post(account.url + PATH, data=sent, timeout=60)


def test_a_form_and_json_are_taken(account: Account) -> None:
    sent = {
        "grant_type": "client_credentials",
        "client_id": account.user.upper(),
        "client_secret": account.secret,
    }
    for answer in (ask(account), requests.post(account.url + PATH, json=sent, timeout=60)):
        assert answer.status_code == 200, answer.text
        members = answer.json()
        token = members.pop("access_token")
        assert members == {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
        assert answer.headers["cache-control"] == "no-store"
        calling = account.using(f"Bearer {token}")
        assert calling.request("GET", "/whoami").json()["user"] == account.user


def test_names_count_in_any_case(account: Account) -> None:
    sent = {
        "Grant_Type": "client_credentials",
        "CLIENT_ID": account.user,
        "Client_Secret": account.secret,
    }
    url = account.url + PATH
    assert requests.post(url, data=sent, timeout=60).status_code == 200
    assert requests.post(url, json=sent, timeout=60).status_code == 200


@pytest.mark.parametrize("encoded", [False, True])
def test_basic_authentication_is_taken(account: Account, encoded: bool) -> None:  # noqa: FBT001
    secret = quote_plus(account.secret) if encoded else account.secret
    grant = {"grant_type": "client_credentials"}

    def answer(user: str, secret: str) -> int:
        url = account.url + PATH
        return requests.post(url, data=grant, auth=(user, secret), timeout=60).status_code

    assert answer(account.user, secret) == 200
    assert answer(account.user, secret[1:]) == 401
    assert answer(UNKNOWN, secret) == 401


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic /w==", "Basic eA==", "Bearer x"])
def test_another_header_is_no_credential(account: Account, header: str) -> None:
    grant = {"grant_type": "client_credentials"}
    headers = {"Authorization": header}
    answer = requests.post(account.url + PATH, data=grant, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_token_may_what_its_user_may(account: Account) -> None:
    member = account.member({"effect": "allow", "actions": ["get_models"]})
    token = member.using(f"Bearer {ask(member).json()['access_token']}")
    assert token.request("GET", "/api/v3/models").json() == []
    assert problem(token.request("POST", "/api/v3/twins/ids", json=[]))[0] == 403


def test_a_token_ends_with_the_secret(account: Account) -> None:
    member = account.member()
    token = member.using(f"Bearer {ask(member).json()['access_token']}")
    assert token.request("GET", "/api/v3/models").status_code == 200
    account.client().delete_user_secret(member.user)
    assert problem(token.request("GET", "/api/v3/models"))[0] == 401


REFUSED = {
    "no grant": ({"grant_type": ""}, 400, "invalid_request"),
    "no client": ({"client_id": ""}, 400, "invalid_request"),
    "other grant": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "unknown secret": ({"client_secret": "x"}, 401, "invalid_client"),
    "other user": ({"client_id": UNKNOWN}, 401, "invalid_client"),
}


@pytest.mark.parametrize(("members", "status", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_credential_is_refused(
    account: Account, members: dict[str, str], status: int, error: str
) -> None:
    answer = ask(account, **members)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert account.secret not in answer.text


def test_a_token_is_no_client_secret(account: Account) -> None:
    token = ask(account).json()["access_token"]
    assert ask(account, client_secret=token).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"a=%ff"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_that_cannot_be_read_is_refused(account: Account, body: bytes, kind: str) -> None:
    headers = {"content-type": kind}
    answer = requests.post(account.url + PATH, data=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
