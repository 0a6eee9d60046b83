"""POST /twins/count: a bare integer, of the twins that a list of the same filters has."""

from typing import Any

import pytest
from tests.dialect.willow.conftest import GRAPH_TWINS
from tests.dialect.willow.queries import ask, models
from tests.harness import Account, problem


def test_is_a_bare_integer(estate: Account) -> None:
    answer = ask(estate, "/count")
    assert (answer.status_code, answer.text) == (200, str(len(GRAPH_TWINS)))


def test_ignores_what_is_of_pages(estate: Account) -> None:
    answer = ask(estate, "/count", pageSize=0, continuationToken="damaged", include={"x": 1})
    assert answer.json() == len(GRAPH_TWINS)


@pytest.mark.parametrize("rule", [None, "twin_model != 'dtmi:com:willowinc:Fan;1'"])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"modelFilter": models("Equipment")}, 5),
        ({"locationFilter": {"locationId": "AHU-1"}}, 2),
        (
            {"locationFilter": {"locationId": "AHU-1"}, "modelFilter": models("Equipment")},
            2,
        ),
        ({"propertyFilter": {"field": "name", "operator": "contains", "value": "fan "}}, 1),
        ({"modelFilter": models("Unheard")}, 0),
        ({"locationFilter": {"locationId": "nowhere"}}, 0),
    ],
)
def test_counts_the_twins_that_the_caller_sees(
    estate: Account, rule: str | None, filters: dict[str, Any], expected: int
) -> None:
    caller = estate.member(twin_rule=rule) if rule else estate
    counted = ask(caller, "/count", **filters).json()
    assert counted == expected - (1 if rule and expected else 0)


def test_refuses_what_a_list_refuses(estate: Account) -> None:
    answer = ask(estate, "/count", dateFilter={"lastUpdatedAfter": "soon"})
    assert list(problem(answer)[1]) == ["/dateFilter/lastUpdatedAfter"]
