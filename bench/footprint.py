"""What Twinhold costs at rest: the time to its first answer, and the memory it then holds."""

import contextlib
import http.client
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import targets
from bench.servers import HOST

STARTS = 5


@dataclass(frozen=True)
class Footprint:
    """Medians over the starts.

    Attributes:
        fresh_seconds: from the start of the process to the answer of /health, no data yet.
        existing_seconds: likewise on the data directory that the first start made.
        resident_mb: resident memory after that and one request with a credential.
    """

    fresh_seconds: float
    existing_seconds: float
    resident_mb: float


def measure() -> Footprint:
    """Start Twinhold a few times on fresh data, each time twice."""
    fresh, existing, resident = [], [], []
    with tempfile.TemporaryDirectory(prefix="twinhold-bench-") as temporary:
        for number in range(STARTS):
            data = Path(temporary) / f"start-{number}"
            with targets.twinhold(data) as target:
                fresh.append(target.server.started_in)
            with targets.twinhold(data) as target:
                existing.append(target.server.started_in)
                _request_once(target)
                resident.append(target.server.resident_mb())
    return Footprint(median(fresh), median(existing), median(resident))


def _request_once(target: targets.Target) -> None:
    connection = http.client.HTTPConnection(HOST, target.server.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/twins", headers=target.wire.headers())
        connection.getresponse().read()
