"""Which versions a follower goes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from toy_package import write_toy_promo

from serving.follow.named import NamedVersions
from strata.errors import SegmenterNotFound
from strata.release import Change, ReleaseLog, SegmenterRelease, promote, set_canary, set_shadow, with_segmenter
from strata.settings import SegmenterSettings, Settings

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
CHANGE = Change("promote", "toy_promo", "ann", "a test")


@dataclass
class Home:
    """A home with two packages, the first of which the settings mean."""

    settings: Settings
    version: str

    @property
    def log(self) -> ReleaseLog:
        return ReleaseLog(self.settings.releases)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    version = write_toy_promo(tmp_path / "packages").name
    write_toy_promo(tmp_path / "packages", description="A later one.")
    segmenters = {"toy_promo": SegmenterSettings(placement="remote", version=version)}
    return Home(Settings(home=tmp_path, segmenters=segmenters), version)


def test_before_the_first_release_it_is_the_version_of_the_settings(home: Home) -> None:
    """And still while releases name other segmenters only; then what the release names, the live one first."""
    named = NamedVersions(home.settings, "toy_promo")
    assert named.look() == (home.version,)
    home.log.append(CHANGE, lambda release: with_segmenter(release, "toy_tiers", C))
    assert named.look() == (home.version,)
    home.log.append(CHANGE, lambda release: with_segmenter(release, "toy_promo", A))
    assert named.look() == (A,)
    home.log.append(CHANGE, lambda release: promote(release, "toy_promo", B))
    home.log.append(CHANGE, lambda release: set_shadow(set_canary(release, "toy_promo", C, 0.1), "toy_promo", A))
    assert named.look() == (B, C, A)


def test_a_release_makes_the_settings_of_no_account(home: Home) -> None:
    """Its packages need not even be there for the follower: the server says what is missing."""
    home.log.append(CHANGE, lambda release: with_segmenter(release, "toy_promo", A))
    settings = home.settings.model_copy(update={"segmenters": {}})
    assert NamedVersions(settings, "toy_promo").look() == SegmenterRelease(A).versions


def test_a_segmenter_nobody_trained_is_a_sentence(home: Home) -> None:
    """It names those that were."""
    with pytest.raises(SegmenterNotFound, match="toy_promo"):
        NamedVersions(home.settings, "invented").look()


def test_a_log_that_cannot_be_read_changes_nothing(home: Home) -> None:
    """What was named last is served on, and what is named afterwards is seen."""
    home.log.append(CHANGE, lambda release: with_segmenter(release, "toy_promo", A))
    named = NamedVersions(home.settings, "toy_promo")
    assert named.look() == (A,)
    aside = home.settings.releases.rename(home.settings.home / "aside")
    home.settings.releases.mkdir()
    assert named.look() == (A,)
    home.settings.releases.rmdir()
    aside.rename(home.settings.releases)
    home.log.append(CHANGE, lambda release: promote(release, "toy_promo", B))
    assert named.look() == (B, A)
