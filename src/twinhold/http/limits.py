"""What clients may claim."""

import msgspec

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and headers."""

LEAST_BODY = 4096
"""Bytes of a body, or its end, that must arrive while the patience lasts."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may claim.

    Attributes:
        patience: seconds for a head to arrive, for each next `LEAST_BODY` of a body, and for the
            client to take more of an answer.
        connections: that are open at a time, in this process.
    """

    patience: float
    connections: int
