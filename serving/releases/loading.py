"""From a version's name to a segmenter that can be asked, embedded or across the network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc

from serving.adapters.breaking_segmenter import BreakingSegmenter
from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.packages import embedded_package, remote_profile
from serving.adapters.remote_package import RemotePackage, differences_from
from serving.adapters.remote_segmenter import RemoteSegmenter
from serving.domain.segmenter import SegmenterProfile
from serving.ports import Segmenter
from strata.errors import PackageMismatch, SegmenterUnavailable
from strata.registry.catalog import NOTHING, Catalog
from strata.release.addresses import read_address
from strata.settings import Settings
from strata.tracing import Tracing
from strata.v1 import segmenter_pb2 as pb
from strata.v1.segmenter_pb2_grpc import SegmenterServiceStub

SERVER_S: Final = 60.0
"""How long the server of a version that is new may take to come up."""
LOOK_S: Final = 0.1
_CHANNEL: Final = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # A Bento that comes back is found within a second or two.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_500),
]


@dataclass(frozen=True)
class Loaded:
    """A version that can be asked, and what ends it."""

    segmenter: Segmenter
    address: str
    """Where it is asked; empty for one in this process."""
    close: Callable[[], Awaitable[None]]
    catalog: Catalog = NOTHING
    """By which it was loaded."""

    def check_against(self, catalog: Catalog) -> None:
        """Raise PackageMismatch when a view it reads means something else by another state of the registry.

        What else its feature service lists by now, or in which order, is nothing to a version that is loaded.
        """
        profile = self.segmenter.profile
        changed = [
            f"view {name} is defined differently, or no more, since this version was loaded"
            for name in dict.fromkeys(view for view, _ in profile.features)
            if _fingerprint(self.catalog, name) != _fingerprint(catalog, name)
        ]
        if changed:
            raise PackageMismatch(profile.name, profile.version, changed)


class VersionLoader:
    """Loads versions as the settings place their segmenters. Raises PackageInvalid and PackageMismatch."""

    def __init__(self, settings: Settings, tracing: Tracing | None = None) -> None:
        self._settings, self._tracing = settings, tracing

    async def load(self, name: str, version: str, catalog: Catalog, *, patiently: bool) -> Loaded:
        """A version that fits the catalog. `patiently`: wait until a remote one's server is up and serves just that.

        Raises SegmenterUnavailable when it is not in time.
        """
        if self._settings.segmenters[name].placement == "embedded":
            package = await asyncio.to_thread(embedded_package, self._settings.packages, name, version, catalog)
            return Loaded(EmbeddedSegmenter(package), "", _nothing, catalog)
        profile = remote_profile(self._settings.packages, name, version, catalog)
        address = await self._wait_for_server(profile) if patiently else self.address(name, version)
        loaded, package_watch = _connect(profile, address, catalog, self._tracing)
        if patiently:
            try:
                async with asyncio.timeout(SERVER_S):
                    await package_watch.sound.wait()
            except BaseException:
                await loaded.close()
                raise
        return loaded

    def address(self, name: str, version: str) -> str:
        """Where a version is served: as its starter said, or where the settings have the only one."""
        if self._settings.segmenters[name].placement == "embedded":
            return ""
        bento = self._settings.bento
        return read_address(self._settings.bento_addresses, name, version) or f"{bento.host}:{bento.grpc_port}"

    async def _wait_for_server(self, profile: SegmenterProfile) -> str:
        try:
            async with asyncio.timeout(SERVER_S):
                while True:
                    address = self.address(profile.name, profile.version)
                    if await _serves(address, profile):
                        return address
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise SegmenterUnavailable(
                profile.name, f"no server of version {profile.version} came up within {SERVER_S:.0f} s"
            ) from None


def _connect(
    profile: SegmenterProfile, address: str, catalog: Catalog, tracing: Tracing | None
) -> tuple[Loaded, RemotePackage]:
    channel = grpc.aio.insecure_channel(address, options=_CHANNEL)
    package = RemotePackage(profile, channel, address)
    package.start()

    async def close() -> None:
        await package.stop()
        await channel.close()

    segmenter = BreakingSegmenter(RemoteSegmenter(profile, channel, package, tracing))
    return Loaded(segmenter, address, close, catalog), package


async def _serves(address: str, profile: SegmenterProfile) -> bool:
    async with grpc.aio.insecure_channel(address, options=_CHANNEL) as channel:
        stub: Any = SegmenterServiceStub(channel)  # type: ignore[no-untyped-call]
        try:
            served = await stub.DescribePackage(pb.DescribePackageRequest(), timeout=1.0)
        except grpc.aio.AioRpcError:
            return False
        return not differences_from(profile, served)


def _fingerprint(catalog: Catalog, view: str) -> str | None:
    found = catalog.views.get(view)
    return found.fingerprint if found is not None else None


async def _nothing() -> None:
    return
