"""Packages held against the registry, where its feature service cannot be served any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from fake_features import FakeFeatures
from toy_home import SPEC, add_service, make_home
from toy_package import write_toy_tiers
from toy_segmentation import toy_parts

from serving.adapters.packages import embedded_package, remote_profile
from serving.releases.beginning import begin_release
from serving.releases.lineup import Lineup
from serving.releases.loading import VersionLoader
from serving.servicers.faults import to_fault
from strata.errors import DefinitionInvalid, PackageMismatch
from strata.registry import read_catalog
from strata.release import Change, ReleaseLog, SegmenterRelease, with_segmenter
from strata.runtime import find_package, write_package
from strata.runtime.manifest import parse_manifest
from strata.settings import Settings

START = Change("start", "toy_tiers", "ann", "a test")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a version of toy_tiers whose service reads a feature its view does not have any more."""
    made = make_home(tmp_path / "home")
    add_service(made.registry, "toy_old", "orders", "gone")
    return made


@pytest.fixture
def refused(settings: Settings, tmp_path: Path) -> str:
    folder = write_toy_tiers(tmp_path / "scratch", description="of the old service")
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    old = replace(manifest, feature_service="toy_old", view_fingerprints={"toy": SPEC.fingerprint})
    files = {name: (folder / name).read_bytes() for name in manifest.files}
    return write_package(settings.packages, old, files, latest=False)[1].name


@pytest.mark.parametrize("read", [embedded_package, remote_profile])
def test_a_service_that_cannot_be_served_is_a_mismatch(
    settings: Settings, refused: str, read: Callable[..., Any]
) -> None:
    """As one that is gone; the sentence has the registry's reason."""
    with pytest.raises(PackageMismatch, match="toy_old cannot be served: it reads toy:gone, which toy does not have"):
        read(settings.packages, "toy_tiers", refused, read_catalog(settings.registry))


def test_a_start_falls_back_to_the_version_trained_last(settings: Settings, refused: str) -> None:
    """Where the released one's service cannot be served."""
    log = ReleaseLog(settings.releases)
    log.append(START, lambda held: with_segmenter(held, "toy_tiers", refused))
    begin_release(settings)
    live = {name: held.live for name, held in log.newest().release.segmenters.items()}  # type: ignore[union-attr]
    assert live["toy_tiers"] == find_package(settings.packages, "toy_tiers", "latest").name != refused


async def test_a_previous_version_that_does_not_fit_is_no_fault(
    settings: Settings, refused: str, tmp_path: Path
) -> None:
    """The release is served; it only cannot be gone back from."""
    live = find_package(settings.packages, "toy_tiers", "latest").name
    log = ReleaseLog(settings.releases)
    held = SegmenterRelease(live, previous=refused)
    entry = log.append(START, lambda release: replace(release, serial=1, segmenters={"toy_tiers": held}))
    features = FakeFeatures({})
    lineup = Lineup(["toy_tiers"], VersionLoader(settings), lambda *_: features)
    base = toy_parts(tmp_path, {}, features, catalog=read_catalog(settings.registry))
    parts = await lineup.parts(entry.release, base, patiently=False)
    assert parts.live["toy_tiers"].version == live


def test_a_registry_that_cannot_be_read_is_the_callers_to_mend() -> None:
    """No defect, and no secret: the sentence names the file."""
    fault = to_fault(DefinitionInvalid("there is no feature registry at x; run: strata features apply"), "r-1")
    assert (fault.code, fault.is_ours) == (grpc.StatusCode.FAILED_PRECONDITION, False)
    assert fault.message == "there is no feature registry at x; run: strata features apply"
    assert b"REGISTRY_INVALID" in fault.details
