"""Packages as told to be served: found, verified, and held against the feature registry."""

from __future__ import annotations

import hashlib
from pathlib import Path

from serving.adapters.profiles import profile_of
from serving.domain.segmenter import Placement, SegmenterProfile
from strata.errors import PackageInvalid, PackageMismatch
from strata.registry.catalog import Catalog
from strata.runtime import Manifest, Package, check_against, find_package
from strata.runtime.choice import load_tuned
from strata.runtime.manifest import FILE_NAME, parse_manifest


def embedded_package(packages: Path, name: str, version: str, catalog: Catalog) -> Package:
    """A package to score here. Raises PackageInvalid or PackageMismatch."""
    package = load_tuned(find_package(packages, name, version))
    _check(package.manifest, catalog)
    return package


def remote_profile(packages: Path, name: str, version: str, catalog: Catalog) -> SegmenterProfile:
    """What is known here of a package scored elsewhere: its manifest. Raises PackageInvalid or PackageMismatch."""
    folder = find_package(packages, name, version)
    try:
        raw = (folder / FILE_NAME).read_bytes()
    except OSError as error:
        raise PackageInvalid(f"the package in {folder} cannot be read: {error.strerror}") from None
    try:
        manifest = parse_manifest(raw)
    except PackageInvalid as error:
        raise PackageInvalid(f"the package in {folder} cannot be used: {error}") from None
    _check(manifest, catalog)
    return profile_of(manifest, hashlib.sha256(raw).hexdigest(), Placement.REMOTE)


def _check(manifest: Manifest, catalog: Catalog) -> None:
    """The registry must still define what the package reads, and be able to serve it."""
    reason = catalog.refused.get(manifest.feature_service)
    if reason is not None:
        fault = f"feature service {manifest.feature_service} cannot be served: {reason}"
        raise PackageMismatch(manifest.segmenter, manifest.version, [fault])
    check_against(manifest, _Definitions(catalog))


class _Definitions:
    """A Catalog as `check_against` wants to see it."""

    def __init__(self, catalog: Catalog) -> None:
        self.views, self.services = catalog.views, catalog.services
