"""Resolving identities with the vendor's client: whose, which twins, and at what cost."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.harness import Account, Server, answered, body, create, error, uuid_of

from twinhold.api.trusted_twin.wire import identities as wire
from twinhold.registry import ids
from twinhold.store import Store, Transaction, identities, open_store
from twinhold.store.shape import NOTHING
from twinhold.store.statement import Statement

RFID = "RFID#be744bdc-0f6d-4a00-8199-9f6a893c1bde"
PAST, FUTURE = 1_608_591_123.123, 4_000_000_000.5


@pytest.fixture
def rfid() -> str:
    """An identity that no other test attaches: everybody's are asked for."""
    return f"RFID#{uuid.uuid4()}"


@pytest.fixture
def other(server: Server) -> Account:
    return server.account()


@pytest.fixture
def seer(server: Server) -> Account:
    """A user of a third account whom every rule lets through."""
    return server.account().member(
        description={"company": "acme"}, twin_rule="true", identity_rule="true"
    )


def new_twin(owner: Account, **description: Any) -> str:
    return uuid_of(create(owner.client(), description=description))


def attach(caller: Account, twin: str, name: str = RFID, **members: Any) -> None:
    sent = {"identities": {name: members}}
    body(caller.client().create_twin_identity(twin, body=sent))


def resolved(caller: Account, name: str = RFID, **params: Any) -> list[Any]:
    answer = caller.client().resolve_twin_identity(name, params=params)
    answered(answer, wire.Resolved)
    twins: list[Any] = body(answer)["twins"]
    return twins


class TestContext:
    def test_is_personal_unless_asked_for(
        self, rfid: str, account: Account, other: Account, seer: Account
    ) -> None:
        own, foreign = new_twin(account), new_twin(other)
        attach(seer, own, rfid)
        attach(other, foreign, rfid, visibility="true")
        assert resolved(seer, rfid) == resolved(seer, rfid, context="personal") == [own]
        assert resolved(account, rfid) == []

    def test_names_accounts(
        self, rfid: str, account: Account, other: Account, seer: Account
    ) -> None:
        twins = {caller.account: new_twin(caller) for caller in (account, other)}
        for caller in (account, other):
            attach(caller, twins[caller.account], rfid, visibility="true")
        mine = new_twin(seer)
        attach(seer, mine, rfid)
        both = sorted(twins.values())
        assert resolved(seer, rfid, context=account.account) == [twins[account.account]]
        assert resolved(seer, rfid, context=[account.account, other.account.upper()]) == both
        assert resolved(seer, rfid, context=f"{account.account},{other.account}") == both
        assert resolved(seer, rfid, context=["personal", other.account]) == sorted(
            [mine, twins[other.account]]
        )
        assert resolved(seer, rfid, context="system") == sorted([mine, *both])
        assert resolved(seer, rfid, context=["system", other.account]) == sorted([mine, *both])

    @pytest.mark.parametrize("context", ["", "x", "foreign", ["personal", "x"], "personal,"])
    def test_refuses_others(self, account: Account, context: Any) -> None:
        answer = account.client().resolve_twin_identity(RFID, params={"context": context})
        assert error(answer) == (400, "400592")

    @pytest.mark.parametrize("name", ["x", "A#", "A%23b", "1#a", "A#a/b"])
    def test_refuses_a_name_of_another_form(self, account: Account, name: str) -> None:
        assert error(account.client().resolve_twin_identity(name)) == (400, "400592")

    def test_an_unknown_identity_stands_for_nothing(self, account: Account) -> None:
        for params in ({}, {"context": "system"}, {"details": True}):
            assert resolved(account, **params) == []


class TestVisibility:
    def test_uuids_need_no_visible_twin_and_details_do(
        self, rfid: str, account: Account, other: Account
    ) -> None:
        twin = new_twin(account)
        attach(account, twin, rfid, visibility="true")
        half = other.member(identity_rule="true")
        assert resolved(half, rfid, context="system") == [twin]
        assert resolved(half, rfid, context="system", details=True) == []
        whole = other.member(identity_rule="true", twin_rule="true")
        assert resolved(whole, rfid, context="system", details=True) == [
            body(account.client().get_twin(twin))
        ]

    def test_foreign_ones_need_an_identity_rule(
        self, rfid: str, account: Account, other: Account
    ) -> None:
        attach(account, new_twin(account), rfid, visibility="true")
        assert resolved(other.member(twin_rule="true"), rfid, context="system") == []

    def test_looks_at_caller_twin_and_identity(
        self, rfid: str, account: Account, seer: Account, other: Account
    ) -> None:
        twin = new_twin(account, company="acme")
        attach(account, twin, rfid, visibility="TWIN.company == USER.company")
        umbrella = other.member(
            description={"company": "umbrella"}, twin_rule="true", identity_rule="true"
        )
        assert resolved(seer, rfid, context="system") == [twin]
        assert resolved(umbrella, rfid, context="system") == []
        assert resolved(account, rfid) == [twin]
        picky = other.member(description={"company": "acme"}, identity_rule="identity =~ 'NFC#.*'")
        assert resolved(picky, rfid, context="system") == []

    def test_terminated_twins_resolve(self, account: Account) -> None:
        twin = new_twin(account)
        attach(account, twin)
        body(account.client().terminate_twin(twin))
        assert resolved(account) == [twin]
        assert resolved(account, details=True)[0]["status"] == "terminated"

    def test_an_expired_identity_does_not(self, account: Account) -> None:
        twin = new_twin(account)
        attach(account, twin, validity_ts=PAST)
        assert resolved(account) == []
        body(account.client().update_twin_identity(twin, RFID, body={"validity_ts": FUTURE}))
        assert resolved(account) == [twin]

    def test_many_twins(self, rfid: str, account: Account, seer: Account) -> None:
        twins = sorted(new_twin(account) for _ in range(40))
        for twin in twins:
            attach(account, twin, rfid, visibility="TWIN.n == null")
            attach(seer, twin, rfid)
        assert resolved(account, rfid) == twins
        assert resolved(seer, rfid, context="system") == twins
        assert resolved(seer, rfid, context=account.account) == twins
        assert len(resolved(seer, rfid, context="system", details=True)) == 40


class Cast(NamedTuple):
    """Of three accounts: who attaches, who resolves under a rule of their own, and a twin each."""

    writers: list[Account]
    readers: list[Account]
    twins: list[str]
    names: Iterator[str]


@pytest.fixture(scope="module")
def cast(server: Server) -> Cast:
    homes = [server.account() for _ in range(3)]
    rules = ("true", "TWIN.n > 0", None)
    return Cast(
        [home.member(twin_rule="true") for home in homes],
        [
            home.member(description={"n": n}, twin_rule="true", identity_rule=rules[n])
            for n, home in enumerate(homes)
        ],
        [new_twin(home, n=n) for n, home in enumerate(homes)],
        (f"A#{uuid.uuid4()}" for _ in count()),
    )


VISIBILITIES: dict[str | None, Callable[[int, int, Any], bool]] = {
    None: lambda *_: False,
    "true": lambda *_: True,
    "USER.n == TWIN.n": lambda user, twin, _: user == twin,
    "identity_validity_ts > now": lambda *of: of[2] == FUTURE,
}

Attached = tuple[int, int, float | None, str | None]
"""Numbers of the account and the twin; validity and visibility."""

attachments = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from([None, PAST, FUTURE]),
        st.sampled_from(list(VISIBILITIES)),
    ),
    unique_by=lambda made: made[:2],
    min_size=1,
)


def expected(attached: list[Attached], caller: int, whose: set[int]) -> set[int]:
    """The twins that the specification shows to a caller."""
    by_rule = (lambda _: True, lambda twin: twin > 0, None)[caller]
    found = set()
    for account, twin, validity, visibility in attached:
        own = account == caller
        covered = own if by_rule is None else by_rule(twin)
        visible = own or VISIBILITIES[visibility](caller, twin, validity)
        if account in whose and validity != PAST and covered and visible:
            found.add(twin)
    return found


@settings(max_examples=30, deadline=None)
@given(attached=attachments, whose=st.sets(st.integers(0, 2), min_size=1), everybody=st.booleans())
def test_resolving_is_what_the_specification_says(
    cast: Cast, attached: list[Attached], whose: set[int], *, everybody: bool
) -> None:
    name = next(cast.names)
    for account, twin, validity, visibility in attached:
        members = {"validity_ts": validity, "visibility": visibility}
        attach(cast.writers[account], cast.twins[twin], name, **members)
    context = "system" if everybody else [cast.readers[n].account for n in sorted(whose)]
    asked = {0, 1, 2} if everybody else whose
    for number, reader in enumerate(cast.readers):
        wanted = sorted(cast.twins[n] for n in expected(attached, number, asked))
        assert resolved(reader, name, context=context) == wanted
        details = resolved(reader, name, context=context, details=True)
        assert [uuid_of(twin) for twin in details] == wanted


LOOKUP = {"identity": RFID, "now": 0, "account": ids.LOWEST, "twin": ids.LOWEST, "count": 500}
OWN = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("statement", "whose", "range_end"),
    [
        (identities.RESOLVE_FOR_ONE, {"last": OWN}, " AND account<?)"),
        (identities.RESOLVE, {"accounts": f'["{OWN}"]', "last": OWN}, " AND account<?)"),
        (identities.RESOLVE_ALL, {"own": OWN}, ")"),
    ],
    ids=["account", "accounts", "everybody"],
)
def test_is_a_look_up_in_an_index(
    engine: str,
    new_database: Callable[[], str],
    tmp_path: Path,
    *,
    statement: Statement,
    whose: dict[str, str],
    range_end: str,
) -> None:
    """The engine goes to the identity and from there to its twins, however many there are."""
    explain = "EXPLAIN QUERY PLAN " if engine == "sqlite" else "EXPLAIN "
    planned = Statement(explain + statement.text).shaped(NOTHING)

    async def plan(transaction: Transaction) -> str:
        if engine == "postgresql":  # which goes through a small table as a whole
            await transaction.run(Statement("SET LOCAL enable_seqscan = off"), {})
        rows = await transaction.all(planned, LOOKUP | whose)
        return "\n".join(str(row[-1] if engine == "sqlite" else row[0]) for row in rows)

    database = None if engine == "sqlite" else new_database()

    async def run() -> str:
        store: Store = await open_store(tmp_path, database)
        try:
            return await store.write(plan)
        finally:
            await store.close()

    steps = asyncio.run(run())
    if engine == "sqlite":
        by_name = "SEARCH identities USING INDEX identities_by_name (identity=? AND (account,twin)>"
        assert f"{by_name}(?,?){range_end}" in steps
        assert "SEARCH twins USING" in steps
    else:
        assert "Index Scan using identities_by_name on identities" in steps
        assert "Index Scan using twins_pkey on twins" in steps
