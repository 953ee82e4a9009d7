"""Examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from training import judge

MODULES = [each.name for each in pkgutil.iter_modules(judge.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    """Each module's pinned numbers and sentences."""
    assert doctest.testmod(importlib.import_module(f"training.judge.{name}")).failed == 0
