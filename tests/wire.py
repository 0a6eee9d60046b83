"""The line of an exchange without a connection, for requests that run in the tests' process."""

from twinhold.http import Common


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
