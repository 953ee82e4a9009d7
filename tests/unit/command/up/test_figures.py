"""What a start cost is told truly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from strata.command.up.figures import StartFigures
from strata.errors import StrataError
from strata.processes.orphans import PLATFORM_VARIABLE

WAITING = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]


def _start(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(WAITING, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    return child


def test_memory_is_that_of_this_process_and_of_the_platforms_own(tmp_path: Path) -> None:
    """A process that carries the home is counted, with its command; a stranger is not."""
    ours, stranger = _start({**os.environ, PLATFORM_VARIABLE: str(tmp_path)}), _start(dict(os.environ))
    try:
        document = StartFigures().document(tmp_path)
    finally:
        for child in (ours, stranger):
            child.communicate()
    memory = document["memory_mb"]
    assert isinstance(memory, dict)
    assert {int(name.split()[0]) for name in memory} == {os.getpid(), ours.pid}
    assert all(mb > 1 for mb in memory.values())
    assert document["memory_total_mb"] == round(sum(memory.values()), 1)
    assert document["largest_gateway_worker_mb"] == 0.0


def test_the_file_holds_the_documented_keys(tmp_path: Path) -> None:
    """Every key of docs/operations.md, and nothing else."""
    figures = StartFigures(steps_s={"history": 1.234}, prepared_s=2.0, serving_s=3.0)
    figures.write(tmp_path / "start.json", tmp_path)
    document = json.loads((tmp_path / "start.json").read_text(encoding="utf-8"))
    assert set(document) == {
        "steps_s", "prepared_s", "serving_s", "first_answer_s",
        "memory_mb", "memory_total_mb", "largest_gateway_worker_mb",
    }  # fmt: skip
    assert document["steps_s"] == {"history": 1.23}


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """No trace for a folder that is not there."""
    with pytest.raises(StrataError, match="cannot be written"):
        StartFigures().write(tmp_path / "nowhere" / "start.json", tmp_path)
