"""What is Twinhold's own and no vendor's: imports, exports, health, metrics, the reference."""

from twinhold.api.twinhold.operations import NAMES, dialect

__all__ = ["NAMES", "dialect"]
