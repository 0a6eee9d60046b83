"""HTTP/1.1 on the wire: connections with bounds, and on them requests with their answers.

uvicorn listens, keeps the time and ends the serving; httptools reads what arrives. What stands
between them and the application is here, in as few steps a request as it takes.
"""

from twinhold.http.answers import Common
from twinhold.http.connection import limited
from twinhold.http.exchange import ClientGoneError, Exchange
from twinhold.http.limits import LARGEST_HEAD, Limits

__all__ = [
    "LARGEST_HEAD",
    "ClientGoneError",
    "Common",
    "Exchange",
    "Limits",
    "limited",
]
