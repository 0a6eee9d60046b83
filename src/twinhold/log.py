"""Structured logs: one JSON object a line, on standard error, never a secret in it."""

import logging
import sys
import time
import traceback

import msgspec

from twinhold.blobs import BlobsError
from twinhold.store import StoreUnavailableError

_LOGGER = logging.getLogger("twinhold")


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        line = {
            "ts": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "members", {})
        if record.exc_info:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return msgspec.json.encode(line).decode()


def configure() -> None:
    """Send the records of Twinhold and its libraries to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def cannot_start(error: Exception) -> None:
    """Tell the operator of a worker that cannot start; its parent tries again."""
    _LOGGER.error("A worker cannot start: %s", error)


def complain(trace: str, error: BaseException) -> None:
    """Tell the operator of an error of ours, under the trace that the client was given."""
    known = isinstance(error, StoreUnavailableError | BlobsError)
    _LOGGER.error(
        "%s",
        error if known else "a request failed",
        extra={"members": {"trace": trace, "at": time.time()}},
        exc_info=None if known else error,
    )
