"""One twin, two faces: written through one dialect, it is the same twin in the other."""

import uuid
from typing import Any

import requests
from tests.dialect.trusted_twin.ledgers import (
    add,
    becomes,
    get,
    history,
    new_twin,
    reference,
    values,
)
from tests.dialect.willow.buildings import new_id, put, twin
from tests.harness import Account, Server, body, create, error, problem, uuid_of
from tests.material import PREFIX, level_twin


def uuid_named(account: Account, id_: str) -> str:
    """The UUID of a name (design: "One twin, two faces"), by the standard library."""
    return str(uuid.uuid5(uuid.UUID(account.account), id_))


def test_a_twin_through_both(building: Account) -> None:
    id_, client = new_id("TW-DD"), building.client()
    sent = {"id": id_, "modelId": f"{PREFIX}Level;1", "contents": level_twin()}
    put_twin = building.request("PUT", "/twins", json=sent).json()

    # The certificate face has the UUID of the name, and the account as owner and creator.
    known = uuid_named(building, id_)
    certificate = body(client.get_twin(known))
    assert uuid_of(certificate) == known
    assert (certificate["owner"], certificate["status"]) == (building.account, "alive")
    assert certificate["creation_certificate"]["creator"] == building.account
    assert "description" not in certificate
    found = body(client.scan_twins(params={"match": f'twin_id == "{id_}"', "count": 1000}))
    assert found["twins"] == [known]

    # What one face changes leaves the other alone.
    described = body(client.update_twin(known, body={"description": {"company": "acme"}}))
    assert described["description"] == {"company": "acme"}
    read = building.request("GET", f"/api/v3/twins/{id_}").json()
    assert read["contents"] == put_twin["contents"]
    assert read["lastUpdateTime"] > put_twin["lastUpdateTime"]
    put(building, id_, "Level", name="again")
    assert body(client.get_twin(known))["description"] == {"company": "acme"}

    # Its UUID is another id for it.
    by_uuid = building.request("GET", f"/api/v3/twins/{known.upper()}").json()
    assert (by_uuid["id"], by_uuid["contents"]) == (id_, {"name": "again"})
    put(building, known, "Level", name="by UUID")
    assert building.request("GET", f"/api/v3/twins/{id_}").json()["contents"] == {"name": "by UUID"}

    # Terminated there, it is read-only here.
    assert body(client.terminate_twin(known))["status"] == "terminated"
    assert building.request("GET", f"/api/v3/twins/{id_}").status_code == 200
    patch = [{"op": "add", "path": "/name", "value": "x"}]
    for answer in (
        building.request("PUT", "/twins", json=twin(id_, "Level")),
        building.request("PATCH", f"/api/v3/twins/{id_}", json=patch),
        building.request("DELETE", f"/api/v3/twins/{id_}"),
    ):
        assert problem(answer)[0] == 400
        assert answer.json()["type"].endswith("twin.terminated")
    assert error(client.update_twin(known, body={"description": {}})) == (400, "400358")


def test_a_twin_of_the_other_dialect_gets_a_model(building: Account) -> None:
    client = building.client()
    known = uuid_of(create(client, description={"a": 1}))
    assert problem(building.request("GET", f"/api/v3/twins/{known}"))[0] == 404
    made = put(building, known, "Room", code="R")
    assert made["id"] == known
    assert building.request("GET", f"/api/v3/twins/{known}").json() == made
    assert body(client.get_twin(known))["description"] == {"a": 1}
    assert uuid_of(body(client.get_twin(known))) == known


def test_a_uuid_that_no_twin_has_is_a_name(building: Account) -> None:
    id_ = str(uuid.uuid4())
    put(building, id_, "Room")
    assert error(building.client().get_twin(id_)) == (404, "404653")
    assert uuid_of(body(building.client().get_twin(uuid_named(building, id_))))


def test_a_foreign_twin_gets_no_model(building: Account, server: Server) -> None:
    foreign = uuid_of(create(server.account().client()))
    answer = building.request("PUT", "/twins", json=twin(foreign, "Room"))
    assert problem(answer)[0] == 403


def test_a_transferred_twin_is_known_by_its_uuid(building: Account, server: Server) -> None:
    id_, recipient = new_id("moves"), server.account()
    put(building, id_, "Room", code="R")
    known = uuid_named(building, id_)
    offer = building.request(
        "POST", f"/twins/{known}/transfers", json={"recipient": recipient.account}
    ).json()["transfer"]
    assert recipient.request("POST", f"/transfers/{offer}").status_code == 200
    found = recipient.request("GET", f"/api/v3/twins/{known}").json()
    assert (found["id"], found["contents"]) == (known, {"code": "R"})
    assert problem(building.request("GET", f"/api/v3/twins/{id_}"))[0] == 403


def test_a_deleted_twin_is_gone_from_both(building: Account) -> None:
    id_ = new_id("gone")
    put(building, id_, "Room")
    assert building.request("DELETE", f"/api/v3/twins/{id_}").status_code == 204
    assert error(building.client().get_twin(uuid_named(building, id_))) == (404, "404653")
    put(building, id_, "Level")
    assert building.request("GET", f"/api/v3/twins/{id_}").json()["modelId"] == f"{PREFIX}Level;1"


def test_ledgers_go_with_the_twin(building: Account) -> None:
    """A twin that comes again has the same UUID, and must not find the ledgers of the former."""
    id_ = new_id("TW-LEDGER")
    put(building, id_, "Level", name="first")
    twin_uuid, other = uuid_named(building, id_), new_twin(building)
    add(building, twin_uuid, a={"value": 1, "history": "INF"})
    add(building, other, r=reference(twin_uuid, building, "a"))
    assert building.request("DELETE", f"/api/v3/twins/{id_}").status_code == 204
    becomes(lambda: get(building, other)["r"]["ref"]["status"], "not_found")
    assert values(building, other) == {"r": 1}
    put(building, id_, "Level", name="second")
    assert values(building, twin_uuid) == history(building, twin_uuid) == {}


def test_nothing_that_hung_on_a_deleted_twin_is_there_again(building: Account) -> None:
    """A twin of the same id has the same UUID: whatever was left behind would hang on it."""
    id_, client = new_id("hung"), building.client()
    known, tag = uuid_named(building, id_), f"RFID#{uuid.uuid4().hex}"
    hangs = {
        "identities": {"identities": {tag: {}}},
        "ledgers/personal": {"entries": {"hours": {"value": 1, "history": "INF"}}},
        "stickers": {"stickers": {"red": {"note": "x", "recipients": [building.user]}}},
    }

    def make() -> None:
        put(building, id_, "ZoneAirTemperatureSensor", externalID=id_)

    def left() -> list[Any]:
        series = f"/api/v3/time-series/{id_}/latest"
        return [
            body(client.resolve_twin_identity(tag))["twins"],
            body(client.get_twin_ledger_entry(known))["entries"],
            body(client.get_stickers(known))["accounts"],
            body(client.get_twin_docs(known))["docs"],
            building.request("GET", series).json(),
        ]

    make()
    empty = left()
    for path, members in hangs.items():
        answer = building.request("POST", f"/twins/{known}/{path}", json=members)
        assert answer.status_code == 201, answer.text
    upload = body(client.create_upload_url())
    assert requests.put(upload["url"], data=b"file", timeout=60).status_code < 300
    doc = {"docs": {"a.txt": {"handler": upload["handler"]}}}
    assert building.request("POST", f"/twins/{known}/docs", json=doc).status_code == 201
    value = {
        "connectorId": "c",
        "dtId": id_,
        "sourceTimestamp": "2024-10-01T12:34:56Z",
        "scalarValue": 1,
    }
    assert building.request("POST", "/api/v3/time-series", json=[value]).status_code == 200
    assert all(now != before for now, before in zip(left(), empty, strict=True))

    assert building.request("DELETE", f"/api/v3/twins/{id_}").status_code == 204
    make()
    assert left() == empty
