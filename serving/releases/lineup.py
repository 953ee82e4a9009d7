"""The versions a worker has loaded, and the parts a release makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from serving.adapters.shadowing_log import Shadow, Shadowing
from serving.composition import CanaryPart, Parts
from serving.domain.segmenter import SegmenterProfile
from serving.ports import FeatureSource, Segmenter
from serving.releases.loading import Loaded
from strata.errors import PackageInvalid, SegmenterNotFound
from strata.release import Release, SegmenterRelease, UserShare

FeaturesOf = Callable[[Mapping[str, Sequence[tuple[str, str]]]], FeatureSource]
"""Makes a source for versions by key, each with the ordered (view, feature) pairs it reads."""
_Version = tuple[str, str]


class Loader(Protocol):
    """What `VersionLoader` does."""

    async def load(self, name: str, version: str, *, patiently: bool) -> Loaded: ...

    def address(self, name: str, version: str) -> str: ...


class Lineup:
    """Loads what a release names, keeps what was loaded for it and for the one before."""

    def __init__(self, names: Sequence[str], loader: Loader, features_of: FeaturesOf) -> None:
        """`names`: the segmenters that are served."""
        self._names, self._loader, self._features_of = tuple(names), loader, features_of
        self._loaded: dict[_Version, Loaded] = {}

    async def parts(self, release: Release, base: Parts, *, patiently: bool) -> Parts:
        """`base` with the versions of a release. Raises StrataError, in a sentence, when one cannot be had.

        A `previous` version that is gone is no fault: it only makes a rollback impossible.
        """
        served = {name: _of(release, name) for name in self._names}
        segmenters = {name: await self._load(name, held.live, patiently) for name, held in served.items()}
        canaries, shadows, extra = {}, {}, []
        for name, held in served.items():
            if held.canary is not None:
                canary = await self._load(name, held.canary.version, patiently)
                canaries[name] = CanaryPart(canary, UserShare(name, held.canary.share))
                extra.append(canary)
            if held.shadow:
                shadows[name] = await self._load(name, held.shadow, patiently)
                extra.append(shadows[name])
            await self._keep_previous(name, held)
        every = [*segmenters.values(), *extra]
        features = self._features_of({each.profile.key: each.profile.features for each in every})
        return replace(
            base,
            segmenters=segmenters,
            canaries=canaries,
            features=features,
            shadowing=_shadowing(base, segmenters, shadows, features),
        )

    def profiles(self) -> list[SegmenterProfile]:
        """Of every version that is loaded."""
        return [loaded.segmenter.profile for loaded in self._loaded.values()]

    def moved(self) -> bool:
        """Whether a remote version is served elsewhere by now."""
        return any(
            loaded.address != self._loader.address(*version)
            for version, loaded in self._loaded.items()
            if loaded.address
        )

    def take_out_moved(self) -> list[Loaded]:
        """Forget versions that are served elsewhere by now, so that they are loaded again; returns them, to close."""
        gone = [v for v, held in self._loaded.items() if held.address and held.address != self._loader.address(*v)]
        return [self._loaded.pop(version) for version in gone]

    def take_out_unused(self, release: Release) -> list[Loaded]:
        """Forget versions a release does not name; returns them, to close when nobody asks them any more."""
        used = {(name, version) for name in self._names for version in _of(release, name).versions}
        return [self._loaded.pop(version) for version in set(self._loaded) - used]

    async def close(self) -> None:
        """End every version."""
        for loaded in self._loaded.values():
            await loaded.close()
        self._loaded.clear()

    async def _load(self, name: str, version: str, patiently: bool) -> Segmenter:
        held = self._loaded.get((name, version))
        if held is None:
            held = self._loaded[name, version] = await self._loader.load(name, version, patiently=patiently)
        return held.segmenter

    async def _keep_previous(self, name: str, held: SegmenterRelease) -> None:
        if held.previous:
            try:
                await self._load(name, held.previous, False)
            except PackageInvalid:
                return


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
