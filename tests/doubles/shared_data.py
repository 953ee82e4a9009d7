"""Data files that the project does not ship: found through STRATA_TEST_DATA, or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_file(relative: str) -> Path:
    """The file, or a skip that says where it was looked for."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("STRATA_TEST_DATA") or beside)
    path = folder / relative
    if not path.is_file():
        pytest.skip(f"{relative} is not in {folder}; set STRATA_TEST_DATA to the folder that holds it")
    return path
