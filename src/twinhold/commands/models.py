"""The commands `twinhold models ...`: what they print and how they end."""

import argparse
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Never

import msgspec

from twinhold.commands import options
from twinhold.commands.options import FAILED, THROUGH, Commands, Formatter, counted, reached

if TYPE_CHECKING:
    from tqdm import tqdm

    from twinhold.dtdl.files import Checked

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def add_to(commands: Commands) -> None:
    """Add the commands."""
    group = options.group(commands, "models", "check, load, list and delete models")
    validating = group.add_parser(
        "validate",
        formatter_class=Formatter,
        help="check model files",
        description="Check DTDL files, and the .json and .jsonld files in folders, as one set. "
        "Prints file:line:column: code: sentence, and needs no registry.",
    )
    options.add_paths(validating)
    validating.set_defaults(run=validate)

    loading = group.add_parser(
        "load",
        formatter_class=Formatter,
        help="load model files into an account",
        description="Check DTDL files and load them, all or none, in any order; models that the "
        "account has already are left as they are. " + THROUGH,
    )
    options.add_paths(loading)
    options.add_account_options(loading)
    loading.set_defaults(run=load)

    listing = group.add_parser(
        "list",
        formatter_class=Formatter,
        help="list the models of an account",
        description="List ids and names of models. " + THROUGH,
    )
    options.add_account_options(listing)
    listing.set_defaults(run=list_all)

    deleting = group.add_parser(
        "delete",
        formatter_class=Formatter,
        help="delete a model",
        description="Delete a model that no other model depends on. " + THROUGH,
    )
    deleting.add_argument("dtmi", metavar="DTMI", help="the model's id")
    options.add_account_options(deleting)
    deleting.set_defaults(run=delete)


def validate(flags: argparse.Namespace) -> int:
    """Check files; exit code 1 when something is wrong with them."""
    from twinhold.dtdl.files import validate_files  # noqa: PLC0415 - see `LoadedModels.add`

    return _report(validate_files(flags.paths))


def load(flags: argparse.Namespace) -> int:
    """Check files against what the account has, then load them."""
    from twinhold.dtdl.files import validate_files  # noqa: PLC0415 - see `LoadedModels.add`

    with reached(flags) as registry, _progress() as bar:
        bar.set_description("Checking")
        checked = validate_files(flags.paths, registry.find_models)
        if checked.findings:
            bar.leave = False
            bar.close()
            return _report(checked)
        body = _array(checked.files)
        bar.reset(len(body))
        bar.set_description("Loading")
        count = registry.upload_models(_Counted(body, bar), len(body))
    sys.stdout.write(f"{counted(count, 'model')} loaded.\n")
    return 0


def list_all(flags: argparse.Namespace) -> None:
    """Print a line for each model: its id, a tab, its name."""
    with reached(flags) as registry:
        for dtmi, names in registry.list_models():
            name = names.get("en") or next(iter(names.values()), "")
            sys.stdout.write(f"{dtmi}\t{name}\n".replace("\t\n", "\n"))


def delete(flags: argparse.Namespace) -> None:
    """Delete one model."""
    with reached(flags) as registry:
        registry.delete_model(flags.dtmi)
    sys.stdout.write(f"{flags.dtmi} is deleted.\n")


class _Counted(io.BytesIO):
    """A body that tells a bar how much of it was read."""

    def __init__(self, body: bytes, bar: "tqdm[Never]") -> None:
        super().__init__(body)
        self._bar = bar

    def read(self, size: int | None = -1) -> bytes:
        """See `io.BytesIO.read`."""
        part = super().read(size)
        self._bar.update(len(part))
        return part


def _report(checked: "Checked") -> int:
    for finding in checked.findings:
        sys.stdout.write(f"{finding}\n")
    files = counted(len(checked.files), "file")
    if checked.models is None:
        sys.stdout.write(f"{counted(len(checked.findings), 'finding')} in {files}.\n")
        return FAILED
    models = counted(len(checked.models), "model")
    verb = "is" if len(checked.models) == 1 else "are"
    sys.stdout.write(f"{models} in {files} {verb} valid.\n")
    return 0


def _array(files: Iterable[Path]) -> bytes:
    """The models of files as one JSON array, each as its author wrote it."""
    items: list[bytes] = []
    for file in files:
        text = file.read_bytes().removeprefix(_BYTE_ORDER_MARK).strip()
        many = text.startswith(b"[")
        items += map(bytes, msgspec.json.decode(text, type=list[msgspec.Raw])) if many else [text]
    return b"[" + b",".join(items) + b"]"


def _progress() -> "tqdm[Never]":
    """A bar on standard error, only where somebody looks at it."""
    from tqdm import tqdm  # noqa: PLC0415 - only this command needs it

    shown = sys.stderr.isatty()
    return tqdm(unit="B", unit_scale=True, disable=not shown, file=sys.stderr)
