"""The versions a worker has loaded, and the parts a release makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from serving.adapters.shadowing_log import Shadow, Shadowing
from serving.composition import CanaryPart, Parts
from serving.domain.segmenter import SegmenterProfile
from serving.domain.watch_round import shortest_hop_us
from serving.ports import FeatureSource, Segmenter
from serving.releases.loading import Loaded
from strata.errors import PackageInvalid, SegmenterNotFound
from strata.registry.catalog import Catalog
from strata.release import Release, SegmenterRelease, UserShare

FeaturesOf = Callable[[Catalog, Mapping[str, Sequence[tuple[str, str]]]], FeatureSource]
"""Makes a source, by one state of the registry, for versions by key, each with the (view, feature) pairs it reads."""
_Version = tuple[str, str]


class Loader(Protocol):
    """What `VersionLoader` does."""

    async def load(self, name: str, version: str, catalog: Catalog, *, patiently: bool) -> Loaded: ...

    def address(self, name: str, version: str) -> str: ...


class Lineup:
    """Loads what a release names, keeps what was loaded for it and for the one before."""

    def __init__(self, names: Sequence[str], loader: Loader, features_of: FeaturesOf) -> None:
        """`names`: the segmenters that are served."""
        self._names, self._loader, self._features_of = tuple(names), loader, features_of
        self._loaded: dict[_Version, Loaded] = {}
        self._replaced: list[Loaded] = []
        """Loaded again where they are served by now; they are asked until parts with the others are."""

    async def parts(self, release: Release, base: Parts, *, patiently: bool) -> Parts:
        """`base` with the versions of a release, all by its catalog. Raises StrataError, in a sentence, when one cannot
        be had, or has come to read something else by that catalog.

        A `previous` version that is gone is no fault: it only makes a rollback impossible.
        """
        served = {name: _of(release, name) for name in self._names}
        segmenters = {name: await self._load(name, held.live, base.catalog, patiently) for name, held in served.items()}
        canaries, shadows, extra = {}, {}, []
        for name, held in served.items():
            if held.canary is not None:
                canary = await self._load(name, held.canary.version, base.catalog, patiently)
                canaries[name] = CanaryPart(canary, UserShare(name, held.canary.share))
                extra.append(canary)
            if held.shadow:
                shadows[name] = await self._load(name, held.shadow, base.catalog, patiently)
                extra.append(shadows[name])
            await self._keep_previous(name, held, base.catalog)
        every = [*segmenters.values(), *extra]
        features = self._features_of(base.catalog, {each.profile.key: each.profile.features for each in every})
        return replace(
            base,
            segmenters=segmenters,
            canaries=canaries,
            features=features,
            hop_us=shortest_hop_us(
                [each.spec.hop_us for each in base.catalog.views.values() if each.kind == "windowed"]
            ),
            shadowing=_shadowing(base, segmenters, shadows, features),
        )

    def profiles(self) -> list[SegmenterProfile]:
        """Of every version that is loaded."""
        return [loaded.segmenter.profile for loaded in self._loaded.values()]

    def moved(self) -> bool:
        """Whether a remote version is served elsewhere by now than where the parts that are served ask it."""
        return bool(self._replaced) or any(self._is_elsewhere(version) for version in self._loaded)

    def take_out_unused(self, release: Release) -> list[Loaded]:
        """Forget what the parts of a release, now served, do not ask; returns it, to close when nobody can."""
        used = {(name, version) for name in self._names for version in _of(release, name).versions}
        unused = [self._loaded.pop(version) for version in set(self._loaded) - used]
        replaced, self._replaced = self._replaced, []
        return unused + replaced

    async def close(self) -> None:
        """End every version."""
        for loaded in (*self._loaded.values(), *self._replaced):
            await loaded.close()
        self._loaded.clear()
        self._replaced.clear()

    async def _load(self, name: str, version: str, catalog: Catalog, patiently: bool) -> Segmenter:
        held = self._loaded.get((name, version))
        if held is not None:
            held.check_against(catalog)
            catalog = held.catalog  # it fits; where it moved, it is the same one that is asked elsewhere
            if not self._is_elsewhere((name, version)):
                return held.segmenter
        fresh = await self._loader.load(name, version, catalog, patiently=patiently)
        self._replace((name, version), fresh)
        return fresh.segmenter

    async def _keep_previous(self, name: str, held: SegmenterRelease, catalog: Catalog) -> None:
        if held.previous:
            try:
                await self._load(name, held.previous, catalog, False)
            except PackageInvalid:
                if self._is_elsewhere((name, held.previous)):
                    self._replace((name, held.previous), None)

    def _is_elsewhere(self, version: _Version) -> bool:
        held = self._loaded.get(version)
        return held is not None and bool(held.address) and held.address != self._loader.address(*version)

    def _replace(self, version: _Version, fresh: Loaded | None) -> None:
        held = self._loaded.pop(version, None)
        if held is not None:
            self._replaced.append(held)
        if fresh is not None:
            self._loaded[version] = fresh


def _of(release: Release, name: str) -> SegmenterRelease:
    if name not in release.segmenters:
        raise SegmenterNotFound(name, sorted(release.segmenters))
    return release.segmenters[name]


def _shadowing(
    base: Parts, live: Mapping[str, Segmenter], shadows: Mapping[str, Segmenter], features: FeatureSource
) -> Shadowing | None:
    if not shadows:
        return None
    lanes = {}
    for name, shadow in shadows.items():
        recorder = base.version_recorder(name, shadow.profile.version)
        lanes[live[name].profile.key] = Shadow(live[name].profile, shadow, recorder)
    return Shadowing(lanes, features)
