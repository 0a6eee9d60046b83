"""An explanation says what decided, in the words of the rule and with the values it met."""

import pytest

from twinhold.rules import Json, Reason, explain

SCOPE = {"TWIN": {"kind": "cat", "t": 25, "tags": ["a"]}, "USER": {"kind": "dog"}, "account": "me"}


def path(reason: Reason | None) -> list[tuple[str, str]]:
    """Return text and value (or error) along the last parts."""
    found = []
    while reason is not None:
        found.append((reason.text, reason.value or reason.error))
        reason = reason.parts[-1] if reason.parts else None
    return found


def test_the_first_false_part_of_an_and_decides() -> None:
    """Down to the operand that made it false."""
    rule = "TWIN.kind == 'cat' and (TWIN.t > 30) and account == 'me'"
    explanation = explain(rule, SCOPE)
    assert not explanation.holds
    assert explanation.variables == ("TWIN", "account")
    assert path(explanation.reason) == [(rule, "False"), ("TWIN.t > 30", "False"), ("TWIN.t", "25")]


def test_the_first_true_part_of_an_or_decides() -> None:
    """What stands behind it is not evaluated."""
    explanation = explain("TWIN.x == 1 or TWIN.kind == 'cat' or TWIN.missing > 3", SCOPE)
    assert explanation.holds
    assert path(explanation.reason)[1:] == [("TWIN.kind == 'cat'", "True"), ("TWIN.kind", "cat")]


def test_an_error_decides() -> None:
    """The part that has no value is named, with its operands."""
    explanation = explain("TWIN.missing > 3 or true", SCOPE)
    assert not explanation.holds
    assert explanation.error == "The types of the operands do not fit."
    assert path(explanation.reason)[1:] == [
        ("TWIN.missing > 3", "The types of the operands do not fit."),
        ("TWIN.missing", "None"),
    ]


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("TWIN.kind not in ['cat']", ("TWIN.kind", "cat")),
        ("not (TWIN.t == 25)", ("TWIN.t", "25")),
        ("TWIN.t > 30 ? true : USER.kind == 'cat'", ("USER.kind", "dog")),
        ("TWIN.t + 1 == 26", ("TWIN.t", "25")),
        ("[x for x in TWIN.tags if x == 'b']", ("TWIN.tags", "('a',)")),
    ],
)
def test_every_kind_of_expression_is_followed(rule: str, last: tuple[str, str]) -> None:
    """To the value from the scope that it depends on."""
    assert path(explain(rule, SCOPE).reason)[-1] == last


def test_a_syntax_error_is_explained() -> None:
    """With the position, and nothing else."""
    explanation = explain("TWIN.a ==", SCOPE)
    assert (explanation.holds, explanation.position, explanation.reason) == (False, 9, None)
    assert "not valid" in explanation.error


def test_what_became_sql_is_shown() -> None:
    """And what of the rule is left for Python to decide."""
    columns = {"TWIN": Json("description")}
    explanation = explain("TWIN.kind == 'cat' and TWIN.t > 20", SCOPE, columns)
    predicate = explanation.sql["sqlite"]
    assert predicate is not None
    assert "cat" in predicate.parameters.values()
    assert explanation.left_to_python["sqlite"] == ("TWIN.t > 20",)
    assert explanation.sql["postgresql"] is not None


def test_a_deep_rule_is_explained_soon() -> None:
    """Only so many levels are followed."""
    explanation = explain("-" * 90 + "TWIN.t > 1", SCOPE, {"TWIN": Json("description")})
    assert len(path(explanation.reason)) == 13
