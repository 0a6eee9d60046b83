"""Who is answered what: every operation of every dialect against every kind of caller.

Each operation has a row in `ROWS`; an operation without one fails, so none is added without a word
on who may use it. What is refused must change nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import requests
from tests.harness import (
    EVERYTHING,
    NOTHING,
    UNKNOWN,
    Account,
    Server,
    body,
    create,
    own_refusal,
    problem,
    refusal,
    uuid_of,
)

from twinhold import server as composition
from twinhold.api import twinhold as pages
from twinhold.api import willow
from twinhold.api.kit.metrics import Metrics
from twinhold.api.kit.operations import Operation

DIALECTS = (*composition._VENDORS, pages.dialect(Metrics([]), composition._VENDORS))
OPERATIONS = [operation for dialect in DIALECTS for operation in dialect.operations]
WILLOW = set(willow.DIALECT.operations)
OWN = set(DIALECTS[-1].operations)
CALLERS = ("nobody", "unknown", "other", "denied", "hidden", "allowed")
HIDES = "false"
MODEL: dict[str, Any] = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:com:example:Pump;1",
    "@type": "Interface",
    "contents": [
        {"@type": "Property", "name": "flow", "schema": "integer"},
        {"@type": "Relationship", "name": "feeds"},
    ],
}
PUMP = {"id": "P-1", "modelId": MODEL["@id"], "contents": {"flow": 1}}
TANK = {"id": "T-1", "modelId": MODEL["@id"], "contents": {}}
EDGE = {"sourceId": "P-1", "targetId": "T-1", "name": "feeds"}
TWIN_LINE = {"$dtId": "P-1", "$metadata": {"$model": MODEL["@id"]}, "flow": 3}
EDGE_ID = "P-1_feeds_T-1"

CAPABILITY: dict[str, Any] = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:com:willowinc:Capability;1",
    "@type": "Interface",
}
SENSOR = {"id": "S-1", "modelId": CAPABILITY["@id"]}
VALUE = {
    "dtId": SENSOR["id"],
    "connectorId": "C-1",
    "sourceTimestamp": "2024-10-01T12:00:00Z",
    "scalarValue": 1,
}
SPAN = {"start": "2024-10-01T00:00:00Z", "end": "2024-10-07T00:00:00Z"}


@dataclass(frozen=True)
class Cast:
    """The accounts of a case: whose records are asked for, and two that are strangers to them."""

    home: Account
    other: Account
    third: Account


@dataclass(frozen=True)
class Target:
    """What a request asks for: the parameters of its path, its body, and its query."""

    path: dict[str, str] = field(default_factory=dict)
    sent: Any = None
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What an operation answers.

    Attributes:
        target: makes a record to ask for, new for each case.
        other: the status for an administrator of another account.
        hidden: for a user of the account whose rule hides every twin; by default they are allowed.
        operator: whether the account must be the operator's.
        credential: what the caller turns their secret into before they call.
        refused: the same for a caller who lacks the permission.
    """

    target: Callable[[Cast], Target]
    other: int
    hidden: int | None = None
    operator: bool = False
    credential: Callable[[Account], Account] | None = None
    refused: Callable[[Account], Account] | None = None


def nothing(_: Cast) -> Target:
    return Target()


def twin(sent: Any = None) -> Callable[[Cast], Target]:
    return lambda cast: Target({"twin": uuid_of(create(cast.home.client()))}, sent)


def least(cast: Cast) -> str:
    """A role that holds no more than any other, so that everybody may hand it out."""
    return cast.home.new_role(NOTHING, twin_rule=HIDES)


def role(sent: Any = None) -> Callable[[Cast], Target]:
    return lambda cast: Target({"role": least(cast)}, sent)


def user(sent: Any = None) -> Callable[[Cast], Target]:
    return lambda cast: Target({"user": cast.home.new_user(least(cast)).user}, sent)


def new_user(cast: Cast) -> Target:
    return Target(sent={"role": least(cast)})


def pin(cast: Cast) -> Target:
    holder = body(cast.home.client().create_user(body={"role": least(cast)}))["uuid"]
    made = body(cast.home.client().create_user_secret_pin(holder))["pin"]
    return Target({"account": cast.home.account, "pin": made})


def offer(cast: Cast) -> Target:
    return Target(twin()(cast).path, {"recipient": cast.third.account})


def explanation(cast: Cast) -> Target:
    """What a rule makes of a twin."""
    return Target(sent={"rule": "twin_status == 'alive'", "twin": twin()(cast).path["twin"]})


def offered(cast: Cast) -> Target:
    """A twin that a third account has offered."""
    given = uuid_of(create(cast.third.client()))
    answer = cast.third.request(
        "POST", f"/twins/{given}/transfers", json={"recipient": cast.home.account}
    )
    return Target({"transfer": answer.json()["transfer"]})


def ledger(sent: Any = None) -> Callable[[Cast], Target]:
    """The account's own ledger on a twin of theirs, with one entry that all may see."""

    def made(cast: Cast) -> Target:
        client = cast.home.client()
        uuid = uuid_of(create(client))
        entry = {"value": 1, "visibility": "true", "history": "INF"}
        body(client.add_twin_ledger_entry(uuid, body={"entries": {"a": entry}}))
        return Target({"twin": uuid, "ledger": "owner"}, sent)

    return made


def model(cast: Cast) -> Target:
    """A model that the account has."""
    assert cast.home.request("POST", "/models", json=[MODEL]).status_code == 201
    return Target({"model": quote(MODEL["@id"], safe=""), "id": MODEL["@id"]})


def modelled(sent: Any = None, **path: str) -> Callable[[Cast], Target]:
    """Two twins of a model and a relationship between them."""

    def make(cast: Cast) -> Target:
        model(cast)
        for put in (PUMP, TANK):
            assert cast.home.request("PUT", "/twins", json=put).status_code == 200
        answer = cast.home.request("PUT", "/api/v3/twins/relationships", json=EDGE)
        assert answer.status_code == 200, answer.text
        return Target(path, sent)

    return make


def twins_section(sent: Any = None) -> Callable[[Cast], Target]:
    """Lines of twins, where there are some."""
    return lambda cast: Target({}, modelled(sent)(cast).sent, {"section": "twins"})


def series(sent: Any = None, **path: str) -> Callable[[Cast], Target]:
    """A Capability twin that has a value."""

    def make(cast: Cast) -> Target:
        assert cast.home.request("POST", "/models", json=[CAPABILITY]).status_code == 201
        assert cast.home.request("PUT", "/twins", json=SENSOR).status_code == 200
        answer = cast.home.request("POST", "/api/v3/time-series", json=[VALUE])
        assert answer.status_code == 200, answer.text
        return Target(path, sent, SPAN)

    return make


def client_credentials(cast: Cast) -> Target:
    secret = {"client_id": cast.home.user, "client_secret": cast.home.secret}
    return Target(sent={"grant_type": "client_credentials"} | secret)


def identity(sent: Any = None) -> Callable[[Cast], Target]:
    """An identity that the account has attached to its twin."""

    def target(cast: Cast) -> Target:
        path = twin()(cast).path
        members = {"identities": {"A#1": {"visibility": "true"}}}
        body(cast.home.client().create_twin_identity(path["twin"], body=members))
        return Target(path | {"identity": "A%231"}, sent)

    return target


def sticker(cast: Cast) -> Target:
    """A sticker that the account has put on its twin, for everybody here."""
    path = twin()(cast).path
    recipients = [cast.home.account, cast.other.account]
    members = {"stickers": {"red": {"recipients": recipients}}}
    body(cast.home.client().put_sticker(path["twin"], body=members))
    return Target(path | {"color": "red"})


def upload(cast: Cast) -> Target:
    """A URL that waits for a file."""
    made = body(cast.home.client().create_upload_url())
    token = made["url"].rpartition("/")[2]
    return Target({"handler": made["handler"], "token": token}, "the file")


def uploaded(account: Account) -> str:
    """The handler of a file of an account."""
    made = body(account.client().create_upload_url())
    requests.put(made["url"], data=b"the file", timeout=60).raise_for_status()
    handler: str = made["handler"]
    return handler


def file(cast: Cast) -> Target:
    """A twin, and a file to attach to it."""
    return Target(twin()(cast).path, {"docs": {"a.txt": {"handler": uploaded(cast.home)}}})


def doc(sent: Any = None) -> Callable[[Cast], Target]:
    """A twin with a doc of its owner."""

    def target(cast: Cast) -> Target:
        attached = file(cast)
        body(cast.home.client().attach_twin_doc(attached.path["twin"], body=attached.sent))
        return Target(attached.path | {"doc_name": "a.txt"}, sent)

    return target


def download(cast: Cast) -> Target:
    """A URL to download a doc."""
    path, params = doc()(cast).path, {"download": True}
    shown = body(cast.home.client().get_twin_doc(path["twin"], "a.txt", params=params))
    handler = shown["download"]["url"].rpartition("/")[2]
    return Target({"account": cast.home.account, "handler": handler})


def refreshable(caller: Account) -> Account:
    return caller.token(options=["refresh"])


def not_refreshable(caller: Account) -> Account:
    return caller.token(options=["create"])


ROWS = {
    "create_account": Row(lambda _: Target(sent={"name": "New"}), other=403, operator=True),
    "get_account": Row(nothing, other=200),
    "update_account": Row(lambda _: Target(sent={"resource_access_log": {}}), other=200),
    "get_users": Row(nothing, other=200),
    "create_user": Row(new_user, other=404),
    "get_user": Row(user(), other=404),
    "update_user": Row(user({"name": "Changed"}), other=404),
    "delete_user": Row(user(), other=404),
    "get_user_secret": Row(user(), other=404),
    "create_user_secret_pin": Row(user(), other=404),
    "update_user_secret": Row(user({"validity_ts": 2e9}), other=404),
    "delete_user_secret": Row(user(), other=404),
    "create_user_secret": Row(pin, other=201),
    "create_user_token": Row(nothing, other=201),
    "refresh_user_token": Row(nothing, other=201, credential=refreshable, refused=not_refreshable),
    "rotate_keys": Row(nothing, other=403, operator=True),
    "get_user_roles": Row(nothing, other=200),
    "create_user_role": Row(
        lambda _: Target(sent={"statement": NOTHING, "rules": {"twin_rule": HIDES}}), other=201
    ),
    "get_user_role": Row(role(), other=404),
    "update_user_role": Row(role({"name": "Changed"}), other=404),
    "delete_user_role": Row(role(), other=404),
    "who_am_i": Row(nothing, other=200),
    "scan_twins": Row(nothing, other=200),
    "create_twin": Row(nothing, other=201),
    "get_twin": Row(twin(), other=403, hidden=403),
    "update_twin": Row(twin({"description": {"a": 1}}), other=403, hidden=403),
    "terminate_twin": Row(twin(), other=403, hidden=403),
    "create_twin_transfer": Row(offer, other=403, hidden=403),
    "accept_twin_transfer": Row(offered, other=404, hidden=403),
    "cancel_twin_transfer": Row(offered, other=404),
    "get_twin_ledger_entry": Row(ledger(), other=403, hidden=403),
    "add_twin_ledger_entry": Row(ledger({"entries": {"b": {"value": 2}}}), other=403, hidden=403),
    "update_twin_ledger_entry": Row(
        ledger({"entries": {"a": {"value": 2}}}), other=403, hidden=403
    ),
    "delete_twin_ledger_entry": Row(ledger(), other=403, hidden=403),
    "get_twin_ledger_entry_value": Row(ledger(), other=403, hidden=403),
    "update_twin_ledger_entry_value": Row(
        ledger({"entries": {"a": {"value": 2}}}), other=403, hidden=403
    ),
    "get_twin_ledger_entry_history": Row(ledger(), other=403, hidden=403),
    "get_twin_identities": Row(identity(), other=403, hidden=403),
    "create_twin_identity": Row(twin({"identities": {"A#1": {}}}), other=403, hidden=403),
    "get_twin_identity": Row(identity(), other=403, hidden=403),
    "update_twin_identity": Row(identity({"validity_ts": 1}), other=403, hidden=403),
    "delete_twin_identity": Row(identity(), other=403, hidden=403),
    "resolve_twin_identity": Row(identity(), other=200),
    "get_stickers": Row(sticker, other=403, hidden=403),
    "put_sticker": Row(
        twin({"stickers": {"red": {"recipients": [UNKNOWN]}}}), other=403, hidden=403
    ),
    "get_sticker": Row(sticker, other=403, hidden=403),
    "remove_sticker": Row(sticker, other=403, hidden=403),
    "list_stickers": Row(sticker, other=200),
    "create_upload_url": Row(nothing, other=201),
    "invalidate_upload_url": Row(upload, other=404),
    "upload_file": Row(upload, other=200),
    "attach_twin_doc": Row(file, other=403, hidden=403),
    "get_twin_docs": Row(doc(), other=403, hidden=403),
    "get_twin_doc": Row(doc(), other=403, hidden=403),
    "update_twin_doc": Row(doc({"description": {"a": 1}}), other=403, hidden=403),
    "delete_twin_doc": Row(doc(), other=403, hidden=403),
    "delete_twin_docs": Row(doc(), other=403, hidden=403),
    "download_doc": Row(download, other=200),
    "explain_rule": Row(explanation, other=403, hidden=403),
    "upload_models": Row(lambda _: Target(sent=[MODEL]), other=201),
    "get_models": Row(nothing, other=200),
    "get_model": Row(model, other=404),
    "delete_models": Row(model, other=404),
    "GetToken": Row(client_credentials, other=200),
    "ModelsV2_GetModels": Row(nothing, other=200),
    "ModelsV2_GetModel": Row(model, other=404),
    "put_twin": Row(modelled(PUMP), other=400, hidden=403),
    "TwinsV2_CreateOrReplaceTwinAsync": Row(modelled(PUMP), other=400, hidden=403),
    "TwinsV2_GetTwinsByIdsAsync": Row(modelled(["P-1"]), other=200),
    "TwinsV2_GetTwinByIdAsync": Row(modelled(id="P-1"), other=404, hidden=403),
    "TwinsV2_PatchTwin": Row(
        modelled([{"op": "add", "path": "/flow", "value": 2}], id="P-1"), other=404, hidden=403
    ),
    "DeleteTwin": Row(modelled(id="P-1?cascade=true"), other=404, hidden=403),
    "TwinsV2_GetTwinsAsync": Row(modelled({"pageSize": 5}), other=200),
    "TwinsV2_GetTwinsCount": Row(modelled({}), other=200),
    "TwinsV2_GetTwinGraph": Row(modelled({"alias": "A", "id": "P-1"}), other=404, hidden=403),
    "RelationshipsV2_UpsertRelationship": Row(modelled(EDGE), other=404, hidden=403),
    "RelationshipsV2_GetOutgoingRelationships": Row(modelled(twinId="P-1"), other=404, hidden=403),
    "RelationshipsV2_GetIncomingRelationships": Row(modelled(twinId="T-1"), other=404, hidden=403),
    "RelationshipsV2_GetRelationship": Row(
        modelled(twinId="P-1", relationshipId=EDGE_ID), other=404, hidden=403
    ),
    "DeleteRelationship": Row(
        modelled(twinId="P-1", relationshipId=EDGE_ID), other=404, hidden=403
    ),
    "import_lines": Row(twins_section(TWIN_LINE), other=200),
    "export_lines": Row(twins_section(), other=200),
    "PostTelemetry": Row(series([VALUE | {"scalarValue": 2}]), other=400, hidden=403),
    "GetTimeSeriesIds": Row(series(["S-1"]), other=404, hidden=404),
    "GetTimeSeriesIdsLatest": Row(series(["S-1"]), other=404, hidden=404),
    "GetTimeSeriesById": Row(series(twinId="S-1"), other=404, hidden=403),
    "GetTimeSeriesByIdLatest": Row(series(twinId="S-1"), other=404, hidden=403),
    "health": Row(nothing, other=200),
    "metrics": Row(nothing, other=200),
    "openapi": Row(nothing, other=200),
    "docs": Row(nothing, other=200),
}


def test_every_row_is_of_an_operation() -> None:
    assert set(ROWS) == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_answer(operation: Operation, caller: str, server: Server) -> None:
    row = ROWS.get(operation.name)
    if row is None:
        pytest.fail(f"add a row for {operation.name} to ROWS: who is answered what")
    home = server.operator if row.operator else server.account()
    cast = Cast(home, server.account(), server.account())
    calling = _caller(caller, operation, row, cast)
    target = row.target(cast)
    before = list(_records(cast))
    answer = _ask(calling, server.url, operation, target)
    expected = _expected(caller, operation, row)
    assert answer.status_code == expected, answer.text
    if expected >= 400:
        refused = problem if operation in WILLOW else own_refusal if operation in OWN else refusal
        assert refused(answer)[0] == expected
        assert list(_records(cast)) == before
    elif operation.response is not None and expected != 204:
        msgspec.convert(answer.json(), operation.response)
    if caller != "allowed" and not operation.public:
        _require_no_leak(caller, answer, cast)


def _caller(caller: str, operation: Operation, row: Row, cast: Cast) -> Account | None:
    """Who calls; the one who is allowed holds this one permission and no other."""
    if caller == "nobody":
        return None
    if caller == "unknown":
        return cast.home.using("A" * 64)
    if caller == "other":
        return _turned(cast.other, row.credential)
    # What the credential decides, and not the statement, is tried with a statement that allows all.
    only: Any = {
        "effect": "allow",
        "actions": None if operation.public else list(operation.permissions),
    }
    if row.credential:
        only = EVERYTHING
    if caller == "denied":
        lacks = (
            EVERYTHING
            if row.refused
            else {"effect": "deny", "actions": list(operation.permissions)}
        )
        return _turned(cast.home.member(NOTHING if operation.public else lacks), row.refused)
    rule = HIDES if caller == "hidden" else None
    return _turned(cast.home.member(only, twin_rule=rule), row.credential)


def _turned(caller: Account, turn: Callable[[Account], Account] | None) -> Account:
    return turn(caller) if turn else caller


def _expected(caller: str, operation: Operation, row: Row) -> int:
    if operation.public:
        return operation.status
    return {
        "nobody": 401,
        "unknown": 401,
        "other": row.other,
        "denied": 403,
        "hidden": row.hidden or operation.status,
        "allowed": operation.status,
    }[caller]


def _ask(
    caller: Account | None, url: str, operation: Operation, target: Target
) -> requests.Response:
    path = operation.path.format(**target.path)
    sent: dict[str, Any] = {"json": target.sent, "params": target.query}
    if caller is None:
        return requests.request(operation.method, url + path, timeout=60, **sent)
    return caller.request(operation.method, path, **sent)


def _records(cast: Cast) -> Iterator[Any]:
    """All that the accounts hold and a refused call could have changed."""
    for account in (cast.home, cast.other, cast.third):
        client = account.client()
        users = body(client.get_users())["users"]
        yield users
        secrets = (account.request("GET", f"/users/{uuid}/secrets") for uuid in users)
        yield [secret.json() for secret in secrets if secret.status_code == 200]
        yield body(client.get_user_roles())
        yield body(client.get_account())
        yield account.request("GET", "/models").json()
        twins = body(client.scan_twins(params={"details": True, "count": 1000}))
        yield twins
        yield [body(client.get_twin_ledger_entry(uuid_of(one))) for one in twins["twins"]]
        edges = account.request("GET", "/api/v3/twins/P-1/relationships/outgoing")
        yield edges.json() if edges.status_code == 200 else None
        face = account.request("GET", "/api/v3/twins/P-1")
        yield face.json() if face.status_code == 200 else None
        values = account.request("GET", "/api/v3/time-series/S-1/latest")
        yield values.json() if values.status_code == 200 else None
        twins = body(client.scan_twins(params={"details": True, "count": 1000}))
        yield twins
        for one in map(uuid_of, twins["twins"]):
            yield body(client.get_twin_identities(one, params={"show_expired": True}))
            yield body(client.get_stickers(one))
            yield body(client.get_twin_docs(one))


def _require_no_leak(caller: str, answer: requests.Response, cast: Cast) -> None:
    """Strangers are told nothing about the account; its own user nothing about hidden twins."""
    if caller in {"nobody", "unknown", "other"}:
        assert cast.home.account not in answer.text
    elif answer.status_code >= 400:
        assert "creation_certificate" not in answer.text
        assert "contents" not in answer.text
        assert "scalarValue" not in answer.text
