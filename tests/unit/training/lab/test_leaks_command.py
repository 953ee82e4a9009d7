"""`strata lab leaks` says what it cannot do before it reads anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from strata.errors import DefinitionInvalid, InputInvalid
from training.lab.cli import app, leaks


def test_a_segmenter_without_a_label_is_refused() -> None:
    """And one that is not declared, with those that are."""
    with pytest.raises(InputInvalid, match="value_tiers has no label"):
        leaks("value_tiers")
    with pytest.raises(DefinitionInvalid, match="promo_responder"):
        leaks("promo_respnder")


@pytest.mark.parametrize("command", [["quality"], ["quality", "--only", "adult"], ["algorithms", "--only", "ward"]])
def test_a_table_that_is_not_there_is_told_before_any_process_begins(tmp_path: Path, command: list[str]) -> None:
    """With the file, and where it comes from; not as the trace of a process that ended."""
    found = CliRunner().invoke(app, [*command, "--data", str(tmp_path)])
    assert isinstance(found.exception, InputInvalid)
    assert "docs/lab.md says whence" in str(found.exception)
    assert "of 1: " not in found.output
