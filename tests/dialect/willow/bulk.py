"""An estate of a hundred thousand twins, put into a store at once: large enough to show a scan."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from tests.material import PREFIX

from twinhold.registry import ids
from twinhold.store import Transaction
from twinhold.store.statement import Statement

BATCH = 5_000
NOW = 1_700_000_000_000_000

INSERT_TWINS = Statement(
    """INSERT INTO twins (uuid, owner, creator, created, updated, id, model, contents)
    SELECT CAST(value ->> 0 AS {uuid}), CAST(:owner AS {uuid}), CAST(:owner AS {uuid}),
        CAST(:now AS {bigint}), CAST(value ->> 1 AS {bigint}), value ->> 2, value ->> 3,
        value ->> 4
    FROM {json_items}(CAST(:rows AS {json}))"""
)
INSERT_EDGES = Statement(
    """INSERT INTO relationships
        (source, relationship, name, target, source_id, target_id, changed)
    SELECT CAST(value ->> 0 AS {uuid}), value ->> 1, value ->> 2, CAST(value ->> 3 AS {uuid}),
        value ->> 4, value ->> 5, CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json}))"""
)


class Thing(NamedTuple):
    """A twin and the relationships that leave it, by name and target."""

    id: str
    model: str
    edges: tuple[tuple[str, str], ...] = ()
    contents: dict[str, Any] | None = None


def things(capabilities: Sequence[str], count: int) -> Iterator[Thing]:
    """Portfolio, buildings, levels, rooms, and in each room an asset with its capabilities."""
    made = 1
    yield Thing("PF-1", "Portfolio")
    for number in range(count):
        building, level, room = (
            f"BLD-{number // 500:03d}",
            f"BLD-{number // 500:03d}-L{number // 25 % 20:02d}",
            f"BLD-{number // 500:03d}-L{number // 25 % 20:02d}-R{number % 25:02d}",
        )
        found = list(_room(number, building, level, room, capabilities))
        yield from found
        made += len(found)
        if made >= count:
            return


def _room(
    number: int, building: str, level: str, room: str, capabilities: Sequence[str]
) -> Iterator[Thing]:
    if number % 500 == 0:
        yield Thing(building, "Building", (("includedIn", "PF-1"),))
        yield Thing(f"AHU-{building}", "AirHandlingUnit", (("locatedIn", building),))
    if number % 25 == 0:
        yield Thing(level, "Level", (("isPartOf", building),))
        yield Thing(f"BC-{level}", "BACnetController", (("locatedIn", level),))
    if number % 2500 == 7:
        yield Thing(f"CH-{number}", "Chiller", (("locatedIn", room), ("servedBy", room)))
    yield Thing(room, "Room", (("isPartOf", level),))
    for vav in range(3):
        asset = f"VAV-{room}-{vav}"
        yield Thing(asset, "VAVBoxReheat", (("locatedIn", room), ("isFedBy", f"AHU-{building}")))
        for point in range(5):
            model = capabilities[(number * 15 + vav * 5 + point) % len(capabilities)]
            yield Thing(
                f"PNT-{room}-{vav}-{point}",
                model,
                (("isCapabilityOf", asset), ("hostedBy", f"BC-{level}")),
            )


def descendants(ontology: Sequence[dict[str, Any]], root: str) -> list[str]:
    """The names of a model and of all that extend it."""
    found = {f"{PREFIX}{root};1"}
    for interface in ontology:  # bases come first
        bases = interface.get("extends") or []
        if found & {*([bases] if isinstance(bases, str) else bases)}:
            found.add(interface["@id"])
    return [dtmi.removeprefix(PREFIX).removesuffix(";1") for dtmi in sorted(found)]


async def insert(transaction: Transaction, owner: str, estate: Sequence[Thing]) -> None:
    """Put an estate into an account's store, unchecked."""

    def uuid(id_: str) -> str:
        return ids.named_twin_uuid(owner, id_)

    twins = (
        (
            uuid(thing.id),
            NOW + number,
            thing.id,
            f"{PREFIX}{thing.model};1",
            _contents(number, thing),
        )
        for number, thing in enumerate(estate)
    )
    edges = (
        (
            uuid(thing.id),
            f"{thing.id}_{name}_{target}",
            name,
            uuid(target),
            thing.id,
            target,
        )
        for thing in estate
        for name, target in thing.edges
    )
    for statement, rows in ((INSERT_TWINS, twins), (INSERT_EDGES, edges)):
        while batch := list(islice(rows, BATCH)):
            parameters = {"owner": owner, "now": NOW, "rows": json.dumps(batch)}
            await transaction.run(statement, parameters)


def _contents(number: int, thing: Thing) -> str:
    if thing.contents is not None:
        return json.dumps(thing.contents, ensure_ascii=False)
    contents: dict[str, Any] = {
        "name": f"{thing.model} {number}",
        "code": thing.id,
        "uniqueID": f"a360cf30-c112-40a1-b4b4-{number:012d}",
        "siteID": "104bd33c-a697-4027-b6a6-677e30a53d09",
        "externalIds": {"mappingKey": f"msrc:///CON5@willow-source/twin/{thing.id}"},
        "mappedIds": [
            {"exactType": "ExternalIdentity", "scope": "ORG", "scopeId": "ORG2", "value": thing.id}
        ],
        "levelNumber": number % 50,
    }
    return json.dumps(contents)
