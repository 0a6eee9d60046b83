"""explain_rule: why a rule holds or does not, for the person who wrote it."""

from typing import Any

import msgspec
import pytest
from tests.harness import Account, Server, create, uuid_of
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import rules as wire

RULE = 'TWIN.status == "active" and TWIN.temperature > 20'


def explain(account: Account, **members: Any) -> Any:
    answer = account.request("POST", "/rules/explain", json=members)
    assert answer.status_code == 200, answer.text
    msgspec.convert(answer.json(), wire.RuleExplanation)
    return answer.json()


def test_names_the_part_that_decided(account: Account, client: TTRESTService) -> None:
    twin = uuid_of(create(client, description={"status": "active", "temperature": 12}))
    said = explain(account, rule=RULE, twin=twin)
    assert (said["parses"], said["verdict"], said["error"]) == (True, False, None)
    (decided,) = said["decided"]["because"]
    assert (decided["expression"], decided["value"]) == ("TWIN.temperature > 20", "False")
    assert decided["because"][0] == {
        "expression": "TWIN.temperature",
        "value": "12",
        "error": None,
        "because": [],
    }


def test_says_the_sql_and_what_is_left_to_python(account: Account, engine: str) -> None:
    said = explain(account, rule=f"{RULE} and TWIN.name =~ '.*x'")
    assert said["engine"] == engine
    assert "description" in said["sql"]
    assert "active" not in said["sql"]
    assert "active" in said["sql_parameters"].values()
    assert said["left_to_python"]
    assert said["exact"] is False


def test_says_which_indexes_help(account: Account) -> None:
    assert explain(account, rule=RULE)["indexes"] == {"status": "none"}
    assert explain(account, rule="TWIN.a.b == 1")["indexes"] is None


def test_has_no_verdict_without_a_twin(account: Account) -> None:
    said = explain(account, rule=RULE)
    assert said["parses"] is True
    assert said["verdict"] is None


def test_says_why_a_text_is_no_rule(account: Account) -> None:
    said = explain(account, rule="TWIN.status == ")
    assert (said["parses"], said["verdict"], said["sql"]) == (False, None, None)
    assert said["error"]


def test_says_why_a_rule_has_no_value(account: Account, client: TTRESTService) -> None:
    twin = uuid_of(create(client, description={"temperature": "hot"}))
    said = explain(account, rule="TWIN.temperature > 20", twin=twin)
    assert said["verdict"] is False
    assert said["error"]


def test_a_twin_that_the_caller_may_not_see_is_not_explained(
    account: Account, client: TTRESTService, server: Server
) -> None:
    twin = uuid_of(create(client, description={"secret": 1}))
    answer = server.account().request(
        "POST", "/rules/explain", json={"rule": "TWIN.secret == 1", "twin": twin}
    )
    assert (answer.status_code, answer.json()["subcode"]) == (403, "403535")


@pytest.mark.parametrize(
    ("members", "subcode"),
    [
        ({}, "400592"),
        ({"rule": 1}, "400592"),
        ({"rule": "true", "twin": "x"}, "400592"),
        ({"rule": "true", "twin": 5}, "400592"),
    ],
)
def test_bad_input_is_refused(account: Account, members: dict[str, Any], subcode: str) -> None:
    answer = account.request("POST", "/rules/explain", json=members)
    assert (answer.status_code, answer.json()["subcode"]) == (400, subcode)
