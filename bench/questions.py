"""What is asked of registries of different sizes: the same questions, with answers of one size."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from bench import estate, wires
from bench.estate import RARE, RARE_COUNT
from bench.grown import Sample
from bench.targets import Target, WrongAnswerError
from bench.wires import Request
from tests.dialect.willow.bulk import Thing
from tests.material import PREFIX

from twinhold.registry import ids
from twinhold.registry.cursors import Cursors

TITLES = {
    "get": "GET of a twin, any of all",
    "post": "POST of a twin",
    "patch": "PATCH of a twin, any of half of them",
    "put": "PUT of a new twin of a model",
    "first": "first page of a scan, 100 with details",
    "later": "page of a scan at any place",
    "family": "v3 page of a model with 234 to 2511 descendants",
    "rare": "v3 page of a model that 20 twins have",
    "room": "v3 page of a location, 19 twins",
    "level": "v3 page of a location, 100 of 477",
    "points": "v3 page of a location and a model, 100 of 375",
    "graph": "v3 graph, 476 twins in three steps",
}
FILTERED = ("family", "rare", "room", "level", "points")

_SCAN = "/twins?count=100&details=true"
_FAMILIES = ("Capability", "Asset", "Setpoint", "Sensor", "State", "Actuator")
_PAGES_OF_FAMILY = 3
_PLACES = 2_000
_MODELS = 40
_ROOMS_OF_LEVEL = 25
_LEVELS_OF_BUILDING = 20
_TWINS_OF_ROOM = 19.2


@dataclass(frozen=True)
class Asker:
    """A registry to ask.

    Attributes:
        target: its server.
        account: whose twins are asked for.
        cursors: seals cursors as the registry does.
        size: how many twins it was grown to.
        sample: some of them.
    """

    target: Target
    account: str
    cursors: Cursors
    size: int
    sample: Sample

    def questions(self, operation: str, turn: int) -> Iterator[bytes]:
        """Requests of an operation without end, as they go over the wire.

        Args:
            operation: one of `TITLES`.
            turn: a number that was not given before; new twins are named by it.
        """
        host = self.target.server.url.removeprefix("http://")
        if operation == "put":
            return (request.raw(self.target.wire, host) for request in _new_twins(turn))
        known = [request.raw(self.target.wire, host) for request in _QUESTIONS[operation](self)]
        return iter(lambda: random.choice(known), b"")

    def check(self) -> None:
        """Ask everything once, and put some twins once more as they are.

        Raises:
            WrongAnswerError: an answer is not what it should be; the text says which.
        """
        for operation, expected in _FOUND.items():
            found = self._found(self._one(operation), expected)
            if found != expected:
                self._refuse(f"{operation}: {found} twins instead of {expected}")
        graph = self.target.answer(self._one("graph"))
        if [len(twins) for twins in graph.values()] != _FOUND_IN_GRAPH:
            self._refuse("graph: not the twins that are there")
        for thing in _some_of_each_kind():
            self._check_twin(thing)

    def _found(self, request: Request, count: int) -> int:
        """How many twins come, at most so many; a page whose time is up goes on with another."""
        page = self.target.answer(request)
        if request.method == "GET":
            return len(page["twins"])
        found = len(page["content"])
        while found < count and page["continuationToken"]:
            more = {"continuationToken": page["continuationToken"]}
            page = self.target.answer(_list(request.value or {}, **more))
            found += len(page["content"])
        return found

    def _one(self, operation: str) -> Request:
        return next(_QUESTIONS[operation](self))

    def _check_twin(self, thing: Thing) -> None:
        """What the registry makes of a twin and its edges is what it has already."""
        before = self._twin(thing), self._edges(thing)
        contents = estate.contents_of(thing, ids.named_twin_uuid(self.account, thing.id))
        self.target.answer(_put(thing.id, thing.model, contents))
        for name, target in thing.edges:
            edge = {"sourceId": thing.id, "targetId": target, "name": name}
            self.target.answer(Request("PUT", "/api/v3/twins/relationships", edge))
        after = self._twin(thing), self._edges(thing)
        if before != after:
            self._refuse(f"{thing.id} is {before}, and put once more {after}")

    def _twin(self, thing: Thing) -> dict[str, Any]:
        twin: dict[str, Any] = self.target.answer(Request("GET", f"/api/v3/twins/{thing.id}"))
        return {name: value for name, value in twin.items() if name != "lastUpdateTime"}

    def _edges(self, thing: Thing) -> Any:
        path = f"/api/v3/twins/{thing.id}/relationships/outgoing"
        return self.target.answer(Request("GET", path))

    def _refuse(self, what: str) -> NoReturn:
        raise WrongAnswerError(f"registry of {self.size}, {what}")


def _get(asker: Asker) -> Iterator[Request]:
    for uuid in asker.sample.plain + asker.sample.modelled:
        yield Request("GET", f"/twins/{uuid}")


def _post(_: Asker) -> Iterator[Request]:
    for number in range(_PLACES):
        yield Request("POST", "/twins", {"description": wires.description(number)})


def _patch(asker: Asker) -> Iterator[Request]:
    for number, uuid in enumerate(asker.sample.plain):
        yield Request("PATCH", f"/twins/{uuid}", {"description": wires.description(number)})


def _new_twins(turn: int) -> Iterator[Request]:
    for number in itertools.count():
        name = f"NEW-{turn}-{number}"
        yield _put(name, "Room", {"name": name, "siteID": "104bd33c-a697-4027-b6a6-677e30a53d09"})


def _first(_: Asker) -> Iterator[Request]:
    yield Request("GET", _SCAN)


def _later(asker: Asker) -> Iterator[Request]:
    uuids = asker.sample.plain + asker.sample.modelled
    for uuid in random.sample(uuids, min(_PLACES, len(uuids))):
        yield Request("GET", f"{_SCAN}&cursor={asker.cursors.seal(asker.account, uuid)}")


def _family(asker: Asker) -> Iterator[Request]:
    """The first pages of each family, found by following them."""
    for name in _FAMILIES:
        token = None
        for _ in range(_PAGES_OF_FAMILY):
            request = _list(_of_model(name), continuationToken=token)
            yield request
            token = asker.target.answer(request)["continuationToken"]


def _rare(_: Asker) -> Iterator[Request]:
    yield _list(_of_model(RARE))


def _room(asker: Asker) -> Iterator[Request]:
    for _, room in _places(asker):
        yield _list(_in(room))


def _level(asker: Asker) -> Iterator[Request]:
    for level, _ in _places(asker):
        yield _list(_in(level))


def _points(asker: Asker) -> Iterator[Request]:
    for level, _ in _places(asker):
        yield _list(_in(level) | _of_model("Capability"))


def _graph(asker: Asker) -> Iterator[Request]:
    points = {"alias": "Points", "direction": "Incoming", "modelNames": [_dtmi("Capability")]}
    assets = _step("Assets", "locatedIn", relationship=points)
    rooms = _step("Rooms", "isPartOf", relationship=assets)
    for level, _ in _places(asker):
        graph = {"alias": "Level", "id": level, "relationships": [rooms]}
        yield Request("POST", "/api/v3/twins/graph", graph)


_QUESTIONS: dict[str, Callable[[Asker], Iterator[Request]]] = {
    "get": _get,
    "post": _post,
    "patch": _patch,
    "first": _first,
    "later": _later,
    "family": _family,
    "rare": _rare,
    "room": _room,
    "level": _level,
    "points": _points,
    "graph": _graph,
}

_FOUND = {"first": 100, "family": 100, "rare": RARE_COUNT, "room": 19, "level": 100, "points": 100}
_FOUND_IN_GRAPH = [1, 25, 75, 375]


def _places(asker: Asker) -> Iterator[tuple[str, str]]:
    """Levels, each with one of its rooms, drawn from all buildings."""
    levels = int(asker.size / 2 / _TWINS_OF_ROOM / _ROOMS_OF_LEVEL)
    for _ in range(_PLACES):
        number, room = random.randrange(levels), random.randrange(_ROOMS_OF_LEVEL)
        building, level = divmod(number, _LEVELS_OF_BUILDING)
        name = f"BLD-{building:03}-L{level:02}"
        yield name, f"{name}-R{room:02}"


def _some_of_each_kind() -> list[Thing]:
    """The first things of some models: of all that are no points, and of some that are."""
    found: dict[str, Thing] = {}
    for thing in estate.things(_PLACES):
        if len(found) == _MODELS:
            break
        found.setdefault(thing.model, thing)
    return list(found.values())


def _put(name: str, model: str, contents: dict[str, str]) -> Request:
    twin = {"id": name, "modelId": _dtmi(model), "contents": contents}
    return Request("PUT", "/api/v3/twins", twin)


def _list(filters: dict[str, Any], **more: Any) -> Request:
    return Request("POST", "/api/v3/twins", filters | more)


def _of_model(name: str) -> dict[str, Any]:
    return {"modelFilter": {"modelIds": [_dtmi(name)], "exactModelMatch": False}}


def _in(place: str) -> dict[str, Any]:
    return {"locationFilter": {"locationId": place}}


def _step(alias: str, name: str, **more: Any) -> dict[str, Any]:
    return {"alias": alias, "direction": "Incoming", "relationshipNames": [name]} | more


def _dtmi(name: str) -> str:
    return f"{PREFIX}{name};1"
