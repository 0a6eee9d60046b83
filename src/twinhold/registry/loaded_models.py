"""The models of one account that are in memory, as of one generation of access.

Models come in with all that they depend on, in compiled form, and are decoded when first used. A
change of the account's models is a new generation: nothing here is ever out of date, and nothing is
looked up twice.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhold.dtdl import Model, ModelSet


class LoadedModels:
    """Models by DTMI; every model in it has its dependencies in it too.

    Attributes:
        families: the models that were looked for with those that extend them, in order.
    """

    __slots__ = ("_compiled", "_set", "families")

    def __init__(self) -> None:
        self.families: dict[str, dict[str, None]] = {}
        self._compiled: dict[str, bytes] = {}
        self._set: ModelSet | None = None

    def find(self, dtmi: str) -> "Model | None":
        """A model that is in memory, or None."""
        if self._set is None or dtmi not in self._compiled:
            return None
        return self._set[dtmi]

    def add(self, compiled: Iterable[tuple[str, bytes]]) -> None:
        """Take models in, together with all that they depend on."""
        # The model language takes 60 ms to load, which a registry without models never needs.
        from twinhold.dtdl import ModelSet  # noqa: PLC0415

        self._compiled.update(compiled)
        if self._set is None:
            self._set = ModelSet(self._compiled)
