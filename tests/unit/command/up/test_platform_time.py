"""A replay goes on where the home has got to."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.clock import parse_instant
from strata.command.up.platform_time import keep, origin_us
from strata.errors import SettingsInvalid
from strata.settings import Settings

ANCHOR = "2017-12-01T05:00:00Z"
SYSTEM_US = 1_700_000_000_000_000
HOUR = 3_600_000_000


def settings(home: Path, mode: str = f"replay:{ANCHOR}", speed: float = 1.0) -> Settings:
    return Settings.model_validate({"home": home, "clock": {"mode": mode, "speed": speed}})


def test_the_first_start_is_at_the_anchor(tmp_path: Path) -> None:
    """Nothing has been replayed yet."""
    assert origin_us(settings(tmp_path), SYSTEM_US) == SYSTEM_US


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_the_next_start_goes_on(tmp_path: Path, speed: float) -> None:
    """The clock shows what it showed at the end, at whatever speed."""
    ours = settings(tmp_path, speed=speed)
    keep(ours, parse_instant(ANCHOR) + 6 * HOUR)
    origin = origin_us(ours, SYSTEM_US)
    assert origin is not None
    assert (SYSTEM_US - origin) * speed == 6 * HOUR


def test_an_origin_that_was_set_is_kept(tmp_path: Path) -> None:
    """Whoever says when the replay began means it."""
    ours = settings(tmp_path)
    keep(ours, parse_instant(ANCHOR) + HOUR)
    chosen = ours.model_copy(update={"clock": ours.clock.model_copy(update={"origin_us": 7})})
    assert origin_us(chosen, SYSTEM_US) == 7


def test_another_anchor_before_what_was_recorded_is_refused(tmp_path: Path) -> None:
    """Recorded events would lie in its future."""
    keep(settings(tmp_path), parse_instant(ANCHOR) + HOUR)
    with pytest.raises(SettingsInvalid, match=r"replayed until 2017-12-01T06:00:00Z.*another home"):
        origin_us(settings(tmp_path, "replay:2017-11-01T00:00:00Z"), SYSTEM_US)
    assert origin_us(settings(tmp_path, "replay:2017-12-02T00:00:00Z"), SYSTEM_US) == SYSTEM_US


def test_the_system_clock_needs_none(tmp_path: Path) -> None:
    """It goes on by itself."""
    keep(settings(tmp_path, "system"), 1)
    assert origin_us(settings(tmp_path, "system"), SYSTEM_US) is None
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_keeps_the_older_moment(tmp_path: Path) -> None:
    """The platform goes on serving; a later attempt writes it down."""
    ours = settings(tmp_path)
    keep(ours, parse_instant(ANCHOR) + HOUR)
    (tmp_path / "replayed.tmp").mkdir()  # what cannot be written, for whoever runs the tests
    keep(ours, parse_instant(ANCHOR) + 2 * HOUR)
    origin = origin_us(ours, SYSTEM_US)
    assert origin is not None
    assert SYSTEM_US - origin == HOUR
