"""Docs and uploads on the wire."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from twinhold.api.kit.decode import convert
from twinhold.api.kit.forms import Uuid, names
from twinhold.api.trusted_twin.wire.common import Description, Seconds, microseconds, seconds
from twinhold.registry import documents, ids
from twinhold.registry.docs import Doc, ListedDoc, NewDoc, StorageClass
from twinhold.registry.downloads import Grant
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.uploads import Upload

_HASH = msgspec.Meta(pattern=r"^[a-f0-9]{64}\Z", extra_json_schema={"pattern": "^[a-f0-9]{64}$"})
DOC_NAME = r"^([a-zA-Z0-9_-]{1,32}/){0,5}[a-zA-Z0-9_-]{1,32}(\.[a-zA-Z0-9]{1,8})?$"
_LONGEST_NUMBER = 32


class UploadUrl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one file can be put, and the handler by which it is attached."""

    url: str
    handler: str
    validity_ts: Seconds


class Handler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The handler of an upload that is over."""

    handler: str


class UploadedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that has come whole; until `validity_ts` it can be attached."""

    handler: str
    size: int
    hash: str
    validity_ts: Seconds


class DocInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file to attach; `hash` is its SHA-256, when it is to be checked."""

    handler: Uuid
    hash: Annotated[str, _HASH] | None = None
    storage_class: StorageClass = "access_optimized"
    description: Description | None | msgspec.UnsetType = msgspec.UNSET


class DocsInput(msgspec.Struct, frozen=True):
    """The body of attach_twin_doc: files by the names that they are to have."""

    docs: Annotated[dict[str, DocInput], names(DOC_NAME, "doc")]


class DocUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of update_twin_doc."""

    description: Description | None | msgspec.UnsetType = msgspec.UNSET


class DocCertificate(msgspec.Struct, frozen=True):
    """Made when the doc was attached; never changes."""

    size: int
    hash: str
    created_ts: Seconds
    creator: str


class Download(msgspec.Struct, frozen=True):
    """Where the file can be fetched, by whoever has the URL."""

    url: str
    validity_ts: Seconds


class DocObject(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A doc; `description` only when it is set, `download` only when it is asked for."""

    creation_certificate: DocCertificate
    storage_class: StorageClass
    updated_ts: Seconds
    status: Literal["ok", "hash_mismatch"]
    description: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    download: Download | msgspec.UnsetType = msgspec.UNSET


class AttachedDocs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Docs by their names."""

    docs: dict[str, DocObject]


class DocList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Docs by their names: created_ts, updated_ts and size; in a tree, by their folders."""

    docs: dict[str, Any]


class _DocText(msgspec.Struct, frozen=True):
    """The description of a doc to attach as its sender wrote it."""

    description: msgspec.Raw = msgspec.Raw(b"null")


class _DocTexts(msgspec.Struct, frozen=True):
    docs: dict[str, _DocText]


Json: TypeAlias = dict[str, Any]
_texts = msgspec.json.Decoder(_DocTexts).decode


def new_docs(body: bytes) -> dict[str, NewDoc]:
    """What the body of attach_twin_doc asks to attach.

    Raises:
        NotUtf8Error, NotJsonError: the body cannot be read.
        InvalidValueError: a value has a wrong form.
    """
    given = convert(documents.parse_object(body), DocsInput).docs
    texts = _texts(body).docs
    return {name: _new_doc(name, doc, texts[name].description) for name, doc in given.items()}


def view(docs: Sequence[ListedDoc], form: str) -> bytes:
    """A list of docs, or with the form `tree` one by their folders."""
    members = {doc.name: _listed(doc) for doc in docs}
    return msgspec.json.encode({"docs": _tree(members) if form == "tree" else members})


def written(doc: Doc, download: Json | None = None) -> Json:
    """A doc as it is shown."""
    shown: Json = {
        "creation_certificate": {
            "size": doc.size,
            "hash": doc.digest,
            "created_ts": seconds(doc.created),
            "creator": doc.account,
        },
        "storage_class": doc.storage_class,
        "updated_ts": seconds(doc.updated),
        "status": doc.status,
    }
    if doc.description is not None:
        shown["description"] = msgspec.Raw(doc.description.encode())
    if download is not None:
        shown["download"] = download
    return shown


def download(origin: str, grant: Grant, handler: str) -> Json:
    """Where a file can be fetched."""
    url = f"{origin}/download/{grant.account}/{handler}"
    return {"url": url, "validity_ts": seconds(grant.validity)}


def upload_url(origin: str, upload: Upload, token: str) -> bytes:
    """Where a file can be put."""
    url = f"{origin}/cache/{upload.uuid}/{token}"
    return msgspec.json.encode(
        {"url": url, "handler": upload.uuid, "validity_ts": seconds(upload.validity)}
    )


def uploaded(upload: Upload) -> bytes:
    """A file that has come."""
    return msgspec.json.encode(
        {
            "handler": upload.uuid,
            "size": upload.size,
            "hash": upload.digest,
            "validity_ts": seconds(upload.validity),
        }
    )


def validity(text: str) -> int:
    """A time of the query string, in microseconds.

    Raises:
        InvalidValueError: it is none.
    """
    try:
        number = float(text) if len(text) <= _LONGEST_NUMBER else math.nan
        found = microseconds(number, "") if math.isfinite(number) else None
    except ValueError:
        found = None
    if found is None:
        raise InvalidValueError(
            f"The parameter validity_ts must be seconds since the epoch, not {quoted(text)}."
        )
    return found


def _new_doc(name: str, doc: DocInput, text: msgspec.Raw) -> NewDoc:
    pointer = f"/docs/{documents.escape(name)}"
    description = None
    if isinstance(doc.description, dict):
        documents.check_description_keys(doc.description, f"{pointer}/description")
        description = bytes(text).decode()
    upload = ids.parse_uuid(doc.handler, "handler", f"{pointer}/handler")
    return NewDoc(upload, doc.hash, doc.storage_class, description)


def _listed(doc: ListedDoc) -> list[Any]:
    return [seconds(doc.created), seconds(doc.updated), doc.size]


def _tree(members: Mapping[str, Any]) -> Json:
    """Members by their folders; a folder that has the name of a file ends with a slash."""
    root: Json = {}
    for name, listed in members.items():
        *folders, last = name.split("/")
        node = root
        path = ""
        for folder in folders:
            path += folder
            node = node.setdefault(f"{folder}/" if path in members else folder, {})
            path += "/"
        node[last] = listed
    return root
