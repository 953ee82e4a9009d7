"""What the README says to type works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from platform_process import ROOT, Keeper

BLOCK = re.compile(r"^```(?P<language>sh|python)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
# What the fixture is: the whole tier runs on the platform it starts.
DONE_BY_FIXTURE = {"make up"}


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def _commands() -> list[str]:
    blocks = [match["text"] for match in BLOCK.finditer(_readme()) if match["language"] == "sh"]
    return [line for block in blocks for line in block.splitlines() if line and line not in DONE_BY_FIXTURE]


def _programs() -> list[str]:
    return [match["text"] for match in BLOCK.finditer(_readme()) if match["language"] == "python"]


def test_the_readme_has_commands_and_a_program() -> None:
    """The tests below are about something."""
    assert len(_commands()) >= 5
    assert len(_programs()) >= 1


@pytest.mark.parametrize("command", _commands())
def test_a_command_of_the_readme_runs(command: str, keeper: Keeper) -> None:
    """Each line ends with 0 beside the running platform and prints something."""
    platform = keeper.running()
    words = command.replace("127.0.0.1:7400", platform.addresses["grpc"]).replace(".venv/bin/", f"{_bin()}/").split()
    ran = subprocess.run(words, cwd=ROOT, env=platform.caller_environ(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


@pytest.mark.parametrize("program", _programs())
def test_a_program_of_the_readme_runs(program: str, keeper: Keeper) -> None:
    """The Python shown is a whole program, and gets answers of both segmenters."""
    platform = keeper.running()
    text = program.replace("127.0.0.1:7400", platform.addresses["grpc"])
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "value_tiers" in ran.stdout
    assert "promo_responder" in ran.stdout


def _bin() -> str:
    return str(Path(sys.executable).parent)
