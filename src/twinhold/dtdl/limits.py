"""How much of everything a model may have, by DTDL version and limits extension.

A v4 document may replace the limits of the language by those of an extension (`onvif`, `aio`).
Where the extension says nothing, the value of the core language holds.
"""

from __future__ import annotations

import msgspec

MAX_DTMI = 2048
MAX_INTERFACE_BYTES = 1_048_576
MAX_NESTING = (
    200  # objects inside objects of one document; far above what the other limits leave room for
)


class Limits(msgspec.Struct, frozen=True):
    """The figures one Interface is measured by; None where there is no limit."""

    name: int = 512
    display_name: int = 512
    description: int = 512
    comment: int = 512
    id: int = MAX_DTMI
    target: int = MAX_DTMI
    interface_id: int = 128
    extends_direct: int | None = None
    extends_all: int | None = 1024
    extends_depth: int = 10
    contents: int | None = None
    elements: int | None = 100_000
    schema_depth: int = 5
    bytes: int | None = MAX_INTERFACE_BYTES


V2 = Limits(
    name=64,
    display_name=64,
    extends_direct=2,
    extends_all=None,
    contents=300,
    elements=None,
    bytes=None,
)
V3 = Limits()
V4 = Limits(extends_depth=12, schema_depth=8)
ONVIF = msgspec.structs.replace(V4, description=4096, id=512, interface_id=256, schema_depth=24)
AIO = msgspec.structs.replace(V4, description=2048, id=512, interface_id=256, schema_depth=12)

CORE: dict[int, Limits] = {2: V2, 3: V3, 4: V4}
EXTENSIONS: dict[str, Limits] = {"dtmi:dtdl:limits:onvif;1": ONVIF, "dtmi:dtdl:limits:aio;1": AIO}
