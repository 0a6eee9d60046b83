"""The Willow Public API v3: twins of buildings, validated against their models."""

from twinhold.api.willow.operations import DIALECT

__all__ = ["DIALECT"]
