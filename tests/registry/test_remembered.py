"""Principals are remembered while there is room for them, and share what they have in common."""

import msgspec

from twinhold import rules
from twinhold.registry.principal import NOBODY, Principal, Token
from twinhold.registry.remembered import MOST_BYTES, Remembered

MANY = 30_000


def remembered_of(principal: Principal, length: int = 48) -> int:
    """How many like one are remembered when many come, one after the other."""
    remembered = Remembered()
    for number in range(MANY):
        remembered.add(b"%d" % number, principal, length)
    return sum(remembered.find(b"%d" % number) is not None for number in range(MANY))


def test_thousands_are_remembered() -> None:
    assert remembered_of(NOBODY) > 10_000


def test_few_with_large_descriptions_or_dictionaries_are() -> None:
    described = msgspec.structs.replace(NOBODY, description="x" * 60_000)
    carrying = msgspec.structs.replace(NOBODY, token=Token({}, frozenset()))
    assert remembered_of(described) * 60_000 <= MOST_BYTES + 120_000
    assert remembered_of(carrying, 16_000) * 16_000 <= MOST_BYTES


def test_a_rule_counts_once_however_many_have_it() -> None:
    shared = msgspec.structs.replace(NOBODY, twin_rule=rules.parse("TWIN.floor == 1"))
    assert remembered_of(shared) > 10_000


def test_rules_of_their_own_make_them_fewer() -> None:
    remembered = Remembered()
    for number in range(3_000):
        rule = rules.parse(f"TWIN.floor == {number} and TWIN.name != '{'x' * 900}'")
        remembered.add(b"%d" % number, msgspec.structs.replace(NOBODY, twin_rule=rule), 48)
    assert sum(remembered.find(b"%d" % number) is not None for number in range(3_000)) < 200


def test_one_that_is_forgotten_makes_room() -> None:
    remembered = Remembered()
    remembered.add(b"stays", NOBODY, 48)
    for _ in range(MANY):
        remembered.add(b"comes and goes", NOBODY, 48)
        assert remembered.remove(b"comes and goes")
    assert remembered.find(b"stays") is not None
    assert not remembered.remove(b"comes and goes")


def test_those_of_an_account_share_the_models_they_load() -> None:
    remembered = Remembered()
    first = remembered.add(b"1", NOBODY, 48)
    other = msgspec.structs.replace(NOBODY, models=type(NOBODY.models)())
    assert remembered.add(b"2", other, 48).models is first.models
    later = msgspec.structs.replace(other, generation=1)
    assert remembered.add(b"3", later, 48).models is not first.models
