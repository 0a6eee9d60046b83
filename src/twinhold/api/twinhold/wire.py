"""The wire of Twinhold's own operations."""

from typing import Literal

import msgspec


class Health(msgspec.Struct, frozen=True):
    """Said only when the store answers."""

    status: Literal["ok"] = "ok"
