"""Trusted Twin REST 3.18, as the vendor's own client speaks it (seeds 000-003)."""

from twinhold.api.trusted_twin.operations import DIALECT

__all__ = ["DIALECT"]
