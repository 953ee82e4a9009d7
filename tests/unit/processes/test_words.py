"""What is said on the way by a process whose log is on a full disk."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from strata.processes import words


class FullDisk(io.StringIO):
    """Standard error that cannot be written."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error."""
    words.say("serving")
    assert capsys.readouterr() == ("", "serving\n")


def test_a_full_disk_costs_the_line_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says it goes on with its work."""
    monkeypatch.setattr(sys, "stderr", FullDisk())
    words.say("trying again")
