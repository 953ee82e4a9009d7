"""Which version a new one is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_package import write_toy_promo

from strata.errors import PackageInvalid
from strata.release import Change, ReleaseLog, with_segmenter
from strata.runtime.manifest import FILE_NAME
from training.identity.previous import find_previous


def _release(path: Path, version: str) -> Path:
    change = Change("promote", "toy_promo", "ann@desk", "because")
    ReleaseLog(path).append(change, lambda release: with_segmenter(release, "toy_promo", version))
    return path


def _found(packages: Path, releases: Path | None) -> tuple[str, str] | None:
    previous = find_previous(packages, releases, "toy_promo")
    return None if previous is None else (previous.version, previous.standing)


def test_the_live_version_comes_before_the_one_accepted_last(tmp_path: Path) -> None:
    """Whose users would move are those who are answered now."""
    live = write_toy_promo(tmp_path / "packages").name
    latest = write_toy_promo(tmp_path / "packages", description="Newer.").name
    assert _found(tmp_path / "packages", None) == (latest, "accepted last")
    assert _found(tmp_path / "packages", _release(tmp_path / "releases.jsonl", live)) == (live, "live")


def test_a_live_version_that_is_not_stored_here_is_passed_over(tmp_path: Path) -> None:
    """It was released from elsewhere; and where nothing was ever accepted there is none."""
    releases = _release(tmp_path / "releases.jsonl", "0123456789ab")
    assert _found(tmp_path / "packages", releases) is None
    latest = write_toy_promo(tmp_path / "packages").name
    assert _found(tmp_path / "packages", releases) == (latest, "accepted last")


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    """It is there and cannot be used: that is not the same as none."""
    folder = write_toy_promo(tmp_path / "packages")
    (folder / FILE_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(PackageInvalid, match="is not JSON"):
        find_previous(tmp_path / "packages", None, "toy_promo")
