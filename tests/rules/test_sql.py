"""The SQL condition of a rule holds at least wherever the rule holds, on both engines.

`TWINHOLD_RULE_ROUNDS` multiplies the number of random rules.
"""

import os

import msgspec
import pytest
from tests.rules.sampling import Sampler
from tests.rules.stores import COLUMNS, Row, Store

from twinhold.rules import Engine, Hidden, Json, Predicate, Rule, Text, parse

ROUNDS = int(os.environ.get("TWINHOLD_RULE_ROUNDS", "1"))
TWINS = 100
RULES = 250
ENGINES: tuple[Engine, ...] = ("sqlite", "postgresql")


def rows_of(sampler: Sampler) -> list[Row]:
    """Return random twins."""
    return [
        (
            number,
            sampler.members() if number % 9 else None,
            sampler.members() if number % 7 else None,
            sampler.random.choice(("alive", "terminated")),
        )
        for number in range(TWINS)
    ]


def scope_of(row: Row, constants: dict[str, object]) -> dict[str, object]:
    """Return the variables of a twin."""
    _, description, ledger, status = row
    return constants | {
        "TWIN": msgspec.json.decode(description) if description else None,
        "LEDGER": msgspec.json.decode(ledger) if ledger else None,
        "twin_status": status,
        "entry_name": None,
    }


def check(store: Store, rule: Rule, rows: list[Row], constants: dict[str, object]) -> int:
    """Compare what a rule's SQL finds with the rule; return how many rows SQL left out."""
    predicate = rule.to_sql(COLUMNS, store.engine, constants)
    if predicate is None:
        return 0
    holding = {row[0] for row in rows if rule.matches(scope_of(row, constants))}
    return len(rows) - found_by(store, predicate, holding, rows)


def found_by(store: Store, predicate: Predicate, holding: set[int], rows: list[Row]) -> int:
    """Compare what a predicate finds with what it should; return how many rows that are."""
    found = store.select(predicate.sql, predicate.parameters)
    assert found >= holding, (predicate, [rows[n] for n in holding - found][:1])
    if predicate.exact:
        assert found == holding, (predicate, [rows[n] for n in found - holding][:1])
    sure = store.select(predicate.sure, predicate.sure_parameters)
    assert sure <= holding, (predicate, [rows[n] for n in sure - holding][:1])
    return len(found)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_sql_finds_every_row_that_the_rule_holds_for(store: Store, seed: int) -> None:
    """250 random rules on 100 random twins, on each engine."""
    sampler = Sampler(1000 + seed)
    rows = rows_of(sampler)
    store.fill(rows)
    left_out = 0
    for _ in range(RULES):
        _, rule, _ = sampler.rule()
        left_out += check(store, rule, rows, sampler.scope())
    assert left_out > RULES * TWINS * 0.05


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_two_rules_find_every_row_that_both_hold_for(store: Store, seed: int) -> None:
    """Of 150 random pairs, those of which SQL can say both."""
    sampler = Sampler(5000 + seed)
    rows, together = rows_of(sampler), 0
    store.fill(rows)
    for _ in range(150):
        pair = [(sampler.rule()[1], sampler.scope()) for _ in range(2)]
        one, other = (rule.to_sql(COLUMNS, store.engine, scope) for rule, scope in pair)
        both = one and other and one.with_further(other)
        if both is None:
            continue
        holding = {
            row[0]
            for row in rows
            if all(rule.matches(scope_of(row, constants)) for rule, constants in pair)
        }
        found_by(store, both, holding, rows)
        together += 1
    assert together > 15


PUSHED = [
    "TWIN.kind == 'a'",
    "TWIN.kind == 'a' and twin_status == 'alive'",
    "TWIN.a > 1 and TWIN.a <= 12",
    "TWIN.a in ['a', 'b']",
    "TWIN.a in ['a', 1, true, null]",
    "TWIN.a != 'a'",
    "not (TWIN.a == 'a' or TWIN.b == 'zz')",
    "TWIN.a != 'a' or twin_status == 'alive'",
    "TWIN.a not in ['a', 'b']",
    "TWIN.a not in ['a', 'b', 'ab', '12', 'active']",
    "not (TWIN.a == null or TWIN.b == null)",
    "TWIN.a.b == null",
    "TWIN['kind'] == 'a'",
    "TWIN&['kind'] == 'a'",
    "'a' in TWIN.tags",
    "'a' not in TWIN.tags",
    "1 in TWIN.tags",
    "TWIN.kind =~ 'a.*'",
    "TWIN.kind !~ 'a'",
    "TWIN.kind",
    "not TWIN.kind",
    "TWIN.b == true",
    "TWIN.b != false",
    "TWIN.b < 'b'",
    "not TWIN.b < 'b'",
    "TWIN.kind <= 'q'",
    "TWIN.kind >= 'q'",
    "account == 'ab' ? TWIN.a == 1 : TWIN.b == 1",
    "LEDGER.a == USER.a",
    "USER.nothing > 3 or TWIN.a == 1",
    "twin_status in ['alive', 3] and TWIN.a == 9007199254740993",
    "TWIN.a == 100000000000000000000000",
    "TWIN.a == 0.1 + 0.2",
    "TWIN.a == '\\x00'",
    "TWIN.a > '\\x00' and TWIN.a < '😀'",
    "entry_name == null and TWIN.a == 1",
    "TWIN.a <= null",
]


@pytest.mark.parametrize("text", PUSHED)
def test_the_usual_forms_are_pushed_to_sql(store: Store, text: str) -> None:
    """Each leaves rows out, and none that the rule holds for."""
    sampler = Sampler(7)
    rows = [*rows_of(sampler), (TWINS, '{"a": {"b": 1}, "b": "zz", "kind": "q"}', None, "alive")]
    store.fill(rows)
    assert check(store, parse(text), rows, {"account": "ab", "USER": {"a": 1}}) > 0


@pytest.mark.parametrize(
    "text",
    [
        "$now > d'2020-01-01' and TWIN.a.length == 3",
        "$random() > 2",
        "entry_name == 'a'",
        "TWIN.keys == ['a']",
        "[x for x in TWIN.tags if x == 'a'] == ['a']",
        "TWIN == null",
        "'a' in TWIN",
        "TWIN.a == TWIN.b",
    ],
)
def test_what_sql_cannot_say_is_none(text: str) -> None:
    """Then every row is for Python."""
    for engine in ENGINES:
        assert parse(text).to_sql(COLUMNS, engine, {}) is None


def test_a_rule_of_constants_is_true_or_false() -> None:
    """It needs no row at all."""
    false = parse("account == 'x' and TWIN.a == 1").to_sql(COLUMNS, "sqlite", {"account": "y"})
    true = parse("account == 'x' or TWIN.a == 1").to_sql(COLUMNS, "sqlite", {"account": "x"})
    assert false is not None
    assert (false.sql, false.parameters, false.exact) == ("FALSE", {}, True)
    assert true is not None
    assert (true.sql, true.exact) == ("TRUE", True)


def test_users_write_parameters_only() -> None:
    """No text of a rule or of a scope is part of the statement."""
    evil = "x') OR 1=1 --"
    texts = [
        f'TWIN.a == "{evil}"',
        f'TWIN["{evil}"] == 1',
        "TWIN.a == USER.evil",
        f'"{evil}" in TWIN.a',
    ]
    for text in texts:
        for engine in ENGINES:
            predicate = parse(text).to_sql(COLUMNS, engine, {"USER": {"evil": evil}})
            assert predicate is None or "1=1" not in predicate.sql


@pytest.mark.parametrize("name", ["a b", "a;", "a.b.c", "", 'a"', "A'"])
def test_column_names_are_checked(name: str) -> None:
    """They are the only words of the caller in the statement."""
    with pytest.raises(ValueError, match="plain SQL name"):
        Text(name)
    with pytest.raises(ValueError, match="plain SQL name"):
        Json(name)


ODD = [
    '{"a": "\\u0000"}',
    '{"a": "\\\\u0000"}',
    '{"\\u0061": 1}',
    '{"a": 1e-400000}',
    '{"a": 0e99999}',
    '{"a": 1E-5000, "b": "x"}',
    '{"a": 1.7976931348623157e308}',
    '{"a": -0.0}',
    '{"a": 4.9e-324}',
    '{"a": 0.1000000000000000055511151231257827}',
    '{"a": 18446744073709551615}',
    '{"a": 9223372036854775808, "b": 1e23}',
    '{"a": 100000000000000000000000}',
    '{"a": "\\ud83d\\ude00"}',
    '{"a": {"b": {"c": null}}}',
    '{"a": "[1]"}',
    '{"a": ["x"]}',
    '{"a": ' + "[" * 500 + "]" * 500 + "}",
    "null",
    "{}",
]


def test_odd_documents_raise_in_no_engine(store: Store) -> None:
    """Every valid document can be read or is passed on to Python."""
    rows: list[Row] = [(number, text, text, "alive") for number, text in enumerate(ODD)]
    store.fill(rows)
    numbers = ("0", "1", "1e23", "0.1", "18446744073709551615", "1.7976931348623157e308", "1e400")
    texts = [f"TWIN.a {sign} {n}" for n in numbers for sign in ("==", "<", ">=")]
    texts += ["TWIN.a == '[1]'", "TWIN.a == '[\"x\"]'", "TWIN.a == '😀'", "'x' in TWIN.a", *PUSHED]
    for text in texts:
        check(store, parse(text), rows, {"account": "ab", "USER": {"a": 1}})


SPELLINGS = {
    "retired": ('"retired"', '"\\u0072etired"', '"not retired"', '"retired "', '"Retired"'),
    "*": ('"*"', '"**"', '"a"'),
    "[x-z]": ('"[x-z]"', '"x"', '"[x-z]?"'),
    "a?": ('"a?"', '"ab"'),
    'a"b': ('"a\\"b"', '"a\\u0022b"', '"b"'),
    "a\\b": ('"a\\\\b"', '"b"'),
    "a/b": ('"a\\/b"', '"a/b"', '"b"'),
    "\n": ('"\\n"', '"n"'),
    "😀": ('"😀"', '"\\ud83d\\ude00"', '"😁"'),
    "x" * 40: (f'"{"x" * 40}"', f'"{"x" * 39}"', f'"y{"x" * 40}"'),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_text_is_told_from_others_however_it_is_spelled(store: Store, text: str) -> None:
    """What SQL can tell without reading the JSON is the same as what it reads."""
    documents = [f'{{"b": 0e99999, "a": {value}}}' for value in (*SPELLINGS[text], "null", "1")]
    documents += ['{"a": {"retired": ["retired"]}, "retired": "retired"}', "{}", '{"c": "retired"}']
    rows: list[Row] = [(number, each, None, "alive") for number, each in enumerate(documents)]
    store.fill(rows)
    for rule in (f"TWIN.a != {text!r}", f"TWIN.a not in [{text!r}, 'y']", f"TWIN.a == {text!r}"):
        check(store, parse(rule), rows, {})


def test_a_row_without_a_text_is_sure_where_its_json_cannot_be_read(store: Store) -> None:
    """No other rule tells as much on PostgreSQL, whose jsonb refuses this number."""
    store.fill([(0, '{"b": 1e-99999, "a": "active"}', None, "alive")])
    predicate = parse("TWIN.a != 'retired'").to_sql(COLUMNS, store.engine, {})
    assert predicate is not None
    assert store.select(predicate.sure, predicate.sure_parameters) == {0}


def test_numbers_are_sure_but_next_to_a_constant(store: Store) -> None:
    """There an engine may read a number otherwise than Python."""
    numbers = ("19", "-1e200", "20.000000000000000000001", "21", "20.5", "9e400", '"21"', "null")
    store.fill([(n, f'{{"a": {number}}}', None, "alive") for n, number in enumerate(numbers)])
    for text, wanted in (("TWIN.a > 20", {3, 4, 5}), ("not TWIN.a >= 20", {0, 1})):
        predicate = parse(text).to_sql(COLUMNS, store.engine, {})
        assert predicate is not None
        assert store.select(predicate.sure, predicate.sure_parameters) == wanted


def test_hidden_variables_are_not_constants() -> None:
    """What differs from row to row is not taken from the scope."""
    columns = {"TWIN": Hidden()}
    assert parse("TWIN.a == 1").to_sql(columns, "sqlite", {"TWIN": {"a": 2}}) is None
