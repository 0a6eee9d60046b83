"""The bar that shows how far a long command is."""

import sys
from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from tqdm import tqdm


def progress(total: int | None, unit: str, *, scaled: bool = True) -> "tqdm[Never]":
    """A bar on standard error, only where somebody looks at it.

    Args:
        total: where it ends.
        unit: what is counted.
        scaled: large counts are shown as thousands and millions.
    """
    from tqdm import tqdm  # noqa: PLC0415 - only some commands need it

    shown = sys.stderr.isatty()
    return tqdm(total=total, unit=unit, unit_scale=scaled, disable=not shown, file=sys.stderr)
