"""The principals whose credentials came lately, as long as they do not take too much memory."""

from typing import TYPE_CHECKING

import msgspec

from twinhold.registry.loaded_models import LoadedModels
from twinhold.registry.principal import Principal

if TYPE_CHECKING:
    from twinhold.rules import Rule

MOST_BYTES = 16_000_000
_LEAST_BYTES = 1_000
_BYTES_OF_RULE = 150
_BYTES_OF_TOKEN = 5
"""Of each character: a rule is ready for use, and the dictionary of a token is decoded."""


class Remembered:
    """Principals by the digests of their credentials; all are forgotten when they are too many.

    Those of one account and generation share the models that they load, those of one role its
    rules.
    """

    def __init__(self) -> None:
        self._principals: dict[bytes, Principal] = {}
        self._bytes: dict[bytes, int] = {}
        self._total = 0
        self._rules: set[Rule | None] = set()
        self._models: dict[tuple[str, int], LoadedModels] = {}
        self.find = self._principals.get

    def add(self, digest: bytes, found: Principal, length: int) -> Principal:
        """Remember who is behind a credential of some length, as it is from now on."""
        self.remove(digest)  # which another request may have added meanwhile
        if self._total > MOST_BYTES:
            self.clear()
        shared = self._models.setdefault((found.account, found.generation), found.models)
        found = msgspec.structs.replace(found, models=shared)
        dictionary = 0 if found.token is None else _BYTES_OF_TOKEN * length
        size = _LEAST_BYTES + len(found.description or "") + dictionary
        self._total += size + self._added_by_rules(found)
        self._bytes[digest] = size
        self._principals[digest] = found
        return found

    def _added_by_rules(self, found: Principal) -> int:
        """What the rules take that no other principal has."""
        rules = {found.twin_rule, found.entry_rule, found.identity_rule} - self._rules
        self._rules |= rules
        return _BYTES_OF_RULE * sum(len(rule.text) for rule in rules if rule is not None)

    def remove(self, digest: bytes) -> bool:
        """Forget one; whether it was there."""
        self._total -= self._bytes.pop(digest, 0)
        return self._principals.pop(digest, None) is not None

    def clear(self) -> None:
        """Forget all of them."""
        self._principals.clear()
        self._bytes.clear()
        self._rules.clear()
        self._models.clear()
        self._total = 0
