"""HTTP/1.1 on the wire: connections with bounds, and on them requests with their answers.

uvicorn listens, keeps the time and ends the serving; httptools reads what arrives. What stands
between them and the application is here, in as few steps a request as it takes.
"""

from twinhold.http.answers import Common, Fields
from twinhold.http.connection import Connection, limited
from twinhold.http.exchange import Application, ClientGoneError, Exchange
from twinhold.http.limits import LARGEST_HEAD, LEAST_BODY, Limits

__all__ = [
    "LARGEST_HEAD",
    "LEAST_BODY",
    "Application",
    "ClientGoneError",
    "Common",
    "Connection",
    "Exchange",
    "Fields",
    "Limits",
    "limited",
]
