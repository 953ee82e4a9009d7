"""A stored version by the name a person gives it: one that is not there is their mistake, a damaged one is not."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from strata.errors import InputInvalid
from strata.runtime import find_package, list_segmenters, list_versions
from strata.runtime.store import LATEST
from training.registration import REJECTED


def check_trained(packages: Path, segmenter: str) -> list[str]:
    """Its stored versions, one at least. Raises InputInvalid with the segmenters that have some."""
    trained = [name for name in list_segmenters(packages) if list_versions(packages, name)]
    if segmenter not in trained:
        what = f"no version of a segmenter {segmenter!r} is stored"
        if not trained:
            raise InputInvalid(f"{what}, nor of any other; run: strata train --all")
        raise InputInvalid(f"{what} ({_hint(segmenter, trained)}); strata train NAME makes one of a declared segmenter")
    return list_versions(packages, segmenter)


def asked_version(packages: Path, segmenter: str, version: str) -> Path:
    """The folder of an exact version, or of `latest`.

    Raises InputInvalid where no such version is stored, and PackageInvalid where LATEST is damaged.
    """
    folder = packages / segmenter
    if version not in list_versions(packages, segmenter) and version in _names(folder / REJECTED):
        raise InputInvalid(
            f"{segmenter} {version} was rejected, and only its report is kept, in {folder / REJECTED / version}; "
            f"change what its gates asked and run: strata train {segmenter}"
        )
    stored = check_trained(packages, segmenter)
    if version not in {*stored, "latest"}:
        raise InputInvalid(f"{segmenter} has no version {version!r}; {_hint(version, [*stored, 'latest'])}")
    if version == "latest" and not (folder / LATEST).exists():
        raise InputInvalid(
            f"no version of {segmenter} was accepted yet, so none is the latest; name one ({', '.join(stored)}), or "
            f"accept it first: strata packages accept {segmenter} VERSION --why ..."
        )
    return find_package(packages, segmenter, version)


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []


def _hint(asked: str, known: Sequence[str]) -> str:
    begun = [name for name in known if asked and name.startswith(asked)]
    near = begun if len(begun) == 1 else get_close_matches(asked, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
