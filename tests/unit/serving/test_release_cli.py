"""`strata release rollback` on a log without a gateway: which release it goes back from."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving import release_cli
from serving.releases.office import ReleaseOffice
from strata.release import Change, Entry, ReleaseLog, promote, roll_back, with_segmenter
from strata.release.log import ReleaseMoved
from strata.settings import Settings

FIRST, SECOND = "0" * 12, "1" * 12


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseLog:
    """Of the home the command works on: FIRST was live before SECOND, in release 2."""
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(release_cli, "load_settings", lambda: settings)
    made, change = ReleaseLog(settings.releases), Change("start", "tiers", "ann", "a test")
    made.append(change, lambda held: with_segmenter(held, "tiers", FIRST))
    made.append(change, lambda held: promote(held, "tiers", SECOND))
    return made


def live(log: ReleaseLog) -> tuple[int, str]:
    """The release, and which version it has live."""
    newest = log.newest()
    assert newest is not None
    return newest.release.serial, newest.release.segmenters["tiers"].live


def test_a_command_that_runs_twice_with_its_serial_goes_back_once(log: ReleaseLog) -> None:
    """Without one it goes back and forth."""
    release_cli.rollback("tiers", "worse", serial=2)
    assert live(log) == (3, FIRST)
    with pytest.raises(ReleaseMoved, match="the release is number 3 by now, not 2: look at it and decide again"):
        release_cli.rollback("tiers", "worse", serial=2)
    assert live(log) == (3, FIRST)
    release_cli.rollback("tiers", "worse")
    assert live(log) == (4, SECOND)


def test_of_two_commands_at_once_one_goes_back(log: ReleaseLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other read the release before, and is refused."""

    class OvertakenOffice(ReleaseOffice):
        def newest(self) -> Entry:
            entry = super().newest()
            if entry.release.serial == 2:
                log.append(Change("roll_back", "tiers", "bob", "at once"), lambda held: roll_back(held, "tiers"))
            return entry

    monkeypatch.setattr(release_cli, "ReleaseOffice", OvertakenOffice)
    with pytest.raises(ReleaseMoved, match="number 3 by now, not 2"):
        release_cli.rollback("tiers", "worse")
    assert live(log) == (3, FIRST)
