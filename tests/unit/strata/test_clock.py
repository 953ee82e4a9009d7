"""The platform's one clock."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strata.clock
from strata.clock import ReplayClock, SystemClock, format_instant, make_clock, parse_instant
from strata.errors import SettingsInvalid

YEAR_9999_US = 253_402_300_799_999_999


def test_the_documented_examples_hold() -> None:
    """The doctests of the module are true."""
    assert doctest.testmod(strata.clock).failed == 0


@given(st.integers(min_value=0, max_value=YEAR_9999_US))
def test_an_instant_survives_being_written(at_us: int) -> None:
    """Writing and reading an instant loses no microsecond."""
    assert parse_instant(format_instant(at_us)) == at_us


def test_an_offset_is_taken_into_account() -> None:
    """Midnight US Eastern is five in the morning UTC."""
    assert parse_instant("2017-12-01T00:00:00-05:00") == parse_instant("2017-12-01T05:00:00Z")


def test_processes_that_share_an_origin_agree() -> None:
    """Two processes given the same origin read the same instant at the same moment."""
    clocks = [ReplayClock(anchor_us=1_000_000, origin_us=500, system=lambda: 700) for _ in range(2)]
    assert [clock.now_us() for clock in clocks] == [1_000_200, 1_000_200]


def test_a_replay_may_run_faster() -> None:
    """At speed 60 a second of the machine is a minute of the platform."""
    assert ReplayClock(0, 0, 60.0, lambda: 1_000_000).now_us() == 60_000_000


def test_the_setting_names_the_clock() -> None:
    """`system` and `replay:INSTANT` are the two there are."""
    assert make_clock("system") == SystemClock()
    assert make_clock("replay:1970-01-01T00:00:01Z", origin_us=5) == ReplayClock(1_000_000, 5)


@pytest.mark.parametrize("setting", ["", "replay", "replay:", "replay:yesterday", "replay:2017-12-01", "SYSTEM"])
def test_anything_else_is_refused(setting: str) -> None:
    """A clock that is misspelt, incomplete or without an offset is a sentence."""
    with pytest.raises(SettingsInvalid):
        make_clock(setting)
