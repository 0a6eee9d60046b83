"""The line of an exchange without a connection, for requests that run in the tests' process."""

from twinhold.http import Common, Exchange


class Wire:
    """A client that sends a whole request and keeps what it is answered."""

    is_lost = False
    common_fields: Common = ()

    def __init__(self) -> None:
        self.got = b""

    def write(self, data: bytes) -> None:
        self.got += data

    hold = write

    def pause_reading(self) -> None:
        """There is no more to come."""

    async def more(self) -> None:
        """There is no more to come."""

    async def drained(self) -> None:
        """It takes everything."""


def whole_request(wire: Wire, secret: str, method: str, target: str, body: bytes) -> Exchange:
    """A request that has arrived whole, with the secret of its caller."""
    headers = {b"authorization": secret.encode()}
    exchange = Exchange(wire, method, target.encode(), headers, keep_alive=True)
    exchange.take(body)
    exchange.is_whole = True
    return exchange
