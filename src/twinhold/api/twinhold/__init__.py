"""What is Twinhold's own and no vendor's: health, metrics, the reference."""

from twinhold.api.twinhold.operations import NAMES, dialect

__all__ = ["NAMES", "dialect"]
