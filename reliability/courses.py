"""What clients write: every kind of write that a registry has, but for twins without a model.

Those, in all their forms, are what `tests.process.load` writes.
"""

import hashlib
import itertools
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from reliability.callers import Caller, Course, Step, Steps
from tests.dialect.willow import series
from tests.material import PREFIX

_PREFIX = "dtmi:com:example:"
_CONTEXT = "dtmi:dtdl:context;3"
_PUMP = f"{_PREFIX}Pump;1"
_PUMP_MODEL = {
    "@context": _CONTEXT,
    "@id": _PUMP,
    "@type": "Interface",
    "contents": [
        {"@type": "Property", "name": "flow", "schema": "integer"},
        {"@type": "Relationship", "name": "feeds"},
    ],
}
_SENSOR_MODEL = f"{PREFIX}Sensor;1"
_LATE = 4_000_000_000
_HISTORY = 100
"""How many records of an entry are read at most."""


class People(Course):
    """A role, a user of it and their secret; all of them change, and end."""

    def steps(self) -> Steps:
        may = {"effect": "allow", "actions": ["get_twin"]}
        for number in itertools.count():
            names = [f"role {number}", f"role {number} b"]
            made = yield Step(
                "POST", "/roles", {"name": names[0], "statement": may}, [names[:1], {}]
            )
            role = f"/roles/{made['uuid']}"
            yield Step("PATCH", role, {"name": names[1]}, [names[1:], {}])
            yield from self._user(made["uuid"], f"user {number}", names[1:])
            yield Step("DELETE", role, None, [[], {}])

    def _user(self, role: str, name: str, roles: list[str]) -> Steps:
        """A user comes, and goes."""

        def seen(number: int, *secret: int | None) -> Any:
            return [roles, {name: [number, *secret]}]

        sent = {"role": role, "name": name, "description": {"n": 0}}
        user = f"/users/{(yield Step('POST', '/users', sent, seen(0)))['uuid']}"
        yield Step("PATCH", user, {"description": {"n": 1}}, seen(1))
        pin = (yield Step("POST", f"{user}/secrets", {}, seen(1)))["pin"]
        yield Step("POST", f"/secrets/{self.account.account}/{pin}", None, seen(1, None))
        yield Step("PATCH", f"{user}/secrets", {"validity_ts": _LATE}, seen(1, _LATE))
        yield Step("DELETE", f"{user}/secrets", None, seen(1))
        yield Step("DELETE", user, None, [roles, {}])

    def see(self, caller: Caller) -> Any:
        roles, users = caller.get("/roles")["roles"], caller.get("/users")["users"]
        own = [user for user in users if user != self.account.user]
        return [
            [role["name"] for uuid, role in roles.items() if uuid != self.account.role],
            {users[user]["name"]: self._seen(caller, user) for user in own},
        ]

    def _seen(self, caller: Caller, user: str) -> Any:
        """The user's description, and how long their secret is valid if they have one."""
        found = [caller.get(f"/users/{user}")["description"]["n"]]
        secret = caller.get(f"/users/{user}/secrets")
        return found if secret is None else [*found, secret["validity_ts"]]


class Accounts(Course):
    """The settings of an account."""

    def steps(self) -> Steps:
        while True:
            yield Step("PATCH", "/account", {"resource_access_log": {}}, {})
            yield Step("PATCH", "/account", {"resource_access_log": None}, None)

    def see(self, caller: Caller) -> Any:
        return caller.get("/account").get("resource_access_log")


class _OfTwin(Course):
    """Something that hangs on a twin without a model."""

    def begin(self, caller: Caller) -> None:
        self.twin: str = caller.do("POST", "/twins", {})["creation_certificate"]["uuid"]
        self.path = f"/twins/{self.twin}"


class Identities(_OfTwin):
    """Two identities at once; one is changed, both are taken off."""

    def steps(self) -> Steps:
        for number in itertools.count():
            one, two = f"RFID#{number}a", f"RFID#{number}b"
            sent: Any = {"identities": {one: {}, two: {}}}
            yield Step("POST", f"{self.path}/identities", sent, {one: None, two: None})
            places = [f"{self.path}/identities/{quote(name, safe='')}" for name in (one, two)]
            yield Step("PATCH", places[0], {"validity_ts": _LATE}, {one: _LATE, two: None})
            yield Step("DELETE", places[1], None, {one: _LATE})
            yield Step("DELETE", places[0], None, {})

    def see(self, caller: Caller) -> Any:
        found = {}
        for name in caller.get(f"{self.path}/identities")["identities"]:
            one = caller.get(f"{self.path}/identities/{quote(name, safe='')}")
            found[name] = one["validity_ts"]
        return found


class Stickers(_OfTwin):
    """Two stickers at once, which are put again and removed."""

    def steps(self) -> Steps:
        for number in itertools.count():
            one = {"note": str(number), "recipients": [self.account.user]}
            both = {"stickers": {"red": one, "blue": one}}
            seen = {"red": str(number), "blue": str(number)}
            yield Step("POST", f"{self.path}/stickers", both, seen)
            yield Step("DELETE", f"{self.path}/stickers/red", None, {"blue": str(number)})
            yield Step("DELETE", f"{self.path}/stickers/blue", None, {})

    def see(self, caller: Caller) -> Any:
        listed = caller.get("/stickers")["stickers"]
        return {one["color"]: one["note"] for one in listed}


class Transfers(_OfTwin):
    """A twin is offered, taken over by another account, and given back; an offer is withdrawn."""

    def steps(self) -> Steps:
        ours, theirs = self.account.account, self.other.account
        while True:
            offer = yield Step("POST", f"{self.path}/transfers", {"recipient": theirs}, ours)
            yield Step("DELETE", f"/transfers/{offer['transfer']}", None, ours)
            offer = yield Step("POST", f"{self.path}/transfers", {"recipient": theirs}, ours)
            yield Step("POST", f"/transfers/{offer['transfer']}", None, theirs, self.other)
            sent = {"recipient": ours}
            back = yield Step("POST", f"{self.path}/transfers", sent, theirs, self.other)
            yield Step("POST", f"/transfers/{back['transfer']}", None, ours)

    def see(self, caller: Caller) -> Any:
        owners = [
            twin["owner"]
            for account in (self.account, self.other)
            for status, twin in [caller.ask("GET", self.path, by=account)]
            if status == HTTPStatus.OK
        ]
        return owners[0] if len(owners) == 1 else owners


class Docs(_OfTwin):
    """Files are put and attached, described and deleted."""

    def steps(self) -> Steps:
        for number in itertools.count():
            content = f"file {number}".encode() * 100
            digest = hashlib.sha256(content).hexdigest()
            made = yield Step("POST", "/cache", {}, {})
            yield Step("PUT", urlsplit(made["url"]).path, content, {})
            sent = {"docs": {"a": {"handler": made["handler"], "description": {"n": 0}}}}
            yield Step("POST", f"{self.path}/docs", sent, {"a": [0, digest]})
            changed = {"description": {"n": 1}}
            yield Step("PATCH", f"{self.path}/docs/a", changed, {"a": [1, digest]})
            yield Step("DELETE", f"{self.path}/docs/a", None, {})
            unused = yield Step("POST", "/cache", {}, {})
            yield Step("DELETE", f"/cache/{unused['handler']}", None, {})

    def see(self, caller: Caller) -> Any:
        found = {}
        for name in caller.get(f"{self.path}/docs")["docs"]:
            doc = caller.get(f"{self.path}/docs/{name}?download=true")
            content = caller.get(urlsplit(doc["download"]["url"]).path)
            found[name] = [doc["description"]["n"], hashlib.sha256(content).hexdigest()]
        return found


class Ledgers(_OfTwin):
    """Two entries that always count together, with history and a reference; a third comes and goes.

    What is seen: the values, the newest records of the histories, and the third entry.
    """

    def begin(self, caller: Caller) -> None:
        super().begin(caller)
        other = caller.do("POST", "/twins", {})["creation_certificate"]["uuid"]
        self.path, self.beside = f"{self.path}/ledgers/personal", f"/twins/{other}/ledgers/personal"
        entries = {name: {"value": 0, "history": "INF"} for name in ("a", "b")}
        caller.do("POST", self.path, {"entries": entries})
        source = f"twin://{self.twin}/{self.account.account}/a"
        caller.do("POST", self.beside, {"entries": {"r": {"ref": {"source": source}}}})

    def steps(self) -> Steps:
        for value in itertools.count(1):
            both = {"entries": {name: {"value": value} for name in ("a", "b")}}
            only = {"conditions": {"a": f"value == {value - 1}"}, "transaction": True}
            if value % 2:
                yield Step("PATCH", self.path, both | only, self._seen(value))
            else:
                yield Step("PATCH", f"{self.path}/value", both, self._seen(value))
            more = {"entries": {"c": {"value": value}}}
            yield Step("POST", self.path, more, self._seen(value, value))
            yield Step("DELETE", f"{self.path}?entries=c", None, self._seen(value))

    def see(self, caller: Caller) -> Any:
        entries = caller.get(self.path)["entries"]
        records = caller.get(f"{self.path}/history")["entries"]
        beside = caller.get(self.beside)["entries"]
        return [
            [entries["a"]["value"], entries["b"]["value"], beside["r"]["value"]],
            [list(records[name].values()) for name in ("a", "b")],
            entries["c"]["value"] if "c" in entries else None,
        ]

    def _seen(self, value: int, third: int | None = None) -> Any:
        newest = list(range(value, max(value - _HISTORY, -1), -1))
        return [[value] * 3, [newest, newest], third]


class Models(Course):
    """Two models at once, one of which extends the other; both are deleted."""

    def steps(self) -> Steps:
        for number in itertools.count():
            ids = [f"{_PREFIX}{name}{number};1" for name in ("Base", "More")]
            base = {"@context": _CONTEXT, "@id": ids[0], "@type": "Interface"}
            more = {**base, "@id": ids[1], "extends": ids[0]}
            yield Step("POST", "/models", [base, more], ids)
            yield Step("DELETE", f"/models/{quote(ids[1], safe='')}", None, ids[:1])
            yield Step("DELETE", f"/models/{quote(ids[0], safe='')}", None, [])

    def see(self, caller: Caller) -> Any:
        return [model["id"] for model in caller.get("/models")["value"]]


class Graph(Course):
    """Twins of a model: put, patched, related in both directions, and deleted with all of it.

    What is seen: the flow of each twin, and what a hub feeds and is fed by.
    """

    def begin(self, caller: Caller) -> None:
        caller.do("POST", "/models", [_PUMP_MODEL])
        caller.do("PUT", "/api/v3/twins", _pump("hub", 0))

    def steps(self) -> Steps:
        for number in itertools.count():
            name = f"pump-{number}"
            one = {"hub": 0, name: 1}
            yield Step("PUT", "/twins", _pump(name, 1), [one, [], []])
            yield Step("PUT", "/api/v3/twins/relationships", _edge(name, "hub"), [one, [], [name]])
            out = yield Step(
                "PUT", "/api/v3/twins/relationships", _edge("hub", name), [one, [name], [name]]
            )
            two = {"hub": 0, name: 2}
            change = [{"op": "replace", "path": "/flow", "value": 2}]
            yield Step("PATCH", f"/api/v3/twins/{name}", change, [two, [name], [name]])
            if number % 2:
                edge = f"/api/v3/twins/hub/relationships/{out['id']}"
                yield Step("DELETE", edge, None, [two, [], [name]])
            yield Step("DELETE", f"/api/v3/twins/{name}?cascade=true", None, [{"hub": 0}, [], []])

    def see(self, caller: Caller) -> Any:
        edges = "/api/v3/twins/hub/relationships"
        return [
            _flows(caller),
            [edge["targetId"] for edge in caller.get(f"{edges}/outgoing")],
            [edge["sourceId"] for edge in caller.get(f"{edges}/incoming")],
        ]


class Imports(Course):
    """Three twins that are always imported together, related to each other once."""

    def begin(self, caller: Caller) -> None:
        caller.do("POST", "/models", [_PUMP_MODEL])

    def steps(self) -> Steps:
        for flow in itertools.count():
            twins = [
                {"$dtId": name, "$metadata": {"$model": _PUMP}, "flow": flow} for name in "abc"
            ]
            edges = [{"$sourceId": "a", "$targetId": name} for name in "bc"]
            named = [
                {"$relationshipId": f"{flow}{number}", "$relationshipName": "feeds", **edge}
                for number, edge in enumerate(edges)
            ]
            three, two = dict.fromkeys("abc", flow), dict.fromkeys("bc", flow)
            related = sorted(one["$relationshipId"] for one in named)
            yield Step("POST", "/imports?section=twins", _lines(twins), [three, []])
            yield Step("POST", "/imports?section=relationships", _lines(named), [three, related])
            yield Step("DELETE", "/api/v3/twins/a?cascade=true", None, [two, []])

    def see(self, caller: Caller) -> Any:
        edges = caller.get("/exports?section=relationships")
        return [_flows(caller), sorted(edge["$relationshipId"] for edge in _records(edges))]


class TimeSeries(Course):
    """Values in batches of three; then the twin goes, and its values with it."""

    def begin(self, caller: Caller) -> None:
        caller.do("POST", "/models", series.MODELS)

    def steps(self) -> Steps:
        for number in itertools.count():
            name, stored = f"sensor-{number}", list[int]()
            twin = {"id": name, "modelId": _SENSOR_MODEL, "contents": {}}
            yield Step("PUT", "/api/v3/twins", twin, {name: []})
            for batch in range(4):
                numbers = list(range(3 * batch, 3 * batch + 3))
                values = [series.value(name, one, one) for one in numbers]
                stored = [*stored, *numbers]
                yield Step("POST", "/api/v3/time-series", values, {name: stored})
            yield Step("DELETE", f"/api/v3/twins/{name}?cascade=true", None, {})

    def see(self, caller: Caller) -> Any:
        span = f"start={series.moment(0)}&end={series.moment(100)}"
        names = [one["id"] for one in caller.do("POST", "/api/v3/twins", {})["content"]]
        return {
            name: [
                one["scalarValue"]
                for one in caller.get(f"/api/v3/time-series/{name}?{span}")["data"]
            ]
            for name in names
        }


COURSES: tuple[type[Course], ...] = (
    Accounts,
    People,
    Identities,
    Stickers,
    Transfers,
    Docs,
    Ledgers,
    Models,
    Graph,
    Imports,
    TimeSeries,
)


def _pump(name: str, flow: int) -> Any:
    return {"id": name, "modelId": _PUMP, "contents": {"flow": flow}}


def _edge(source: str, target: str) -> Any:
    return {"sourceId": source, "targetId": target, "name": "feeds"}


def _flows(caller: Caller) -> Any:
    """The flow of every twin."""
    listed = caller.do("POST", "/api/v3/twins", {})["content"]
    return {one["id"]: one["contents"]["flow"] for one in listed}


def _lines(records: list[Any]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def _records(text: Any) -> list[Any]:
    if isinstance(text, bytes):
        return [json.loads(line) for line in text.splitlines()]
    return [] if text is None else [text]
