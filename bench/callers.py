"""The user whose requests are measured: their role names what they may do, and has a twin rule.

The rule holds for every twin of the bench, but nobody knows that before the twin's description has
been read: none of it can be decided once and for all.
"""

import contextlib
import http.client
import json
from typing import Any

from bench.servers import HOST

TWIN_RULE = 'TWIN.status != "retired"'

PERMISSIONS = (
    "add_twin_ledger_entry",
    "create_twin",
    "get_twin",
    "get_twin_ledger_entry",
    "get_twin_ledger_entry_value",
    "get_models",
    "get_relationships",
    "get_time_series",
    "put_time_series",
    "resolve_twin_identity",
    "scan_twins",
    "update_twin",
    "update_twin_ledger_entry_value",
    "upload_models",
)


def make_caller(port: int, administrator: dict[str, str]) -> str:
    """Make a role and its user, over the API; answer the user's secret.

    Args:
        port: of the server.
        administrator: the credentials of one, as Twinhold writes them at its first start.
    """
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:

        def make(path: str, members: dict[str, Any], credential: str | None) -> dict[str, Any]:
            headers = {"Authorization": credential} if credential else {}
            connection.request("POST", path, json.dumps(members), headers)
            answer = connection.getresponse()
            made: dict[str, Any] = json.loads(answer.read())
            if answer.status != http.client.CREATED:
                raise RuntimeError(f"POST {path}: {answer.status} {made}")
            return made

        secret, account = administrator["secret"], administrator["account"]
        statement = {"effect": "allow", "actions": list(PERMISSIONS)}
        role = {"name": "bench", "statement": statement, "rules": {"twin_rule": TWIN_RULE}}
        role_uuid = make("/roles", role, secret)["uuid"]
        user = make("/users", {"name": "bench", "role": role_uuid}, secret)["uuid"]
        pin = make(f"/users/{user}/secrets", {}, secret)["pin"]
        issued: str = make(f"/secrets/{account}/{pin}", {}, None)["secret"]
        return issued
