"""GET /models and /models/{id}, read-only (spec/willow.md 3)."""

import json
from urllib.parse import quote

from tests.harness import Account, problem
from tests.material import COUNT, PREFIX

ROOM = f"{PREFIX}Room;1"


def test_all_models_are_listed_without_their_documents(building: Account) -> None:
    found = building.request("GET", "/api/v3/models").json()
    listed = [model["id"] for model in found if model["id"].startswith(PREFIX)]
    assert len(listed) == COUNT
    assert listed == sorted(listed)
    room = next(model for model in found if model["id"] == ROOM)
    assert list(room) == ["id", "displayName", "description", "modelDefinition", "uploadTime"]
    assert room["displayName"] == {"en": "Room"}
    assert room["modelDefinition"] is None
    assert len(room["uploadTime"]) == len("2024-08-30T03:33:54.7015118+00:00")


def test_a_root_has_what_it_depends_on(building: Account) -> None:
    found = building.request("GET", "/api/v3/models", params={"rootModel": ROOM}).json()
    names = {"Room", "Space", "SpaceArea", "SpaceCapacity", "SpaceComponent", "Component"}
    assert {model["id"] for model in found} == {f"{PREFIX}{name};1" for name in names}


def test_a_document_is_text(building: Account) -> None:
    for path in (ROOM, quote(ROOM, safe="")):
        found = building.request("GET", f"/api/v3/models/{path}").json()
        assert json.loads(found["modelDefinition"])["@id"] == ROOM
    params = {"rootModel": ROOM, "includeModelDefinitions": "true"}
    for model in building.request("GET", "/api/v3/models", params=params).json():
        assert json.loads(model["modelDefinition"])["@id"] == model["id"]


def test_what_is_not_there(building: Account, account: Account) -> None:
    get = building.request
    assert problem(get("GET", f"/api/v3/models/{PREFIX}Nope;1"))[0] == 404
    for id_ in ("Room", "dtmi:", "dtmi:com:willow inc;1", f"{PREFIX}Room;0", "%20"):
        assert problem(get("GET", f"/api/v3/models/{id_}"))[0] == 400
    assert problem(get("GET", "/api/v3/models", params={"rootModel": "Room"}))[0] == 400
    unknown = {"rootModel": f"{PREFIX}Nope;1"}
    assert problem(get("GET", "/api/v3/models", params=unknown))[0] == 400
    assert account.request("GET", "/api/v3/models").json() == []
    assert problem(account.request("GET", f"/api/v3/models/{ROOM}"))[0] == 404
