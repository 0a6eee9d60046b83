"""Twinhold: a self-hosted digital twin registry that speaks the dialects its clients already use."""

__version__ = "0.1.0"
