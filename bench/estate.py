"""What a registry of a size holds, the same on both engines.

Half of the twins are plain: a description, as `POST /twins` takes it. The others follow models of
the ontology: buildings with levels, rooms, assets and points, and the relationships between them.
Rows are as the registry writes them; who grows a registry has a sample of them checked.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from bench import wires
from tests.dialect.willow import bulk
from tests.dialect.willow.bulk import Thing
from tests.material import PREFIX, ontology

from twinhold.registry import ids

RARE = "Chiller"
RARE_COUNT = 20
"""Twins of a rare model: as many in a registry of any size, so that a page of them is the same."""

_APART_US = 2_000
"""Between the creation of a twin and of the next."""


class TwinRow(NamedTuple):
    """A row of the table `twins`, without what is the same for all or empty."""

    uuid: str
    created: int
    description: str | None
    id: str | None
    model: str | None
    contents: str | None
    external_id: str | None


class EdgeRow(NamedTuple):
    """A row of the table `relationships`, without what is the same for all or empty."""

    source: str
    relationship: str
    name: str
    target: str
    source_id: str
    target_id: str


def rows(owner: str, count: int, now: int) -> Iterator[tuple[TwinRow, list[EdgeRow]]]:
    """So many twins of an account in the order of their creation, with the edges that leave them.

    Args:
        owner: the account.
        count: an even number.
        now: when the last one was created, in microseconds since the epoch.
    """
    named = lru_cache(10_000)(lambda name: ids.named_twin_uuid(owner, name))
    for number, thing in enumerate(things(count // 2)):
        created = now - (count - 2 * number) * _APART_US
        yield plain(number, created), []
        yield modelled(thing, created + _APART_US, named), list(_edges(thing, named))


def things(count: int) -> Iterator[Thing]:
    """So many twins of models, among them as many of the rare one as always."""
    for number in range(RARE_COUNT):
        yield Thing(f"CH-{number:02}", RARE)
    capabilities = bulk.descendants(json.loads(ontology().read_bytes()), "Capability")
    common = (thing for thing in bulk.things(capabilities, 2 * count) if thing.model != RARE)
    for _ in range(count - RARE_COUNT):
        yield next(common)


def plain(number: int, created: int) -> TwinRow:
    """A twin with a description."""
    description = json.dumps(wires.description(number), separators=(",", ":"))
    uuid = ids.twin_uuid(created, os.urandom(10))
    return TwinRow(uuid, created, description, None, None, None, None)


def modelled(thing: Thing, created: int, named: Callable[[str], str]) -> TwinRow:
    """A twin of a model."""
    uuid = named(thing.id)
    contents = contents_of(thing, uuid)
    return TwinRow(
        uuid,
        created,
        None,
        thing.id,
        f"{PREFIX}{thing.model};1",
        json.dumps(contents, separators=(",", ":")),
        contents.get("externalID") if thing.id.startswith("PNT-") else None,
    )


def contents_of(thing: Thing, uuid: str) -> dict[str, str]:
    """Contents that every model used here allows."""
    return {
        "name": f"{thing.model} {thing.id}",
        "uniqueID": uuid,
        "externalID": f"msrc:///CON5@source/{thing.id}",
        "siteID": "104bd33c-a697-4027-b6a6-677e30a53d09",
        "description": f"{thing.model}, as it was handed over with the building",
    }


def _edges(thing: Thing, named: Callable[[str], str]) -> Iterator[EdgeRow]:
    source = named(thing.id)
    for name, target in thing.edges:
        yield EdgeRow(source, f"{thing.id}_{name}_{target}", name, named(target), thing.id, target)
