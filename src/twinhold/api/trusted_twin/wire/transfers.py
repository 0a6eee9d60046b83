"""Transfers on the wire."""

import msgspec

from twinhold.api.kit.forms import Uuid
from twinhold.api.trusted_twin.wire.common import Seconds


class TransferInput(msgspec.Struct, frozen=True):
    """The body of create_twin_transfer: the account that is offered the twin."""

    recipient: Uuid


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An offer of ownership."""

    transfer: str
    twin: str
    owner: str
    recipient: str
    validity_ts: Seconds
