"""Makes the random rules and twins of `sampling.py` importable."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


def pytest_configure(config: pytest.Config) -> None:
    """Let the oracle warn that attributes of mappings will go in the library's version 6."""
    config.addinivalue_line(
        "filterwarnings", "ignore::rule_engine.errors.MappingAttributeLookupDeprecation"
    )
    config.addinivalue_line("filterwarnings", "ignore:invalid escape sequence:DeprecationWarning")
