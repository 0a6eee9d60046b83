"""Pages of more models than are looked for one by one.

Among the next twins, as many as one walk looks at, there are enough of them, some or none: all
pages together have what a plain reading has.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from tests.dialect.willow import bulk
from tests.dialect.willow.bulk import Thing
from tests.harness import in_registry
from tests.material import PREFIX

from twinhold import rules
from twinhold.api.willow.wire.relationships import RELATIONSHIP
from twinhold.api.willow.wire.twins import TWIN
from twinhold.registry import Registry, accounts, twin_queries
from twinhold.registry.calls import OwnCalls
from twinhold.registry.principal import Call
from twinhold.registry.twin_filters import Filters, ModelFilter
from twinhold.registry.twin_queries import WALKED_FOR_EACH, Query
from twinhold.registry.twin_views import View

FAMILY = [f"Child{number}" for number in range(150)]
FILTERS = Filters(ModelFilter(tuple(f"{PREFIX}{name};1" for name in FAMILY), exact=True))
VIEW = View(TWIN, RELATIONSHIP)
WALKED = WALKED_FOR_EACH * len(FAMILY)
LATE = 2 * WALKED + 800
FEW = {0, *range(WALKED - 1, WALKED + 3), 2 * WALKED + 1, 2 * WALKED + 2}
"""Which of the first twins are of the family: some are where a walk ends."""


def estate() -> Iterator[Thing]:
    """In the order of ids: few twins of the family, many among others, and then none."""
    for number in range(2 * WALKED + 500):
        yield _thing(f"A-{number:05d}", number, of_family=number in FEW)
    for number in range(600):
        yield _thing(f"B-{number:05d}", number, of_family=number % 2 == 0)
    for number in range(WALKED + 500):
        yield _thing(f"C-{number:05d}", number, of_family=False)


def _thing(id_: str, number: int, *, of_family: bool) -> Thing:
    return Thing(id_, FAMILY[number % len(FAMILY)] if of_family else "Other", contents={})


async def read(calls: OwnCalls, filters: Filters, count: int) -> list[str]:
    """The ids on all pages of a size."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await calls.search(twin_queries.find_page, Query(filters, VIEW, after, count))
        found += [shown.twin.id or "" for shown in page.twins]
        after = page.last
    return found


def test_pages_have_what_a_plain_reading_has(
    engine: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    things = list(estate())
    wanted = [thing.id for thing in things if thing.model != "Other"]
    late = [thing.id for thing in things[LATE + 1 :] if thing.model != "Other"]

    async def check(registry: Registry) -> None:
        store = registry.store
        made = await store.write(accounts.create, "Test", accounts.draft(), bulk.NOW, operator=True)
        await store.write(bulk.insert, made.account, things)
        actor = await registry.authenticator.principal(made.secret, bulk.NOW)
        everyone = OwnCalls(store, Call(actor, bulk.NOW))
        even = msgspec.structs.replace(actor, twin_rule=rules.parse("twin_id =~ '.*[02468]$'"))
        member = OwnCalls(store, Call(even, bulk.NOW))
        changed = msgspec.structs.replace(FILTERS, changed_after=bulk.NOW + LATE)
        for count in (3, 100, 1000):
            assert await read(everyone, FILTERS, count) == wanted
            assert await read(everyone, changed, count) == late
            assert await read(member, FILTERS, count) == [
                id_ for id_ in wanted if int(id_[-1]) % 2 == 0
            ]

    in_registry(tmp_path, None if engine == "sqlite" else new_database(), check)
