"""`credentials.json`: what the first account needs to call, kept in the data directory.

Written with mode 0600 before the account is committed: a crash in between leaves a file that the
next start replaces, never an account that nobody can enter.
"""

import os
from pathlib import Path

import msgspec

FILE = "credentials.json"


class Credentials(msgspec.Struct, frozen=True):
    """Where the registry answers, and who may call."""

    url: str
    account: str
    user: str
    role: str
    secret: str


def write(data: Path, credentials: Credentials) -> None:
    """Put the file in place, whole and durable."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    target, draft = data / FILE, data / f"{FILE}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(credentials)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    directory = os.open(data, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read(data: Path) -> Credentials | None:
    """The credentials in a data directory, or None when there are none that can be read."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Credentials)
    except (OSError, msgspec.MsgspecError):
        return None


def remember_url(data: Path, url: str) -> None:
    """Let the file name the address that the server listens on now."""
    known = read(data)
    if known is not None and known.url != url:
        write(data, msgspec.structs.replace(known, url=url))
