"""Whether a package's inputs are still what the registry defines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from strata.errors import PackageMismatch
from strata.runtime.manifest import Manifest


class Fingerprinted(Protocol):
    """A view, as far as this check goes."""

    @property
    def fingerprint(self) -> str: ...


class Service(Protocol):
    """A feature service, as far as this check goes: ordered (view, feature) pairs."""

    @property
    def features(self) -> Sequence[tuple[str, str]]: ...


class CatalogLike(Protocol):
    """What `strata.registry.read_catalog` gives, as far as this check goes."""

    @property
    def views(self) -> Mapping[str, Fingerprinted]: ...

    @property
    def services(self) -> Mapping[str, Service]: ...


def check_against(manifest: Manifest, catalog: CatalogLike) -> None:
    """Raise PackageMismatch, naming every difference, unless the registry still defines this package's inputs.

    The service must exist and list the same features in the same order, and every view must carry the
    fingerprint the package was trained on: a feature that kept its name and changed its meaning is found.
    """
    differences = [*_service_differences(manifest, catalog), *_view_differences(manifest, catalog)]
    if differences:
        raise PackageMismatch(manifest.segmenter, manifest.version, differences)


def _service_differences(manifest: Manifest, catalog: CatalogLike) -> Iterable[str]:
    service = catalog.services.get(manifest.feature_service)
    if service is None:
        yield f"feature service {manifest.feature_service} is not in the registry"
        return
    here = [f"{view}:{name}" for view, name in service.features]
    trained = list(manifest.feature_keys)
    yield from (f"{key} is no longer in {manifest.feature_service}" for key in trained if key not in here)
    yield from (f"{key} is new in {manifest.feature_service}" for key in here if key not in trained)
    if sorted(here) == sorted(trained) and here != trained:
        first = next(i for i, pair in enumerate(zip(here, trained, strict=True)) if pair[0] != pair[1])
        yield f"{manifest.feature_service} lists its features in another order, from {trained[first]} on"


def _view_differences(manifest: Manifest, catalog: CatalogLike) -> Iterable[str]:
    for name, trained in sorted(manifest.view_fingerprints.items()):
        view = catalog.views.get(name)
        if view is None:
            yield f"view {name} is not in the registry"
        elif view.fingerprint != trained:
            yield f"view {name} is defined differently ({view.fingerprint}, trained on {trained})"
