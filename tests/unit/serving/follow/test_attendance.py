"""Which servers come and go with what is named, by an injected clock."""

from __future__ import annotations

import doctest

from serving.follow import attendance as module
from serving.follow.attendance import Attendance, Steps


def test_the_example_holds() -> None:
    """The doctest of the module is true."""
    assert doctest.testmod(module).failed == 0


def test_versions_start_one_after_the_other_in_the_order_named() -> None:
    """The live one first; the next one when nothing is starting."""
    attendance = Attendance()
    named = ("live", "canary", "previous")
    assert attendance.steps(named, (), 0.0) == Steps(("live",), ())
    assert attendance.steps(named, ("live",), 1.0, busy=True) == Steps((), ())
    assert attendance.steps(named, ("live",), 5.0) == Steps(("canary",), ())
    assert attendance.steps(named, ("live", "canary"), 9.0) == Steps(("previous",), ())
    assert attendance.steps(named, named, 13.0) == Steps((), ())


def test_a_version_named_again_within_its_grace_stays() -> None:
    """A rollback nine seconds on finds it running, and its grace begins anew after that."""
    attendance = Attendance(grace_s=10.0)
    running = ("new", "old")
    attendance.steps(("old",), ("old",), 0.0)
    assert attendance.steps(("new",), running, 9.0) == Steps((), ())
    assert attendance.steps(("old",), running, 9.5) == Steps((), ())
    assert attendance.steps(("new",), running, 19.4) == Steps((), ())
    assert attendance.steps(("new",), running, 19.5) == Steps((), ("old",))


def test_a_version_may_end_while_another_starts() -> None:
    """Only starts wait for starts."""
    attendance = Attendance(grace_s=1.0)
    attendance.steps(("old",), ("old",), 0.0)
    assert attendance.steps(("new",), ("new", "old"), 1.0, busy=True) == Steps((), ("old",))


def test_a_version_that_was_stopped_is_started_when_it_is_named_again() -> None:
    """And has its whole grace again."""
    attendance = Attendance(grace_s=1.0)
    attendance.steps(("a",), ("a",), 0.0)
    assert attendance.steps(("b",), ("a", "b"), 5.0) == Steps((), ("a",))
    assert attendance.steps(("a",), ("b",), 5.1) == Steps(("a",), ())
    assert attendance.steps(("b",), ("a", "b"), 6.0) == Steps((), ())
