"""What a manifest says about the version before, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from toy_package import write_toy_tiers

from strata.errors import PackageInvalid, SegmenterNotFound
from strata.runtime import find_package, load_package
from strata.runtime.manifest import FILE_NAME, Lineage, SegmentLineage, parse_manifest, seal
from strata.runtime.store import latest_version, point_latest, write_package

LINEAGE = Lineage("0123456789ab", (SegmentLineage("low", "merged", ("low", "least"), 0.61),), 0.08)


def test_a_lineage_is_kept_and_does_not_move_the_version(tmp_path: Path) -> None:
    """It decides no answer: the same model after another history of versions is the same version."""
    manifest = load_package(write_toy_tiers(tmp_path)).manifest
    told = seal(replace(manifest, lineage=LINEAGE))
    assert told.version == manifest.version
    assert parse_manifest(told.to_json()) == told


def test_a_manifest_from_before_lineages_loads_as_it_is(tmp_path: Path) -> None:
    """There is no such key in it, in one of now without lineage neither."""
    folder = write_toy_tiers(tmp_path)
    document = json.loads((folder / FILE_NAME).read_bytes())
    assert "lineage" not in document
    assert load_package(folder).manifest.lineage is None


def test_a_wrong_lineage_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """By the key that is wrong."""
    document = json.loads(load_package(write_toy_tiers(tmp_path)).manifest.to_json())
    document["lineage"] = {"previous": "0123456789ab", "segments": [], "moved_share": "many"}
    with pytest.raises(PackageInvalid, match=r"lineage\.moved_share"):
        parse_manifest(json.dumps(document).encode())


def test_a_version_may_be_stored_without_being_the_latest(tmp_path: Path) -> None:
    """Until it is pointed at; what is stored under its name is kept as it was made first."""
    first = write_toy_tiers(tmp_path)
    manifest = load_package(first).manifest
    other, folder = write_package(tmp_path, replace(manifest, description="Another."), {}, latest=False)
    assert find_package(tmp_path, "toy_tiers") == first
    again, _ = write_package(tmp_path, replace(other, lineage=LINEAGE), {}, latest=False)
    assert again == other
    point_latest(tmp_path, "toy_tiers", other.version)
    assert find_package(tmp_path, "toy_tiers") == folder
    assert latest_version(tmp_path, "toy_tiers") == other.version


def test_where_only_held_versions_are_the_latest_is_none(tmp_path: Path) -> None:
    """The sentence says how to accept one."""
    manifest = load_package(write_toy_tiers(tmp_path / "a")).manifest
    write_package(tmp_path / "b", manifest, {}, latest=False)
    assert latest_version(tmp_path / "b", "toy_tiers") is None
    with pytest.raises(PackageInvalid, match="strata packages accept toy_tiers VERSION"):
        find_package(tmp_path / "b", "toy_tiers")
    with pytest.raises(SegmenterNotFound):
        find_package(tmp_path / "b", "nobody")
