"""Requests made by Hypothesis: odd JSON, headers, cursors, rules, models, patches, paths and bytes.

Each strategy writes requests of one kind; what is mutated was sound before, so that a request comes
past the first check as often as it does not.
"""

import base64
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st
from reliability.fuzz_shapes import leaves, mutated, odd_json, reshaped, to_json, values
from reliability.fuzz_wire import Sent
from reliability.fuzz_world import CAPABILITY, METER, ROOM, World

Requests = st.SearchStrategy[Sent | bytes]

_EDGES = (b"/", b"//", b"/%00", b"/.", b"/..", b"/%2e%2e/", b"/%", b"/%zz", b"/%ff", b"/;", b"/*")


def bodies(world: World) -> Requests:
    """JSON that is odd or mutated, for every operation that takes some."""
    return st.sampled_from(_sound_bodies(world)).flatmap(
        lambda sound: st.builds(Sent, st.just(sound[0]), st.just(sound[1]), _body_like(sound[2]))
    )


def _body_like(body: Any) -> st.SearchStrategy[bytes]:
    return st.one_of(odd_json, reshaped(body).map(to_json), mutated(to_json(body)))


def _sound_bodies(world: World) -> list[tuple[bytes, bytes, Any]]:
    twin, account = f"/twins/{world.twins[0]}", world.account
    entry = {"value": 1, "visibility": "true", "history": "7D", "publish": {"true": "a"}}
    ledger = {"entries": {"a": entry}, "conditions": {"a": "true"}, "transaction": True}
    sticker = {"recipients": [account.account], "note": "x", "publish": {"on_put": "abc"}}
    tests = [{"field": "contents.level", "operator": ">", "value": 1}, {"filters": []}]
    query = {
        "modelFilter": {"modelIds": [ROOM["@id"]], "exactModelMatch": True},
        "relationshipFilter": {"relationshipDirection": "Incoming", "relationshipNames": ["a"]},
        "locationFilter": {"locationId": "room-0"},
        "dateFilter": {"lastUpdatedAfter": "2024-01-01T00:00:00Z"},
        "propertyFilter": {"filterConditionOperator": "And", "filters": tests},
    }
    graph = {
        "alias": "a",
        "id": "room-0",
        "relationships": [{"alias": "b", "direction": "Incoming"}],
    }
    value = {
        "dtId": "meter",
        "connectorId": "c",
        "sourceTimestamp": "2024-05-01T00:00:00.123Z",
        "scalarValue": 1.5,
        "properties": {"a": 1},
    }
    room = {"id": "room-1", "modelId": ROOM["@id"], "contents": {"name": "a", "tags": {"a": 1}}}
    edge = {"sourceId": "room-1", "targetId": "room-2", "name": "isPartOf", "properties": {}}
    role = {"name": "ab", "statement": {"effect": "allow", "actions": ["get_twin"]}, "rules": {}}
    user = {"role": account.role, "name": "ab", "description": {"a": 1}, "activity": {}}
    given = [
        ("POST", "/twins", {"description": {"name": "x", "floor": 1}}),
        ("PATCH", twin, {"description": {"name": "x", "floor": 1}}),
        ("POST", f"{twin}/identities", {"identities": {"RFID#1": {"visibility": "true"}}}),
        ("POST", f"{twin}/stickers", {"stickers": {"red": sticker}}),
        ("POST", f"{twin}/docs", {"docs": {"a.txt": {"handler": world.twins[0]}}}),
        ("POST", f"{twin}/ledgers/personal", ledger),
        ("PATCH", f"{twin}/ledgers/personal", ledger),
        ("PATCH", f"{twin}/ledgers/personal/value", {"entries": {"a": {"value": 1}}}),
        ("POST", "/token", {"secret_dict": {"a": 1}, "options": ["create"], "validity_ts": 2e9}),
        ("POST", "/roles", role),
        ("POST", "/users", user),
        ("POST", f"{twin}/transfers", {"recipient": account.account}),
        ("PATCH", "/account", {"resource_access_log": {}}),
        ("POST", "/imports?section=twins", room),
        ("PUT", "/api/v3/twins", room),
        ("PUT", "/api/v3/twins/relationships", edge),
        ("POST", "/api/v3/twins", query | {"include": {"outgoingRelationships": True}}),
        ("POST", "/api/v3/twins/count", query),
        ("POST", "/api/v3/twins/graph", graph),
        ("POST", "/api/v3/twins/ids", ["room-1", "room-2"]),
        ("POST", "/api/v3/time-series", [value]),
        ("POST", "/api/v3/time-series/ids/latest", ["meter"]),
        ("POST", "/api/v3/oauth2/token", {"grant_type": "client_credentials", "client_id": "a"}),
    ]
    return [(method.encode(), target.encode(), body) for method, target, body in given]


_HEADERS = (
    b"authorization", b"content-type", b"x-trustedtwin", b"if-match", b"if-none-match", b"host",
    b"range", b"accept", b"expect", b"x-forwarded-proto", b"connection", b"upgrade", b"cookie",
    b"accept-encoding", b"x-request-id",
)  # fmt: skip


def headers(world: World) -> Requests:
    """Headers that are odd, repeated, contradicting or very long, around sound requests."""
    text = st.binary(max_size=30) | st.sampled_from((b"", b" ", b"*", b"a" * 8000, b"\xff", b"\t"))
    dictionary = values.map(lambda value: base64.b64encode(to_json(value)))
    header = st.one_of(
        st.tuples(st.sampled_from(_HEADERS), text),
        st.tuples(st.just(b"x-trustedtwin"), dictionary),
        st.tuples(
            st.just(b"if-match"), st.sampled_from((b'W/"1"', b'"' + b"9" * 30 + b'"', b'""'))
        ),
        st.tuples(st.sampled_from((b"content-length", b"transfer-encoding")), _lengths),
        st.tuples(st.from_regex(rb"\A[!-~]{1,20}\Z"), text),
    )
    target = st.sampled_from(
        (b"/whoami", b"/twins", f"/twins/{world.twins[0]}".encode(), b"/api/v3/twins/room-0")
    )
    return st.builds(
        _shouted,
        st.sampled_from((b"GET", b"POST", b"PATCH", b"DELETE", b"PUT")),
        target,
        st.lists(header, min_size=1, max_size=6),
        st.just(world.account.secret.encode()),
        st.sampled_from((b"", b"{}", b"[]", b"0\r\n\r\n", b"5\r\n{}   \r\n0\r\n\r\n")),
    )


_lengths = st.sampled_from(
    (b"0", b"2", b"-1", b"1e3", b"00", b"9" * 30, b"5, 5", b"0x2", b"chunked", b"identity",
     b"chunked, chunked", b"gzip", b"", b" 2 ", b"67108864", b"\xb2")
)  # fmt: skip


def _shouted(
    method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], secret: bytes, body: bytes
) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (method, target), b"host: x", b"authorization: " + secret]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join([*lines, b"", body])


def cursors(world: World) -> Requests:
    """Cursors that a server has given, mutated, cut, repeated or made up."""
    targets = st.sampled_from(world.cursors).flatmap(
        lambda given: st.builds(
            lambda cursor: Sent(b"GET", f"{given[0]}{quote_from_bytes(cursor)}".encode()),
            mutated(given[1].encode()) | st.binary(max_size=60),
        )
    )
    token = mutated(world.token.encode()).map(lambda cursor: cursor.decode("latin-1"))
    pages = st.builds(
        lambda token: Sent(b"POST", b"/api/v3/twins", to_json({"continuationToken": token})),
        token | leaves,
    )
    return targets | pages


_RULES = (
    "TWIN.floor > 1 and TWIN.name =~ 'a.*b'",
    "USER.name == 'x' or [1, 2.5, 'c'] != [] and not (TWIN.tags is null)",
    "TWIN.name.as_lower == 'a' ? TWIN.floor : TWIN.floor + 2 ** 3 // 1 % 7",
    "'a' in TWIN.tags and TWIN.tags[0] == 'a' and TWIN.tags&['b'] == null",
    "d'2024-01-01T00:00:00+00:00' < TWIN.created_ts",
    "[x for x in TWIN.tags if x == 'a'] == ['a']",
    "LEDGER.temperature >= 1.5e3 and ENTRY.value != -0x1F",
    "TWIN.name =~~ '(a+)+$' and DICT.key == \"it's\"",
)
_WORDS = (
    "and", "or", "not", "(", ")", "[", "]", "TWIN", ".", "floor", "==", "=~", "'a'", "1", "**",
    "for", "in", "if", "?", ":", "null", "&", ",", "{", "}", "d'", "t'", "\\", "nan", "9e999",
)  # fmt: skip
_rules = st.one_of(
    st.sampled_from(_RULES).flatmap(lambda rule: mutated(rule.encode())).map(
        lambda rule: rule.decode("utf-8", "replace")
    ),
    st.lists(st.sampled_from(_WORDS), max_size=30).map(" ".join),
    st.text(max_size=40),
    st.builds(
        lambda part, join, times: join.join([part] * times),
        st.sampled_from(("TWIN.floor == 1", "true", "(1)", "TWIN.name =~ 'a*b*c*d*'")),
        st.sampled_from((" and ", " or ", " + ", "==")),
        st.sampled_from((2, 20, 300)),
    ),
    st.sampled_from(("(" * 500, "-" * 3000 + "1", "[" * 100 + "]" * 100, "'" + "x" * 4000 + "'")),
)  # fmt: skip


def rules(world: World) -> Requests:
    """Rules that are mutated, put together at random, or very long, wherever one is taken."""
    twin = world.twins[0]

    def sent(make: Callable[[str], Sent]) -> st.SearchStrategy[Sent]:
        return st.builds(make, _rules)

    return st.one_of(
        sent(lambda rule: Sent(b"GET", _matching(rule))),
        sent(lambda rule: Sent(b"POST", b"/rules/explain", to_json({"rule": rule, "twin": twin}))),
        sent(lambda rule: Sent(b"POST", b"/roles", to_json({"rules": {"twin_rule": rule}}))),
        sent(
            lambda rule: Sent(
                b"PATCH",
                f"/twins/{twin}/ledgers/personal".encode(),
                to_json({"entries": {"temperature": {"value": 1}}, "conditions": {"a": rule}}),
            )
        ),
        sent(
            lambda rule: Sent(
                b"POST",
                f"/twins/{twin}/identities".encode(),
                to_json({"identities": {"RFID#9": {"visibility": rule}}}),
            )
        ),
    )


def _matching(rule: str) -> bytes:
    text = quote(rule.encode(errors="surrogatepass"))
    return f"/twins?details=true&fill=true&match={text}".encode()


def models(world: World) -> Requests:
    """Models with a place or some bytes changed."""
    _ = world
    written = [ROOM, CAPABILITY, METER]
    document = reshaped(written) | reshaped(ROOM).map(lambda room: [room])
    return st.builds(
        Sent,
        st.just(b"POST"),
        st.sampled_from((b"/models", b"/imports?section=models")),
        document.map(to_json) | mutated(to_json(written)) | reshaped(ROOM).map(to_json),
    )


def patches(world: World) -> Requests:
    """JSON Patch documents, sound and not, on twins of a model."""
    step = st.sampled_from(
        ("", "contents", "name", "tags", "a~1b", "~", "-", "0", "modelId", "level")
    )
    path = st.lists(step, max_size=4).map(lambda steps: "".join(f"/{step}" for step in steps))
    operation = st.fixed_dictionaries(
        {"op": st.sampled_from(("add", "replace", "remove", "test", "move", "ADD")), "path": path},
        optional={"value": values, "from": path},
    )
    return st.builds(
        Sent,
        st.just(b"PATCH"),
        st.sampled_from(world.rooms).map(lambda room: f"/api/v3/twins/{room}".encode()),
        st.lists(operation, max_size=5).map(to_json) | odd_json,
    )


_PARAMETERS = (
    "count", "cursor", "match", "details", "entries", "ge", "limit", "offset", "context", "mask",
    "view", "download", "validity_ts", "after", "dependenciesFor", "rootModel", "start", "end",
    "pageSize", "includeRelationships", "cascade", "section", "color", "show_foreign",
)  # fmt: skip


def paths(world: World) -> Requests:
    """Paths and query strings of any bytes that fit on a request line, and of none that do."""
    known = [
        b"/twins", b"/api/v3/twins", b"/users", b"/roles", b"/docs", b"/download", b"/cache",
        b"/models", b"/resolve", b"/stickers", b"/api/v3/time-series", b"/metrics", b"/exports",
        f"/twins/{world.twins[0]}/docs".encode(), f"/twins/{world.twins[0]}/identities".encode(),
    ]  # fmt: skip
    segment = st.one_of(
        st.sampled_from(_EDGES),
        st.text(max_size=10).map(lambda text: f"/{quote(text)}".encode()),
        st.from_regex(rb"\A/[!-~]{0,12}\Z"),
        st.binary(max_size=12).map(lambda raw: f"/{quote_from_bytes(raw)}".encode()),
        st.sampled_from((b"/" + b"a" * 3000, b"/a" * 40)),
    )
    name = st.sampled_from(_PARAMETERS)
    value = st.text(max_size=12).map(quote) | st.sampled_from(
        ("", "1", "-1", "9" * 30, "%", "%ff", "%00", "true", "null", "1e400", "nan", "a,b", "+")
    )
    pair = st.builds("{}={}".format, name, value)
    query = st.lists(pair, max_size=5).map("&".join) | st.text(string.printable, max_size=20).map(
        quote
    )
    return st.builds(
        lambda method, base, rest, query: Sent(
            method, b"".join((base, *rest, b"?" if query else b"", query.encode()))
        ),
        st.sampled_from(
            (b"GET", b"GET", b"DELETE", b"PUT", b"POST", b"PATCH", b"HEAD", b"OPTIONS")
        ),
        st.sampled_from(known),
        st.lists(segment, max_size=3),
        query,
    )


def raw(world: World) -> Requests:
    """Bytes that are no HTTP, or nearly."""
    secret = world.account.secret.encode()
    body = b'{"description":{}}'
    sound = b"POST /twins HTTP/1.1\r\nhost: x\r\nauthorization: %b\r\ncontent-length: %d\r\n\r\n%b"
    chunked = (
        b"POST /twins HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    oddities = (
        b"GET / HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET http://x/health HTTP/1.1\r\nhost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"GET /health HTTP/1.1\r\n" + b"a" * 70_000,
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    )  # fmt: skip
    return st.one_of(
        mutated(sound % (secret, len(body), body)),
        mutated(chunked),
        st.sampled_from(oddities),
        st.binary(min_size=1, max_size=80),
    )


KINDS: dict[str, Callable[[World], Requests]] = {
    "JSON": bodies,
    "headers": headers,
    "cursors": cursors,
    "rules": rules,
    "models": models,
    "patches": patches,
    "paths": paths,
    "bytes": raw,
}
