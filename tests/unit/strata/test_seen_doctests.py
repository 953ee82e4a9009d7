"""The examples in the docstrings of what watches: traces, metrics files, strata top."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["strata.tracing.traceparent", "strata.command.top.span", "serving.metrics.seen_files"]
)
def test_docstring_examples_are_true(name: str) -> None:
    """What a docstring shows is what happens."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
