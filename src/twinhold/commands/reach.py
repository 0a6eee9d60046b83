"""How a command reaches a registry: through its server when one runs, else directly.

Either way the command says on standard error which.
"""

import contextlib
import os
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import IO, Protocol

import msgspec

from twinhold import credentials
from twinhold.commands import client
from twinhold.commands.direct import Direct
from twinhold.credentials import Credentials
from twinhold.registry import exports
from twinhold.registry.imports import Outcome, Section
from twinhold.settings import Settings, SettingsError
from twinhold.store import StoreInUseError
from twinhold.store.open import DirectoryLock


class Reached(Protocol):
    """A registry that a command works on.

    Attributes:
        lines_together: how many twins or relationships a batch of `import_lines` may have.
    """

    lines_together: int

    def create_account(self, name: str) -> Credentials:
        """Make an account."""
        ...

    def rotate_keys(self) -> int:
        """Sign tokens with a new key; answer how many verify them."""
        ...

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """Store the models of a JSON array of so many bytes; answer how many there are."""
        ...

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """The documents of those of some models that there are."""
        ...

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Ids of models and their names by language."""
        ...

    def delete_model(self, dtmi: str) -> None:
        """Delete a model."""
        ...

    def account(self) -> str:
        """The UUID of the account that is worked on."""
        ...

    def import_models(self, lines: bytes) -> Outcome:
        """Store the models in lines, all or none, and leave those as they are that are there."""
        ...

    def import_lines(
        self, section: Section, batches: Iterable[Sequence[bytes]]
    ) -> Iterator[Outcome]:
        """Store twins or relationships, batch after batch; bad lines are left out and reported."""
        ...

    def export_pages(self, section: exports.Section) -> Iterator[exports.Page]:
        """All that a section of an export holds."""
        ...

    def refused_twins(self, section: Section, ids: Sequence[str]) -> Outcome:
        """What keeps twins of some ids from being put, or relationships from leaving them."""
        ...

    def find_twins(self, ids: Sequence[str]) -> dict[str, str]:
        """The models of those of some twins that there are, by the ids of the twins."""
        ...


@contextlib.contextmanager
def reaching(
    settings: Settings, url: str | None, secret: str | None, account: str | None = None
) -> Generator[Reached, None, None]:
    """Reach the registry that the options name.

    Args:
        settings: where the registry is kept.
        url: its server.
        secret: what the server is asked with; its user's account is worked on.
        account: the account to work on when no server is asked; None is the operator's.

    Raises:
        SettingsError: there is no secret for the server, or an account is named for it.
        StoreError: the directory or database cannot be opened.
    """
    url = url or os.environ.get("TWINHOLD_URL")
    if url:
        _refuse_account(account)
        yield _through(settings, url, secret)
        return
    try:
        lock = None if settings.database else DirectoryLock(settings.data)
    except StoreInUseError:
        known = credentials.read(settings.data)
        if known is None:
            raise
        _refuse_account(account)
        yield _through(settings, known.url, secret)
        return
    direct = Direct(settings, account)
    try:
        where = "the database" if settings.database else str(settings.data)
        sys.stderr.write(f"Opening {where} directly.\n")
        yield direct
    finally:
        direct.close()
        if lock is not None:
            lock.release()


def _refuse_account(account: str | None) -> None:
    if account is not None:
        raise SettingsError(
            "A server works on the account of the secret: give --secret instead of --account, "
            "or stop the server."
        )


def _through(settings: Settings, url: str, secret: str | None) -> "Served":
    url = url.rstrip("/")
    known = credentials.read(settings.data)
    secret = secret or os.environ.get("TWINHOLD_SECRET") or (known.secret if known else None)
    if not secret:
        raise SettingsError("No secret: give --secret, or --data with a credentials.json.")
    sys.stderr.write(f"Asking the server at {url}.\n")
    return Served(url, secret)


class Served:
    """A registry behind its server."""

    lines_together = 4_000

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def create_account(self, name: str) -> Credentials:
        """See `Reached.create_account`."""
        made = client.create_account(self._url, self._secret, name)
        return msgspec.convert(made | {"url": self._url}, Credentials)

    def rotate_keys(self) -> int:
        """See `Reached.rotate_keys`."""
        return client.rotate_keys(self._url, self._secret)

    def upload_models(self, body: IO[bytes], size: int) -> int:
        """See `Reached.upload_models`."""
        return client.upload_models(self._url, self._secret, body, size)

    def find_models(self, dtmis: Sequence[str]) -> list[object]:
        """See `Reached.find_models`."""
        found = (client.find_model(self._url, self._secret, dtmi) for dtmi in dtmis)
        return [document for document in found if document is not None]

    def list_models(self) -> Iterable[tuple[str, dict[str, str]]]:
        """See `Reached.list_models`."""
        return client.list_models(self._url, self._secret)

    def delete_model(self, dtmi: str) -> None:
        """See `Reached.delete_model`."""
        client.delete_model(self._url, self._secret, dtmi)

    def account(self) -> str:
        """See `Reached.account`."""
        return client.account(self._url, self._secret)

    def import_models(self, lines: bytes) -> Outcome:
        """See `Reached.import_models`."""
        return self._import("models", lines)

    def import_lines(
        self, section: Section, batches: Iterable[Sequence[bytes]]
    ) -> Iterator[Outcome]:
        """See `Reached.import_lines`."""
        return (self._import(section, b"\n".join(lines)) for lines in batches)

    def _import(self, section: str, lines: bytes) -> Outcome:
        answer = client.import_lines(self._url, self._secret, section, lines)
        return msgspec.convert(answer, Outcome)

    def export_pages(self, section: exports.Section) -> Iterator[exports.Page]:
        """See `Reached.export_pages`."""
        pages = client.export_pages(self._url, self._secret, section)
        return (exports.Page(lines, None, left_out) for lines, left_out in pages)

    def refused_twins(self, section: Section, ids: Sequence[str]) -> Outcome:
        """See `Reached.refused_twins`."""
        answer = client.refused_twins(self._url, self._secret, section, ids)
        return msgspec.convert(answer, Outcome)

    def find_twins(self, ids: Sequence[str]) -> dict[str, str]:
        """See `Reached.find_twins`."""
        return client.find_twins(self._url, self._secret, ids)
