"""References and includes: values from other ledgers (spec section 7)."""

from itertools import pairwise
from typing import Any

import pytest
from tests.dialect.trusted_twin.ledgers import (
    add,
    becomes,
    get,
    history,
    include,
    new_twin,
    reference,
    update,
    values,
)
from tests.harness import Account, Server, body, create, error, uuid_of

EYES = {"twin_rule": "true", "entry_rule": "true"}


@pytest.fixture
def source(account: Account) -> str:
    return new_twin(account)


@pytest.fixture
def twin(account: Account) -> str:
    return new_twin(account)


def status(account: Account, twin: str, entry: str = "r") -> Any:
    """Status and value of a reference."""
    found = get(account, twin)[entry]
    return found["ref"]["status"], found["value"]


def drop(account: Account, twin: str, *names: str) -> None:
    body(account.client().delete_twin_ledger_entry(twin, params={"entries": names}))


class TestReference:
    def test_copies_its_source(self, account: Account, source: str, twin: str) -> None:
        add(account, source, s={"value": {"x": 1}})
        sent = reference(source.upper(), account, "s", visibility="true")
        made = add(account, twin, r=sent)["r"]
        expected = f"twin://{source}/{account.account}/s"
        assert made["ref"] == {"source": expected, "status": "ok"}
        assert (made["value"], made["visibility"]) == ({"x": 1}, "true")
        assert get(account, twin) == {"r": made}

    def test_takes_the_visibility_inside_too(
        self, account: Account, source: str, twin: str
    ) -> None:
        """As in the vendor's sample."""
        sent = reference(source, account, "s")
        sent["ref"]["visibility"] = "USER.profession == 'accounting'"
        made = add(account, twin, r=sent)["r"]
        assert made["visibility"] == "USER.profession == 'accounting'"
        assert set(made["ref"]) == {"source", "status"}

    def test_follows_its_source(self, account: Account, source: str, twin: str) -> None:
        add(account, source, s={"value": 1})
        first = add(account, twin, r=reference(source, account, "s", history="INF"))["r"]
        update(account, source, s={"value": 2})
        becomes(lambda: values(account, twin), {"r": 2})
        changed = get(account, twin)["r"]
        assert changed["value_changed_ts"] > first["value_changed_ts"]
        assert changed["entry_updated_ts"] == first["entry_updated_ts"]
        assert list(history(account, twin)["r"].values()) == [2, 1]

    def test_waits_for_its_source_and_outlives_it(
        self, account: Account, source: str, twin: str
    ) -> None:
        add(account, twin, r=reference(source, account, "s"))
        assert status(account, twin) == ("not_found", None)
        add(account, source, s={"value": 1})
        becomes(lambda: status(account, twin), ("ok", 1))
        drop(account, source, "s")
        becomes(lambda: status(account, twin), ("not_found", 1))
        add(account, source, s={"value": 2})
        becomes(lambda: status(account, twin), ("ok", 2))

    def test_to_what_is_no_twin_or_an_include_is_not_found(
        self, account: Account, source: str, twin: str
    ) -> None:
        add(account, twin, s={"value": 1})
        add(account, source, i=include(twin, "s"))
        unknown = "00000000-0000-4000-8000-000000000000"
        add(account, twin, r=reference(unknown, account, "s"), t=reference(source, account, "i"))
        assert status(account, twin) == status(account, twin, "t") == ("not_found", None)

    def test_in_the_same_ledger_is_refused(self, account: Account, twin: str) -> None:
        client = account.client()
        entries = {"r": reference(twin, account, "s")}
        answer = client.add_twin_ledger_entry(twin, body={"entries": entries})
        assert error(answer) == (400, "400592")

    def test_over_a_chain(self, account: Account, source: str) -> None:
        """Changes go all the way, also of what breaks in the middle."""
        twins = [source, *(new_twin(account) for _ in range(4))]
        add(account, source, r={"value": 1})
        for before, after in pairwise(twins):
            add(account, after, r=reference(before, account, "r"))
        last = twins[-1]
        assert status(account, last) == ("ok", 1)
        update(account, source, r={"value": 2})
        becomes(lambda: status(account, last), ("ok", 2))
        drop(account, twins[2], "r")
        becomes(lambda: status(account, last), ("not_found", 2))
        add(account, twins[2], r={"value": 3})
        becomes(lambda: status(account, last), ("ok", 3))

    def test_over_more_than_eight_hops_is_refused(self, account: Account, source: str) -> None:
        add(account, source, r={"value": 1})
        twins = [source]
        for _ in range(10):
            twins.append(new_twin(account))
            add(account, twins[-1], r=reference(twins[-2], account, "r"))
        assert status(account, twins[8]) == ("ok", 1)
        assert status(account, twins[9])[0] == "too_many_hops"
        assert status(account, twins[10])[0] == "too_many_hops"

    @pytest.mark.parametrize("length", [2, 3, 5])
    def test_in_a_loop_is_detected_and_mended(self, account: Account, length: int) -> None:
        twins = [new_twin(account) for _ in range(length)]
        for twin, following in zip(twins, [*twins[1:], twins[0]], strict=True):
            add(account, twin, r=reference(following, account, "r"))
        for twin in twins:
            becomes(lambda twin=twin: status(account, twin), ("loop_detected", None))  # type: ignore[misc]
        outside = new_twin(account)
        add(account, outside, r=reference(twins[0], account, "r"))
        assert status(account, outside)[0] == "loop_detected"
        drop(account, twins[-1], "r")
        add(account, twins[-1], r={"value": 7})
        for twin in (*twins[:-1], outside):
            becomes(lambda twin=twin: status(account, twin), ("ok", 7))  # type: ignore[misc]

    def test_that_would_make_the_ledger_too_large_keeps_its_value(
        self, account: Account, source: str, twin: str
    ) -> None:
        add(account, source, s={"value": 1})
        add(account, twin, big={"value": "x" * 50_000}, r=reference(source, account, "s"))
        update(account, source, s={"value": "x" * 50_000})
        becomes(lambda: status(account, twin), ("not_found", 1))
        update(account, source, s={"value": 2})
        becomes(lambda: status(account, twin), ("ok", 2))

    def test_of_many_all_follow(self, account: Account, source: str) -> None:
        add(account, source, s={"value": 1})
        twins = [new_twin(account) for _ in range(30)]
        for twin in twins:
            add(account, twin, r=reference(source, account, "s"))
        update(account, source, s={"value": 2})
        becomes(lambda: [values(account, twin)["r"] for twin in twins], [2] * 30)


class TestReferenceBetweenAccounts:
    @pytest.fixture
    def other(self, server: Server) -> Account:
        return server.account().member(**EYES)

    def test_copies_what_is_shown(self, account: Account, other: Account, source: str) -> None:
        add(account, source, s={"value": 1, "visibility": f"account == '{other.account}'"})
        own = uuid_of(create(other.client()))
        add(other, own, r=reference(source, account, "s"), p=reference(source, account, "x"))
        add(other, source, r=reference(source, account, "s"))  # on the same twin
        assert status(other, own) == status(other, source) == ("ok", 1)
        update(account, source, s={"value": 2})
        becomes(lambda: (status(other, own), status(other, source)), (("ok", 2), ("ok", 2)))

    def test_ends_when_it_is_no_longer_shown(
        self, account: Account, other: Account, source: str
    ) -> None:
        add(account, source, s={"value": 1, "visibility": "true"})
        own = uuid_of(create(other.client()))
        add(other, own, r=reference(source, account, "s"))
        update(account, source, s={"visibility": None})
        becomes(lambda: status(other, own), ("not_found", 1))
        update(account, source, s={"value": 2})
        assert status(other, own) == ("not_found", 1)
        update(account, source, s={"visibility": "true"})
        becomes(lambda: status(other, own), ("ok", 2))

    @pytest.mark.parametrize(
        "rules",
        [
            {},
            {"twin_rule": "true"},
            {"entry_rule": "true"},
            {"twin_rule": "twin_owner == account", "entry_rule": "true"},
            {"twin_rule": "true", "entry_rule": "entry_name != 's'"},
        ],
    )
    def test_sees_no_more_than_the_user_who_added_it(
        self, server: Server, account: Account, source: str, rules: Any
    ) -> None:
        """Also when the source comes, or changes, later: nobody reads through a reference."""
        member = server.account().member(**rules)
        own = uuid_of(create(member.client()))
        add(member, own, r=reference(source, account, "s"))
        add(account, source, s={"value": 1, "visibility": "true"})
        control = server.account().member(**EYES)
        witness = uuid_of(create(control.client()))
        add(control, witness, r=reference(source, account, "s"))
        update(account, source, s={"value": 2})
        becomes(lambda: status(control, witness), ("ok", 2))
        assert status(member, own) == ("not_found", None)

    def test_of_a_user_who_may_read_no_ledger_shows_nothing(
        self, account: Account, source: str, twin: str
    ) -> None:
        add(account, source, s={"value": 1})
        writer = account.member({"effect": "allow", "actions": ["add_twin_ledger_entry"]})
        entries = {"r": reference(source, account, "s"), "i": include(source, "s")}
        made = body(writer.client().add_twin_ledger_entry(twin, body={"entries": entries}))
        assert made["entries"]["r"]["ref"]["status"] == "not_found"
        assert made["entries"]["i"] == {"error": "Source not found."}

    def test_ends_with_that_user(self, server: Server, account: Account, source: str) -> None:
        administrator = server.account()
        member = administrator.member(**EYES)
        add(account, source, s={"value": 1, "visibility": "true"})
        own = uuid_of(create(member.client()))
        add(member, own, r=reference(source, account, "s"))
        body(administrator.client().delete_user(member.user))
        update(account, source, s={"value": 2})
        becomes(lambda: status(administrator, own), ("not_found", 1))


class TestInclude:
    def test_reads_through(self, account: Account, source: str, twin: str) -> None:
        first = add(account, source, s={"value": 1})["s"]
        made = add(account, twin, i=include(source, "s"))["i"]
        assert made["value"] == 1
        assert made["value_changed_ts"] == first["value_changed_ts"]
        assert "visibility" not in made
        update(account, source, s={"value": 2})
        assert values(account, twin) == {"i": 2}
        drop(account, source, "s")
        assert values(account, twin) == {"i": None}

    def test_of_a_reference_is_its_value_of_an_include_is_null(
        self, account: Account, source: str, twin: str
    ) -> None:
        third = new_twin(account)
        add(account, source, s={"value": 1})
        add(account, twin, r=reference(source, account, "s"), i=include(source, "s"))
        add(account, third, r=include(twin, "r"), i=include(twin, "i"))
        assert values(account, third) == {"r": 1, "i": None}

    def test_is_of_another_ledger_of_the_own_account(
        self, account: Account, server: Server, source: str, twin: str
    ) -> None:
        other, client = server.account(), account.client()
        add(account, twin, s={"value": 1})
        for text in (f"twin://{twin}/s", f"twin://{source}/{other.account}/s"):
            entries = {"i": {"include": {"source": text}}}
            answer = client.add_twin_ledger_entry(twin, body={"entries": entries})
            assert error(answer) == (400, "400592")
        made = add(account, twin, i=include(source, "missing"))
        assert made["i"] == {"error": "Source not found."}

    def test_is_never_shown_to_others(
        self, account: Account, server: Server, source: str, twin: str
    ) -> None:
        add(account, source, s={"value": 1, "visibility": "true"})
        add(account, twin, i=include(source, "s"))
        other = server.account().member(**EYES)
        assert values(other, source, account.account) == {"s": 1}
        assert values(other, twin, account.account) == {}

    def test_needs_a_source_that_the_user_sees(
        self, account: Account, source: str, twin: str
    ) -> None:
        add(account, source, s={"value": 1}, t={"value": 2})
        member = account.member(entry_rule="entry_name != 's'")
        made = add(member, twin, i=include(source, "s"), j=include(source, "t"))
        assert made["i"] == {"error": "Source not found."}
        assert made["j"]["value"] == 2
        blind = account.member(twin_rule=f"twin != '{source}'")
        assert add(blind, twin, k=include(source, "s"))["k"] == {"error": "Source not found."}
