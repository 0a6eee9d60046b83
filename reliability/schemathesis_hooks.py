"""What Schemathesis has to know to write requests that come far: our formats, and lines of JSON.

It runs in an environment of its own (requirements/fuzz.txt), where nothing of ours is imported.
"""

import base64
import json
import string
from datetime import datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

MODELS = ("dtmi:fuzz:Room;1", "dtmi:fuzz:Meter;1", "dtmi:com:willowinc:Capability;1")
"""Models that the registry is given before (`reliability/fuzz.py`)."""

_letters = st.text(string.ascii_lowercase, min_size=1, max_size=8)
_numbers = st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False, width=32)
_names = st.sampled_from(("name", "floor", "temperature", "active"))
_terms = st.one_of(
    st.builds("TWIN.{} {} {}".format, _names, st.sampled_from(("==", "!=", "<", ">=")), _numbers),
    st.builds("TWIN.{} == '{}'".format, _names, _letters),
    st.builds("TWIN.{} =~ '{}.*'".format, _names, _letters),
    st.builds("ENTRY_NAME == '{}'".format, _letters),
    st.sampled_from(("true", "false", "USER.uuid == TWIN.owner", "[1, 2] and not null")),
)
_times = st.datetimes(datetime(1970, 1, 1)).map(  # noqa: DTZ001 - the zone is written behind it
    lambda moment: moment.isoformat(timespec="microseconds") + "Z"
)
_joined = st.sampled_from(("and", "or"))

FORMATS: dict[str, st.SearchStrategy[str]] = {
    "rule": st.recursive(
        _terms,
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner),
        max_leaves=6,
    ),
    "instant": _times,
    "dtmi": st.sampled_from(MODELS) | st.builds("dtmi:fuzz:{};1".format, _letters),
    "cursor": st.just(""),
    "dictionary": st.dictionaries(_letters, _letters | _numbers, max_size=3).map(
        lambda members: base64.b64encode(json.dumps(members).encode()).decode()
    ),
    "identity": st.sampled_from(("RFID#1", "RFID#2", "EPC#a_b-c=", "_x#0")),
    "color": st.sampled_from(("red", "green", "dark-blue")),
    "doc": st.sampled_from(("a.txt", "b", "folder/c.pdf")),
    "entry": st.sampled_from(("a", "b", "temperature", "x_1", "serial-number")),
    "description-key": _names,
    "ledger": st.sampled_from(("personal", "owner", "creator")),
    "context": st.sampled_from(("personal", "system", "personal,system")),
    "account-name": st.text(string.ascii_letters, min_size=1, max_size=64),
    "patch-path": st.builds("/contents/{}".format, st.sampled_from(("name", "level", "tags"))),
    "direction": st.sampled_from(("Incoming", "Outgoing", "incomingOrOutgoing")),
    "operator": st.sampled_from(("=", "!=", "<", ">=", "contains", "isNull")),
    "join": st.sampled_from(("And", "or")),
}

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook  # type: ignore[untyped-decorator]
def map_path_parameters(context: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Do not delete the models that the others need."""
    if context.operation.label == "DELETE /models/{model}" and parameters["model"] in MODELS:
        return parameters | {"model": "dtmi:fuzz:a;1"}
    return parameters


@schemathesis.serializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def lines(_: Any, value: Any) -> bytes:
    """A body of lines; what is no text is one line of JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace")
