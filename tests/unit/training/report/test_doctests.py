"""The examples in the docstrings hold."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from training.report import html, markdown, numbers, wrapping
from training.report.figures import flows


@pytest.mark.parametrize("module", [flows, html, markdown, numbers, wrapping], ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    """Each module has some, and all give what they say."""
    failed, tried = doctest.testmod(module)
    assert (failed, tried > 0) == (0, True)
