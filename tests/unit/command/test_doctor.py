"""The doctor says what is wrong and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.command import main
from strata.command.doctor.finding import Finding, examine
from strata.command.doctor.home import check_clock, check_home
from strata.command.doctor.machine import check_memory, check_packages
from strata.errors import StoreDamaged
from strata.settings import ClockSettings, Settings


def test_packages_other_than_locked_are_named(tmp_path: Path) -> None:
    """A wrong version and a missing package are faults with both versions."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("pytest==0.1 \\\n    --hash=sha256:aa\nno-such-package==2.0\n", encoding="utf-8")
    found = check_packages(lock)
    assert found.verdict == "fault"
    assert "(locked 0.1)" in found.found
    assert "no-such-package missing (locked 2.0)" in found.found
    assert found.advice == "run 'make setup'"


def test_little_memory_is_worth_a_note(tmp_path: Path) -> None:
    """Free memory below what the platform may take is a note, not a fault."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 1 kB\nMemAvailable:    1048576 kB\n", encoding="ascii")
    assert check_memory(meminfo) == Finding(
        "memory", "note", "1.0 GB free", "the whole platform may take 3 GB; close something"
    )


def test_a_clock_outside_the_history_is_explained(tmp_path: Path) -> None:
    """Windows would be empty, and the advice names an instant that is inside."""
    (tmp_path / "history" / "events" / "month=2017-03").mkdir(parents=True)
    settings = Settings(home=tmp_path, clock=ClockSettings(mode="replay:2019-01-01T00:00:00Z"))
    found = check_clock(settings)
    assert found.verdict == "note"
    assert "outside the history (2017-03 to 2017-03)" in found.found
    assert "replay:2017-03-01T00:00:00Z" in found.advice


def test_the_month_after_the_history_is_inside(tmp_path: Path) -> None:
    """The end of a year is reached from December, and windows reach back into it."""
    (tmp_path / "history" / "events" / "month=2017-12").mkdir(parents=True)
    settings = Settings(home=tmp_path, clock=ClockSettings(mode="replay:2018-01-01T00:00:00Z"))
    assert check_clock(settings).verdict == "ok"


def test_a_home_below_a_missing_folder_is_fine(tmp_path: Path) -> None:
    """The home need not exist; its nearest existing parent must be writable."""
    assert check_home(Settings(home=tmp_path / "a" / "b")).verdict == "ok"


def test_one_failing_check_does_not_end_the_visit() -> None:
    """An error of the tree is a fault with its own sentence; any other is named by its kind."""

    def damaged() -> Finding:
        raise StoreDamaged("the file is short")

    def broken() -> Finding:
        raise KeyError("x")

    assert examine("state", damaged, "rebuild") == Finding("state", "fault", "the file is short", "rebuild")
    assert examine("state", broken, "rebuild") == Finding("state", "fault", "KeyError: 'x'", "rebuild")


def test_a_program_gets_a_list_of_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--json` prints every check with verdict, finding and advice; a broken setting is a fault and exit code 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRATA_GATEWAY__PORTS", "1")
    assert main(["doctor", "--json"]) == 1
    findings = {one["check"]: one for one in json.loads(capsys.readouterr().out)}
    assert findings["python"]["verdict"] == "ok"
    assert "gateway.ports is not a setting" in findings["settings"]["found"]
