"""Partial updates: what is unset stays as it is."""

from typing import Any

import msgspec


def given(change: msgspec.Struct) -> dict[str, Any]:
    """The members of a change that are set."""
    return {
        name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
