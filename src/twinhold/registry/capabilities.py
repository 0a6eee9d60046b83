"""Capability twins: the twins of a model that time series hang on (spec/willow.md 6)."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from twinhold.dtdl import Model

CAPABILITY = "dtmi:com:willowinc:Capability;1"
"""The model that theirs is, or extends."""

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,512}")


def external_id(model: "Model", contents: Mapping[str, Any]) -> str | None:
    """The name outside of the registry under which values of a twin may come, if it has one."""
    if not model.is_a(CAPABILITY):
        return None
    name = contents.get("externalID")
    return name if is_name(name) else None


def connector_id(contents: Mapping[str, Any]) -> str | None:
    """The connector that a twin's values come from, if the twin names one."""
    name = contents.get("connectorID")
    return name if is_name(name) else None


def is_name(name: object) -> TypeGuard[str]:
    """Whether something can name a twin outside: 1 to 512 characters, none of control."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None
