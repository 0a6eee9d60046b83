"""The contract of a store engine; `sqlite` and `postgres` keep it, one test suite holds them to it.

Use cases are async functions over a `Transaction`. On PostgreSQL their awaits are real; on SQLite
none of them ever suspends (docs/explanation/architecture.md says why).
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar

from twinhold.store.statement import Statement

P = ParamSpec("P")
T = TypeVar("T")

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]


EngineName = Literal["sqlite", "postgresql"]


class Transaction(Protocol):
    """What a use case sees of the engine: its statements, run one after the other.

    Every method raises `StoreUnavailableError` when the engine cannot answer.
    """

    @property
    def engine(self) -> EngineName:
        """Which engine it is, for those who compile conditions."""
        ...

    async def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """The first row of the answer, or None when there is none."""
        ...

    async def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Every row of the answer."""
        ...

    async def run(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement whose answer nobody reads."""
        ...

    async def breathe(self) -> None:
        """Let others run for a moment; for use cases that compute for long."""
        ...

    async def generation(self) -> int:
        """How often access has changed so far; see `change_access`."""
        ...

    async def change_access(self) -> None:
        """Say that users, roles or secrets change with this transaction, before they are read.

        Transactions that say so run one after the other. From its commit on, `read_at` and
        `write_at` refuse every earlier generation, in every process and on every machine.
        """
        ...


UseCase = Callable[Concatenate[Transaction, P], Coroutine[Any, Any, T]]


class Store(Protocol):
    """An open registry on one engine.

    `read` and `write` raise what the use case raises, and `StoreUnavailableError` when the engine
    cannot answer. The store mends itself: a later call may succeed.
    """

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that changes nothing."""
        ...

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case in a transaction of its own; return only after its commit is durable.

        What the use case did is undone whole when it raises.
        """
        ...

    async def read_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `read`, only while access is still as it was in that generation.

        Raises:
            AccessChangedError: it is not; the use case has had no effect.
        """
        ...

    async def write_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `write`, only while access is still as it was in that generation.

        Raises:
            AccessChangedError: it is not; the use case has had no effect.
        """
        ...

    async def write_twin_at(
        self,
        generation: int,
        twin: str,
        use_case: UseCase[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like `write_at`, for a use case that changes nothing but what belongs to one twin.

        Such writes may share a transaction with those of other twins; it cannot be noticed.
        """
        ...

    async def search_at(
        self, generation: int, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `read_at`, for a use case that may take long: it holds nobody else up."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let the engine go."""
        ...
