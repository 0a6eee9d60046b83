"""Twinhold: a self-hosted digital twin registry that speaks its clients' dialects."""

__version__ = "0.1.0"
