"""Docs: files attached to twins, alive or terminated, by any account that may see the twin.

A doc belongs to the account that attached it, and no other account sees it. Its name is unique
among the docs of that account on the twin. The file is a blob, which all docs with the same content
share.
"""

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from twinhold.registry import access, documents, twins, uploads
from twinhold.registry.downloads import Grant
from twinhold.registry.errors import (
    DocExistsError,
    DocNotFoundError,
    DocumentTooLargeError,
    DocWithoutFileError,
    InvalidValueError,
    UploadNotFoundError,
    quoted,
)
from twinhold.registry.principal import Call
from twinhold.registry.twins import Description
from twinhold.store import Transaction
from twinhold.store import blobs as stored_blobs
from twinhold.store import docs as stored
from twinhold.store.blobs import BlobRow
from twinhold.store.docs import DocRow, ListedRow
from twinhold.store.engine import Row

Doc: TypeAlias = DocRow
ListedDoc: TypeAlias = ListedRow
StorageClass = Literal["access_optimized", "cost_optimized"]

MOST_DOCS = 10_000
"""Docs of one account on one twin."""

LONGEST_MASK = 256
LONGEST_DOWNLOAD = 7 * 24 * 3600 * 1_000_000
"""Microseconds that a download URL can be valid for."""

_NAME = re.compile(r"(?:[a-zA-Z0-9_-]{1,32}/){0,5}[a-zA-Z0-9_-]{1,32}(?:\.[a-zA-Z0-9]{1,8})?")


class NewDoc(msgspec.Struct, frozen=True):
    """What is to be attached.

    Attributes:
        upload: whose file it is.
        announced: SHA-256 that the file must have; None takes any file.
        description: as JSON text.
    """

    upload: str
    announced: str | None
    storage_class: StorageClass
    description: str | None


async def attach(
    transaction: Transaction, call: Call, twin: str, new: Mapping[str, NewDoc]
) -> list[Doc]:
    """Attach uploaded files to a twin: all of them, or none.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        InvalidValueError: a name has a wrong form.
        UploadNotFoundError: an upload is not there, or without a file.
        DocExistsError: the account has a doc of such a name on the twin.
        DocumentTooLargeError: it would have more than `MOST_DOCS` there.
    """
    for name in new:
        require_name(name)
    access.require_twin(call, await twins.hold(transaction, call, twin))
    row = await transaction.one(stored.COUNT, {"twin": twin, "account": call.actor.account})
    if row is None or row[0] + len(new) > MOST_DOCS:
        raise DocumentTooLargeError(
            f"An account can attach at most {MOST_DOCS} docs to a twin.", "/docs"
        )
    return [await _attach(transaction, call, twin, name, doc) for name, doc in new.items()]


async def get_all(
    transaction: Transaction, call: Call, twin: str, mask: str | None
) -> list[ListedDoc]:
    """The docs of the caller's account on a twin, by name; a mask is a glob on the whole name.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        InvalidValueError: the mask is too long.
    """
    if mask is not None and len(mask) > LONGEST_MASK:
        raise InvalidValueError(f"The mask must have at most {LONGEST_MASK} characters.")
    await twins.find_visible(transaction, call, twin)
    rows = await transaction.all(stored.SELECT_ALL, _owned(call, twin))
    listed = [ListedDoc._make(row) for row in rows]
    if mask is None:
        return listed
    return [doc for doc in listed if fnmatch.fnmatchcase(doc.name, mask)]


async def get(transaction: Transaction, call: Call, twin: str, name: str) -> Doc:
    """Read a doc of the caller's account.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
        InvalidValueError: the name has a wrong form.
        DocNotFoundError: there is none.
    """
    require_name(name)
    await twins.find_visible(transaction, call, twin)
    return _found(await transaction.one(stored.SELECT, _named(call, twin, name)), name)


async def update(
    transaction: Transaction, call: Call, twin: str, name: str, description: Description
) -> Doc:
    """Replace the description of a doc; unset changes nothing.

    Raises:
        TwinNotFoundError, TwinForbiddenError, InvalidValueError, DocNotFoundError: see `get`.
    """
    if description is msgspec.UNSET:
        return await get(transaction, call, twin, name)
    require_name(name)
    await twins.find_visible(transaction, call, twin)
    changed = {"description": description, "now": call.now}
    row = await transaction.one(stored.UPDATE_DESCRIPTION, _named(call, twin, name) | changed)
    return _found(row, name)


async def delete(transaction: Transaction, call: Call, twin: str, name: str) -> Doc:
    """Delete a doc of the caller's account.

    Raises:
        TwinNotFoundError, TwinForbiddenError, InvalidValueError, DocNotFoundError: see `get`.
    """
    require_name(name)
    await twins.find_visible(transaction, call, twin)
    doc = _found(await transaction.one(stored.DELETE, _named(call, twin, name)), name)
    if doc.status == "ok":
        await uploads.release(transaction, doc.digest)
    return doc


async def delete_all(transaction: Transaction, call: Call, twin: str) -> list[ListedDoc]:
    """Delete the docs of the caller's account on a twin.

    Raises:
        TwinNotFoundError, TwinForbiddenError: see `twins.find_visible`.
    """
    await twins.find_visible(transaction, call, twin)
    rows = await transaction.all(stored.DELETE_ALL, _owned(call, twin))
    deleted = sorted(map(ListedDoc._make, rows))
    await _release_all(transaction, deleted)
    return deleted


async def delete_of_twin(transaction: Transaction, twin: str) -> None:
    """Delete the docs of every account on a twin that is about to be deleted."""
    rows = await transaction.all(stored.DELETE_OF_TWIN, {"twin": twin})
    await _release_all(transaction, map(ListedDoc._make, rows))


def grant(call: Call, doc: Doc, validity: int) -> Grant:
    """What a download URL of a doc opens.

    Args:
        call: who asks.
        doc: one that the caller may read.
        validity: microseconds since the epoch.

    Raises:
        DocWithoutFileError: the file of the doc is not kept.
        InvalidValueError: the URL would be valid for too long.
    """
    if doc.status != "ok":
        raise DocWithoutFileError(
            f"The file that came for {quoted(doc.name)} is not the one announced, and is not kept."
        )
    if validity > call.now + LONGEST_DOWNLOAD:
        raise InvalidValueError("A download URL can be valid for at most 7 days.")
    return Grant(doc.twin, doc.account, doc.name, doc.created, validity)


async def open_file(transaction: Transaction, granted: Grant) -> BlobRow:
    """Where the file lies that a download URL opens.

    Raises:
        DocNotFoundError: the doc has been deleted since.
    """
    named = {"twin": granted.twin, "account": granted.account, "name": granted.name}
    doc = _found(await transaction.one(stored.SELECT, named), granted.name)
    blob = await transaction.one(stored_blobs.SELECT, {"digest": doc.digest})
    if blob is None or doc.status != "ok" or doc.created != granted.created:
        raise _unknown(granted.name)
    return BlobRow._make(blob)


def require_name(name: str) -> None:
    """Let only the name of a doc pass (spec section 1).

    Raises:
        InvalidValueError: it has another form.
    """
    if not _NAME.fullmatch(name):
        raise InvalidValueError(
            f"The name {quoted(name)} must have up to 5 folders and a file name, each of 1 to 32 "
            "letters, digits, _ or -, and may end with a dot and 1 to 8 letters or digits."
        )


async def _attach(transaction: Transaction, call: Call, twin: str, name: str, new: NewDoc) -> Doc:
    pointer = f"/docs/{documents.escape(name)}"
    try:
        digest, size = await uploads.require_file(transaction, call, new.upload)
    except UploadNotFoundError as error:
        raise UploadNotFoundError(error.message, f"{pointer}/handler") from None
    announced = new.announced in {None, digest}
    if announced and not await transaction.one(stored_blobs.REFER, {"digest": digest}):
        raise UploadNotFoundError(f"The upload {new.upload} is over.", f"{pointer}/handler")
    doc = Doc(
        twin,
        call.actor.account,
        name,
        digest,
        size,
        "ok" if announced else "hash_mismatch",
        new.storage_class,
        new.description,
        call.now,
        call.now,
    )
    if await transaction.one(stored.INSERT, doc._asdict()) is None:
        raise DocExistsError(f"The account has a doc {quoted(name)} on the twin.", pointer)
    return doc


async def _release_all(transaction: Transaction, deleted: Iterable[ListedDoc]) -> None:
    counts = Counter(doc.digest for doc in deleted if doc.status == "ok")
    for digest, count in sorted(counts.items()):  # in one order, so that no two wait for each other
        await uploads.release(transaction, digest, count)


def _owned(call: Call, twin: str) -> dict[str, object]:
    return {"twin": twin, "account": call.actor.account}


def _named(call: Call, twin: str, name: str) -> dict[str, object]:
    return _owned(call, twin) | {"name": name}


def _found(row: Row | None, name: str) -> Doc:
    if row is None:
        raise _unknown(name)
    return Doc._make(row)


def _unknown(name: str) -> DocNotFoundError:
    return DocNotFoundError(f"The doc {quoted(name)} does not exist.")
