"""Ledgers against a plain Python model: whatever is done to one, it holds what the model holds."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.dialect.trusted_twin.ledgers import get, history, new_twin, values
from tests.harness import Server, body, error

NAMES = st.sampled_from(["a", "b", "c-1", "_d"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "visibility": st.sampled_from([None, "true", "USER.a == 1"]),
        "history": st.sampled_from([None, "INF", "1D"]),
    },
)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@dataclass
class Kept:
    """An entry as the model has it; `records` newest first, None while none are kept."""

    value: Any
    visibility: str | None = None
    history: str | None = None
    records: list[Any] = field(default_factory=list)

    def change(self, given: dict[str, Any]) -> None:
        """What an update does."""
        changed = "value" in given and not same(self.value, given["value"])
        if changed:
            self.value = given["value"]
        was_kept = self.history
        self.visibility = given.get("visibility", self.visibility)
        self.history = given.get("history", self.history)
        if not self.history:
            self.records = []
        elif changed or not was_kept:
            self.records.insert(0, self.value)


class LedgerMachine(RuleBasedStateMachine):
    """One ledger on the server, and in a dictionary."""

    server: Server

    @initialize()
    def begin(self) -> None:
        self.account = self.server.account()
        self.twin = new_twin(self.account)
        self.client = self.account.client()
        self.model: dict[str, Kept] = {}

    @rule(
        entries=st.dictionaries(NAMES, st.tuples(VALUES, SETTINGS), min_size=1),
        whole=st.booleans(),
    )
    def add(self, entries: dict[str, Any], *, whole: bool) -> None:
        given = {name: {"value": value, **more} for name, (value, more) in entries.items()}
        sent = {"entries": given, "transaction": whole}
        answer = self.client.add_twin_ledger_entry(self.twin, body=sent)
        refused = given.keys() & self.model.keys()
        if not self._refuses(answer, refused, whole=whole):
            for name in given.keys() - refused:
                self.model[name] = Kept(None)
                self.model[name].records = []
                self.model[name].value = given[name]["value"]
                self.model[name].change({k: v for k, v in given[name].items() if k != "value"})

    @rule(
        entries=st.dictionaries(NAMES, SETTINGS, min_size=1),
        new=st.dictionaries(NAMES, VALUES),
        expected=st.dictionaries(NAMES, VALUES, max_size=1),
        whole=st.booleans(),
    )
    def update(
        self,
        entries: dict[str, Any],
        new: dict[str, Any],
        expected: dict[str, Any],
        *,
        whole: bool,
    ) -> None:
        given = {
            name: more | ({"value": new[name]} if name in new else {})
            for name, more in entries.items()
        }
        conditions = {
            name: "entry_value == null" if value is None else "entry_value != null"
            for name, value in expected.items()
        }
        sent = {"entries": given, "conditions": conditions, "transaction": whole}
        answer = self.client.update_twin_ledger_entry(self.twin, body=sent)
        unmet = {
            name
            for name, value in expected.items()
            if (self.model[name].value is None if name in self.model else True) != (value is None)
        }
        refused = (given.keys() - self.model.keys()) | (unmet if whole else unmet & given.keys())
        if not self._refuses(answer, refused, whole=whole):
            for name in given.keys() - refused:
                self.model[name].change(given[name])

    @rule(names=st.none() | st.sets(NAMES, min_size=1))
    def delete(self, names: set[str] | None) -> None:
        params = {} if names is None else {"entries": sorted(names)}
        answer = self.client.delete_twin_ledger_entry(self.twin, params=params)
        asked = set(self.model) if names is None else names
        self._refuses(answer, asked - self.model.keys(), whole=False)
        for name in asked & self.model.keys():
            del self.model[name]

    def _refuses(self, answer: tuple[int, str], refused: set[str], *, whole: bool) -> bool:
        """Whether all was refused; otherwise exactly these entries were."""
        if whole and refused:
            assert error(answer) == (400, "400897")
            return True
        found = body(answer)["entries"]
        assert {name for name, entry in found.items() if "error" in entry} == refused
        return False

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "model"):
            return
        found = get(self.account, self.twin)
        assert found.keys() == self.model.keys()
        for name, kept in self.model.items():
            entry = found[name]
            assert same(entry["value"], kept.value)
            assert (entry["visibility"], entry.get("history")) == (kept.visibility, kept.history)
        assert values(self.account, self.twin).keys() == self.model.keys()
        records = {
            name: list(got.values()) for name, got in history(self.account, self.twin).items()
        }
        assert records.keys() == self.model.keys()
        assert all(same(records[name], kept.records) for name, kept in self.model.items())


def test_a_ledger_holds_what_a_plain_model_holds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerMachine, "server", server, raising=False)
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
