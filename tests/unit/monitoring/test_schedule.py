"""Scheduled reports: processes of their own, stopped with the page."""

import sys
import threading
from pathlib import Path

from monitoring.page.schedule import Schedule


def test_stopping_ends_a_run_under_way(tmp_path: Path) -> None:
    """A run that would last for ever is ended; its trouble is not reported, since it was asked for."""
    started, said = tmp_path / "started", []
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    schedule = Schedule([sys.executable, "-c", code], every_s=3600, say=said.append, settle_s=0)
    schedule.start()
    waiting = threading.Event()
    while not started.exists():
        waiting.wait(0.01)
    schedule.stop()
    assert said == []


def test_a_failing_run_is_said_and_the_schedule_goes_on() -> None:
    """Exit code 1 is told; drift (3) is not trouble."""
    said: list[str] = []
    twice = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 2:
            twice.set()

    schedule = Schedule([sys.executable, "-c", "raise SystemExit(1)"], every_s=0.01, say=say, settle_s=0)
    schedule.start()
    assert twice.wait(60)
    schedule.stop()
    assert said[0].startswith("a scheduled report ended with exit code 1")


def test_a_schedule_that_never_began_can_be_stopped() -> None:
    """Ending early is no error."""
    Schedule(["true"], every_s=1, say=print).stop()
