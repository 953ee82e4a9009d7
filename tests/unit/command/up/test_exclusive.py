"""One `strata up` per home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from strata.command.up.exclusive import exclusive_run, holder_of
from strata.errors import AlreadyRunning, SettingsInvalid

HOLD = """
import sys
from pathlib import Path
from strata.command.up.exclusive import exclusive_run
with exclusive_run(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_who_holds_the_home(tmp_path: Path) -> None:
    """The sentence names the home and the process to stop."""
    with (
        exclusive_run(tmp_path / "run"),
        pytest.raises(AlreadyRunning, match=f"{tmp_path} .process {os.getpid()}"),
        exclusive_run(tmp_path / "run"),
    ):
        pass


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    """The lock goes with its process, so the next run simply works."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert holder_of(tmp_path) == str(holder.pid)
        holder.kill()
    assert holder_of(tmp_path) is None
    with exclusive_run(tmp_path):
        pass


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A file where the home should be is refused with what to set."""
    (tmp_path / "home").write_text("", encoding="utf-8")
    with (
        pytest.raises(SettingsInvalid, match=r"cannot be written: .*; set STRATA_HOME"),
        exclusive_run(tmp_path / "home" / "run"),
    ):
        pass
