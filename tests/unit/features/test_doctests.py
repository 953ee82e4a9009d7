"""The examples in the kernel's docstrings."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "builder",
        "conditions",
        "fold_state",
        "layout",
        "matching",
        "merged",
        "packed",
        "spec",
        "vectorise",
    ],
)
def test_docstring_examples_are_true(name: str) -> None:
    """What a docstring shows is what happens."""
    result = doctest.testmod(importlib.import_module(f"strata.features.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
