"""JSON Patch on its own: what the dialects cannot show from outside."""

from copy import deepcopy
from typing import Any

import pytest

from twinhold.registry import json_patch
from twinhold.registry.errors import InvalidValueError

BUILT_UP = [
    {"op": "add", "path": "/list", "value": []},
    {"op": "add", "path": "/list/-", "value": {"deep": {}}},
    {"op": "replace", "path": "/list/0/deep", "value": {"a": 1}},
    {"op": "add", "path": "/list/0/deep/b", "value": 2},
]


def test_a_patch_is_the_same_when_it_is_applied_again() -> None:
    """A transaction that has to be repeated applies the same operations once more."""
    operations = json_patch.read(deepcopy(BUILT_UP))
    expected = {"list": [{"deep": {"a": 1, "b": 2}}]}
    for _ in range(2):
        assert json_patch.apply({}, operations) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (10**20, 1e20), ([1, {"a": 2}], [1.0, {"a": 2.0}]), (None, None), ("é", "é")],
)
def test_values_that_are_equal(one: Any, other: Any) -> None:
    test = json_patch.read([{"op": "test", "path": "/a", "value": other}])
    assert json_patch.apply({"a": one}, test) == {"a": one}


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), ("1", 1), (None, False), ([], {}), ([1], [1, 1]), ({"a": 1}, {"b": 1})],
)
def test_values_that_are_not_equal(one: Any, other: Any) -> None:
    for value, expected in ((one, other), (other, one)):
        test = json_patch.read([{"op": "test", "path": "/a", "value": expected}])
        with pytest.raises(InvalidValueError):
            json_patch.apply({"a": value}, test)
