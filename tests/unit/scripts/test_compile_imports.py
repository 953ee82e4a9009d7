"""The list of what a start imports names what there is."""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "compile_imports.py"
TARGETS = [target for group in runpy.run_path(str(SCRIPT))["GROUPS"] for target in group]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the packages looked into
@pytest.mark.parametrize("target", TARGETS)
def test_every_module_named_is_there(target: str) -> None:
    assert importlib.util.find_spec(target.partition(":")[0]) is not None


def test_bytecode_is_written_and_a_module_that_fails_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError\n", encoding="utf-8")
    (tmp_path / "sound.py").write_text("def ready():\n    print('called')\n", encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)

    command = [sys.executable, str(SCRIPT), "broken", "missing", "sound:ready"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert ran.stdout == "called\n"
    assert list((tmp_path / "__pycache__").glob("sound.*.pyc"))
