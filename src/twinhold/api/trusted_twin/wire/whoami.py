"""Who a credential stands for, on the wire."""

import msgspec


class WhoAmI(msgspec.Struct, frozen=True):
    """Who the credential stands for."""

    account: str
    user: str
    role: str
