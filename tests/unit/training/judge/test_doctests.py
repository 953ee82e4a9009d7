"""Examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from training import judge

MODULES = [each.name for each in pkgutil.walk_packages(judge.__path__, "training.judge.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    """Each module's pinned numbers and sentences."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
